//! What the containers of a pod ask for together, and what follows for the pod's own resources
//! (component-helpers `resource`, core/v1 `defaultPodRequests`, `defaultHugePagePodLimits`).

use kfast_core::quantity::Quantity;
use kfast_schema::names as n;
use kfast_schema::{NameId, Value};
use std::collections::BTreeMap;

pub(crate) const HUGE_PAGES: &str = "hugepages-";

/// Amounts by resource.
pub(crate) type Totals = BTreeMap<String, Quantity>;

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

/// Requests or limits as a container, or the spec of a pod, states them.
pub(crate) fn list(container: &Value<'_>, which: NameId) -> Totals {
    read(container.look(&[n::RESOURCES, which]))
}

fn read(amounts: Option<&Value<'_>>) -> Totals {
    let one = |(name, text): (&str, &str)| Some((name.to_owned(), Quantity::parse(text).ok()?));
    amounts
        .unwrap_or(&Value::Null)
        .texts()
        .filter_map(one)
        .collect()
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
    together(spec, |container, _| list(container, which))
}

/// The same of the amounts that `of` gives for a container that keeps running, or an init container (false).
fn together<'v>(spec: &'v Value<'_>, of: impl Fn(&'v Value<'_>, bool) -> Totals) -> Totals {
    let mut totals = Totals::new();
    for container in spec.list(n::CONTAINERS) {
        add(&mut totals, &of(container, true));
    }
    let (mut sidecars, mut peak) = (Totals::new(), Totals::new());
    for container in spec.list(n::INIT_CONTAINERS) {
        let stays = container.text(n::RESTART_POLICY) == "Always";
        let own = of(container, stays);
        if stays {
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

/// Whether a pod as a whole asks for something.
pub(crate) fn is_set_for_pod(spec: &Value<'_>) -> bool {
    let stated = [n::REQUESTS, n::LIMITS].into_iter();
    stated
        .flat_map(|which| list(spec, which))
        .any(|(name, _)| is_pod_level(&name))
}

/// What a pod takes while it runs, a resize under way included (component-helpers `PodRequests`, `PodLimits`).
pub(crate) fn of_pod(pod: &Value<'_>, which: NameId) -> Totals {
    let nothing = &Value::Null;
    let (spec, status) = (
        pod.get(n::SPEC).unwrap_or(nothing),
        pod.get(n::STATUS).unwrap_or(nothing),
    );
    let conditions = status.list(n::CONDITIONS).iter();
    let mut pending = conditions.filter(|condition| condition.text(n::TYPE) == "PodResizePending");
    let infeasible = pending
        .next()
        .is_some_and(|condition| condition.text(n::REASON) == "Infeasible");
    let mut totals = together(spec, |container, stays| {
        let stated = list(container, which);
        let name = container.text(n::NAME);
        let groups = [n::CONTAINER_STATUSES, n::INIT_CONTAINER_STATUSES].into_iter();
        let mut statuses = groups.flat_map(|group| status.list(group));
        let own = statuses.find(|status| status.text(n::NAME) == name);
        let Some(own) = own.filter(|own| stays && own.get(n::RESOURCES).is_some()) else {
            return stated;
        };
        let mut effective = list(own, which);
        if which == n::REQUESTS {
            raise(&mut effective, &read(own.get(n::ALLOCATED_RESOURCES)));
        }
        if !infeasible {
            raise(&mut effective, &stated);
        }
        effective
    });
    let own = list(spec, which).into_iter();
    totals.extend(own.filter(|(name, _)| is_pod_level(name)));
    let mut overhead = read(spec.get(n::OVERHEAD));
    if which == n::LIMITS {
        overhead.retain(|name, _| totals.get(name).is_some_and(|limit| !limit.is_zero()));
    }
    add(&mut totals, &overhead);
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
