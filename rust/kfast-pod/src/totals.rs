//! What the containers of a pod ask for together, and what follows for the pod's own resources
//! (component-helpers `resource`, core/v1 `defaultPodRequests`, `defaultHugePagePodLimits`).

use kfast_core::quantity::Quantity;
use kfast_schema::names as n;
use kfast_schema::{NameId, Value};
use std::collections::BTreeMap;

pub(crate) const HUGE_PAGES: &str = "hugepages-";

type Totals = BTreeMap<String, Quantity>;

/// Whether a pod as a whole may ask for the resource.
pub(crate) fn is_pod_level(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || name.starts_with(HUGE_PAGES)
}

/// Whether the resource is Kubernetes' own: unprefixed or of `kubernetes.io`.
pub(crate) fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

/// Whether requests may differ from limits.
pub(crate) fn is_overcommitted(name: &str) -> bool {
    is_native(name) && !name.starts_with(HUGE_PAGES)
}

fn list(container: &Value<'_>, which: NameId) -> Totals {
    let amounts = container
        .look(&[n::RESOURCES, which])
        .unwrap_or(&Value::Null);
    let read = |(name, text): (&str, &str)| Some((name.to_owned(), Quantity::parse(text).ok()?));
    amounts.texts().filter_map(read).collect()
}

fn add(totals: &mut Totals, more: &Totals) {
    for (name, amount) in more {
        let sum = totals
            .get(name)
            .map_or_else(|| Some(amount.clone()), |known| known.checked_add(amount));
        if let Some(sum) = sum {
            totals.insert(name.clone(), sum);
        }
    }
}

fn raise(totals: &mut Totals, more: &Totals) {
    for (name, amount) in more {
        if totals.get(name).is_none_or(|known| amount > known) {
            totals.insert(name.clone(), amount.clone());
        }
    }
}

/// Requests or limits of all containers: regular ones and sidecars together, but at least what an init container needs
/// beside the sidecars started before it.
pub(crate) fn of_containers(spec: &Value<'_>, which: NameId) -> Totals {
    let mut totals = Totals::new();
    for container in spec.list(n::CONTAINERS) {
        add(&mut totals, &list(container, which));
    }
    let (mut sidecars, mut peak) = (Totals::new(), Totals::new());
    for container in spec.list(n::INIT_CONTAINERS) {
        let own = list(container, which);
        if container.text(n::RESTART_POLICY) == "Always" {
            add(&mut totals, &own);
            add(&mut sidecars, &own);
            raise(&mut peak, &sidecars);
        } else {
            let mut needed = own;
            add(&mut needed, &sidecars);
            raise(&mut peak, &needed);
        }
    }
    raise(&mut totals, &peak);
    totals
}

/// Fills in limits and requests of the pod as a whole, where it states any.
pub(crate) fn default_pod_level(spec: &mut Value<'_>) {
    let Some(resources) = spec.get(n::RESOURCES) else {
        return;
    };
    let states = |which| !resources.map(which).is_empty();
    if states(n::LIMITS) || states(n::REQUESTS) {
        let limits = of_containers(spec, n::LIMITS).into_iter();
        let huge = limits.filter(|(name, _)| name.starts_with(HUGE_PAGES));
        let missing = huge.filter(|(name, _)| stated(spec, n::REQUESTS, name).is_none());
        let missing: Vec<_> = missing
            .map(|(name, amount)| (name, amount.to_string()))
            .collect();
        complete(spec, n::LIMITS, missing);
    }
    if spec
        .look(&[n::RESOURCES, n::LIMITS])
        .is_none_or(Value::is_empty)
    {
        return;
    }
    let asked = of_containers(spec, n::REQUESTS).into_iter();
    let supported = asked.filter(|(name, _)| is_pod_level(name) && is_overcommitted(name));
    let asked: Vec<_> = supported
        .map(|(name, amount)| (name, amount.to_string()))
        .collect();
    complete(spec, n::REQUESTS, asked);
    let limits = spec
        .look(&[n::RESOURCES, n::LIMITS])
        .unwrap_or(&Value::Null);
    let limits = limits.texts().filter(|(name, _)| is_pod_level(name));
    let limits: Vec<_> = limits
        .map(|(name, amount)| (name.to_owned(), amount.to_owned()))
        .collect();
    complete(spec, n::REQUESTS, limits);
}

fn stated<'v>(spec: &'v Value<'_>, which: NameId, name: &str) -> Option<&'v str> {
    spec.look(&[n::RESOURCES, which])?.at(name)?.as_text()
}

/// Adds the amounts whose names are not in the list.
fn complete(spec: &mut Value<'_>, which: NameId, amounts: Vec<(String, String)>) {
    for (name, amount) in amounts {
        if stated(spec, which, &name).is_none() {
            let resources = spec.object_at(n::RESOURCES);
            resources
                .object_at(which)
                .put(name.into(), Value::Text(amount.into()));
        }
    }
}
