//! A pod's resource requests: containers, init containers and sidecars, pod level, overhead, resizes.

use super::raw_pod::{RawContainer, RawSpec, RawStatus, ResourceMap};
use super::{CPU, MEMORY, ResourceNames, Resources};

/// What a container without a cpu request counts in scoring: 100m.
const DEFAULT_CPU: i64 = 100;
/// What a container without a memory request counts in scoring: 200Mi.
const DEFAULT_MEMORY: i64 = 200 << 20;

/// The three sums placement works with.
pub struct Requests {
    /// What filters compare and nodes account.
    pub real: Resources,
    /// With defaults for cpu and memory, as the Fit scorer sees the pod to be placed: without pod-level requests.
    pub incoming: Resources,
    /// (cpu, memory) with defaults, as a node accounts the pod.
    pub accounted: (i64, i64),
}

impl Requests {
    pub fn of(spec: &RawSpec, status: &RawStatus, names: &mut ResourceNames) -> Self {
        let real = total(spec, status, names, None, true);
        let defaults = (Some(DEFAULT_CPU), Some(DEFAULT_MEMORY));
        let incoming = total(spec, &RawStatus::default(), names, Some(defaults), false);
        let pod_level = spec
            .resources
            .as_ref()
            .is_some_and(|r| r.requests.keys().any(|name| is_pod_level(name)));
        let missing = if pod_level {
            (
                (!real.has(CPU)).then_some(DEFAULT_CPU),
                (!real.has(MEMORY)).then_some(DEFAULT_MEMORY),
            )
        } else {
            defaults
        };
        let accounted = total(spec, status, names, Some(missing), true);
        Self {
            real: real.positive(),
            incoming: incoming.positive(),
            accounted: (accounted.get(CPU).max(0), accounted.get(MEMORY).max(0)),
        }
    }
}

type Defaults = (Option<i64>, Option<i64>);

/// max(containers + sidecars, init peak), then the pod level, then the overhead.
fn total(
    spec: &RawSpec,
    status: &RawStatus,
    names: &mut ResourceNames,
    defaults: Option<Defaults>,
    pod_level: bool,
) -> Resources {
    let mut main = Resources::default();
    for container in &spec.containers {
        main.add(&container_requests(container, status, names, defaults));
    }
    let (mut sidecars, mut peak) = (Resources::default(), Resources::default());
    for container in &spec.init_containers {
        let sidecar = container.restart_policy == "Always";
        let status = if sidecar {
            status
        } else {
            &RawStatus::default()
        };
        let own = container_requests(container, status, names, defaults);
        if sidecar {
            main.add(&own);
            sidecars.add(&own);
            peak.raise(&sidecars);
        } else {
            let mut candidate = own;
            candidate.add(&sidecars);
            peak.raise(&candidate);
        }
    }
    main.raise(&peak);
    if pod_level && let Some(resources) = &spec.resources {
        set_pod_level(&mut main, &resources.requests, status, names);
    }
    main.add(&resources(&spec.overhead, names));
    main
}

/// Resources that may be requested for the pod as a whole.
fn is_pod_level(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || name.starts_with("hugepages-")
}

fn set_pod_level(
    main: &mut Resources,
    requests: &ResourceMap,
    status: &RawStatus,
    names: &mut ResourceNames,
) {
    let mut wanted = resources(requests, names);
    let named: Vec<_> = requests
        .keys()
        .filter(|n| is_pod_level(n))
        .filter_map(|n| names.id(n))
        .collect();
    if let Some(running) = &status.resources {
        wanted = held(
            &wanted,
            &running.requests,
            &status.allocated_resources,
            status,
            names,
        );
    }
    for id in named {
        main.set(id, wanted.get(id));
    }
}

/// What is held while a resize is under way: the most of what is wanted, actuated and allocated; without
/// what is wanted if the kubelet refused it.
fn held(
    wanted: &Resources,
    actuated: &ResourceMap,
    allocated: &ResourceMap,
    status: &RawStatus,
    names: &mut ResourceNames,
) -> Resources {
    let mut held = resources(allocated, names);
    held.raise(&resources(actuated, names));
    if !status.resize_infeasible() {
        held.raise(wanted);
    }
    held
}

fn container_requests(
    container: &RawContainer,
    status: &RawStatus,
    names: &mut ResourceNames,
    defaults: Option<Defaults>,
) -> Resources {
    let mut own = resources(&container.resources.requests, names);
    let running = status
        .container_statuses
        .iter()
        .chain(&status.init_container_statuses)
        .find(|s| s.name == container.name);
    if let Some(running) = running
        && let Some(actuated) = &running.resources
    {
        let allocated = &running.allocated_resources;
        own = held(&own, &actuated.requests, allocated, status, names);
    }
    if let Some((cpu, memory)) = defaults {
        for (id, default) in [(CPU, cpu), (MEMORY, memory)] {
            if let Some(amount) = default.filter(|_| !own.has(id)) {
                own.set(id, amount);
            }
        }
    }
    own
}

fn resources(map: &ResourceMap, names: &mut ResourceNames) -> Resources {
    let mut out = Resources::default();
    for (name, quantity) in map {
        if let Some(id) = names.id(name) {
            out.set(
                id,
                if id == CPU {
                    quantity.milli()
                } else {
                    quantity.value()
                },
            );
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn requests(spec: &Value, status: &Value) -> (i64, i64, i64) {
        let mut names = ResourceNames::default();
        let spec = serde_json::from_value(spec.clone()).unwrap();
        let status = serde_json::from_value(status.clone()).unwrap();
        let sums = Requests::of(&spec, &status, &mut names);
        (sums.real.get(CPU), sums.incoming.get(CPU), sums.accounted.0)
    }

    fn container(name: &str, cpu: &str) -> Value {
        json!({"name": name, "resources": {"requests": {"cpu": cpu}}})
    }

    #[test]
    fn sums_follow_upstream() {
        let none = json!({});
        let pod_level = json!({"requests": {"cpu": "3"}});
        let resized =
            json!({"resources": {"requests": {"cpu": "4"}}, "allocatedResources": {"cpu": "2"}});
        let status = |name: &str, list: &str| json!({list: [{"name": name, "resources": {"requests": {"cpu": "5"}}, "allocatedResources": {"cpu": "6"}}]});
        let mut sidecar = container("s", "1");
        sidecar["restartPolicy"] = json!("Always");
        let infeasible = json!([{"type": "PodResizePending", "reason": "Infeasible"}]);
        let mut refused = status("a", "containerStatuses");
        refused["conditions"] = infeasible.clone();
        let mut refused_pod = resized.clone();
        refused_pod["conditions"] = infeasible;
        for (case, spec, status, expected) in [
            (
                "none",
                json!({"containers": [{"name": "a"}]}),
                none.clone(),
                (0, 100, 100),
            ),
            (
                "overhead",
                json!({"containers": [container("a", "1")], "overhead": {"cpu": "250m"}}),
                none.clone(),
                (1250, 1250, 1250),
            ),
            (
                "init",
                json!({"containers": [container("a", "1")], "initContainers": [sidecar, container("i", "3")]}),
                none.clone(),
                (4000, 4000, 4000),
            ),
            (
                "pod",
                json!({"containers": [container("a", "1")], "resources": pod_level}),
                none.clone(),
                (3000, 1000, 3000),
            ),
            (
                "limits",
                json!({"containers": [{"name": "a"}], "resources": {"limits": {"cpu": "3"}}}),
                none.clone(),
                (0, 100, 100),
            ),
            (
                "pod resized",
                json!({"containers": [container("a", "1")], "resources": pod_level}),
                resized,
                (4000, 1000, 4000),
            ),
            (
                "pod refused",
                json!({"containers": [container("a", "1")], "resources": {"requests": {"cpu": "9"}}}),
                refused_pod,
                (4000, 1000, 4000),
            ),
            (
                "resized",
                json!({"containers": [container("a", "1")]}),
                status("a", "containerStatuses"),
                (6000, 1000, 6000),
            ),
            (
                "refused",
                json!({"containers": [container("a", "9")]}),
                refused,
                (6000, 9000, 6000),
            ),
            (
                "init done",
                json!({"containers": [container("a", "1")], "initContainers": [container("i", "2")]}),
                status("i", "initContainerStatuses"),
                (2000, 2000, 2000),
            ),
        ] {
            let (real, incoming, accounted) = requests(&spec, &status);
            assert_eq!((real, incoming, accounted), expected, "{case}");
        }
    }
}
