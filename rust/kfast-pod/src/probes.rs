//! Probes and lifecycle hooks.

use crate::ports;
use crate::scope::Scope;
use kfast_core::names::http_header_name;
use kfast_schema::field::{Errors, Path};
use kfast_schema::names as n;
use kfast_schema::{NameId, Value};

const AMOUNTS: [NameId; 5] = [
    n::INITIAL_DELAY_SECONDS,
    n::TIMEOUT_SECONDS,
    n::PERIOD_SECONDS,
    n::SUCCESS_THRESHOLD,
    n::FAILURE_THRESHOLD,
];

/// The hooks and the three probes of a container.
pub(crate) fn validate(
    container: &Value<'_>,
    scope: &Scope<'_>,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    if let Some(lifecycle) = container.get(n::LIFECYCLE) {
        let at = path.child(n::LIFECYCLE);
        let handlers = [n::EXEC, n::HTTP_GET, n::TCP_SOCKET, n::SLEEP];
        for hook in [n::POST_START, n::PRE_STOP] {
            if let Some(handler) = lifecycle.get(hook) {
                self::handler(handler, &handlers, scope, &at.child(hook), errors);
            }
        }
    }
    for name in [n::LIVENESS_PROBE, n::READINESS_PROBE, n::STARTUP_PROBE] {
        let Some(probe) = container.get(name) else {
            continue;
        };
        let at = path.child(name);
        self::probe(probe, scope, &at, errors);
        let grace = probe.int(n::TERMINATION_GRACE_PERIOD_SECONDS);
        if name == n::READINESS_PROBE {
            if let Some(grace) = grace {
                let place = at.child(n::TERMINATION_GRACE_PERIOD_SECONDS);
                errors.invalid(&place, &grace, "must not be set for readinessProbes");
            }
        } else if let Some(successes) = probe.int(n::SUCCESS_THRESHOLD).filter(|s| *s != 1) {
            errors.invalid(&at.child(n::SUCCESS_THRESHOLD), &successes, "must be 1");
        }
    }
}

fn probe(probe: &Value<'_>, scope: &Scope<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let handlers = [n::EXEC, n::HTTP_GET, n::TCP_SOCKET, n::GRPC];
    handler(probe, &handlers, scope, path, errors);
    for name in AMOUNTS {
        errors.non_negative(&path.child(name), probe.int(name).unwrap_or(0));
    }
    if let Some(grace) = probe
        .int(n::TERMINATION_GRACE_PERIOD_SECONDS)
        .filter(|grace| *grace <= 0)
    {
        let place = path.child(n::TERMINATION_GRACE_PERIOD_SECONDS);
        errors.invalid(&place, &grace, "must be greater than 0");
    }
}

/// Exactly one of the handlers, and its rules.
fn handler(
    handler: &Value<'_>,
    kinds: &[NameId],
    scope: &Scope<'_>,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    let mut given = kinds
        .iter()
        .filter_map(|kind| Some((*kind, handler.get(*kind)?)));
    let Some((kind, action)) = given.next() else {
        return errors.required(path, "must specify a handler type");
    };
    let at = path.child(kind);
    if kind == n::EXEC {
        if action.list(n::COMMAND).is_empty() {
            errors.required(&at.child(n::COMMAND), "");
        }
    } else if kind == n::HTTP_GET {
        http_get(action, &at, errors);
    } else if kind == n::SLEEP {
        let seconds = action.int(n::SECONDS).unwrap_or(0);
        if let Some(grace) = scope
            .grace_period()
            .filter(|grace| !(0..=*grace).contains(&seconds))
        {
            let detail = format!(
                "must be non-negative and less than terminationGracePeriodSeconds ({grace})"
            );
            errors.invalid(&at, &seconds, &detail);
        }
    } else {
        ports::number_or_name(action.get(n::PORT), &at.child(n::PORT), errors);
    }
    for (kind, _) in given {
        errors.forbidden(
            &path.child(kind),
            "may not specify more than 1 handler type",
        );
    }
}

fn http_get(action: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    errors.require(&path.child(n::PATH), action.text(n::PATH));
    ports::number_or_name(action.get(n::PORT), &path.child(n::PORT), errors);
    errors.one_of(
        &path.child(n::SCHEME),
        action.text(n::SCHEME),
        &["HTTP", "HTTPS"],
    );
    for header in action.list(n::HTTP_HEADERS) {
        errors.check(
            &path.child(n::HTTP_HEADERS),
            header.text(n::NAME),
            http_header_name,
        );
    }
}
