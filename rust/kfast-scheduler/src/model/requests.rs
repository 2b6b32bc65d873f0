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
    /// (cpu, memory) with defaults, as the Fit scorer sees the pod to be placed: without pod-level requests.
    pub incoming: (i64, i64),
    /// (cpu, memory) with defaults, as a node accounts the pod.
    pub accounted: (i64, i64),
}

impl Requests {
    pub fn of(spec: &RawSpec, status: &RawStatus, names: &mut ResourceNames) -> Self {
        let real = total(spec, status, names, None, true);
        let defaults = (Some(DEFAULT_CPU), Some(DEFAULT_MEMORY));
        let incoming = total(spec, status, names, Some(defaults), false);
        let pod_level = spec
            .resources
            .as_ref()
            .is_some_and(|r| !r.requests.is_empty() || !r.limits.is_empty());
        let accounted = if pod_level {
            let missing = (
                (!real.has(CPU)).then_some(DEFAULT_CPU),
                (!real.has(MEMORY)).then_some(DEFAULT_MEMORY),
            );
            total(spec, status, names, Some(missing), true)
        } else {
            incoming.clone()
        };
        Self {
            real: real.positive(),
            incoming: (incoming.get(CPU).max(0), incoming.get(MEMORY).max(0)),
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
        let own = container_requests(container, status, names, defaults);
        if container.restart_policy == "Always" {
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
    if let Some(resources) = spec.resources.as_ref().filter(|_| pod_level) {
        for (name, quantity) in &resources.requests {
            let supported =
                matches!(name.as_str(), "cpu" | "memory") || name.starts_with("hugepages-");
            if let Some(id) = names.id(name).filter(|_| supported) {
                main.set(
                    id,
                    if id == CPU {
                        quantity.milli()
                    } else {
                        quantity.value()
                    },
                );
            }
        }
    }
    main.add(&resources(&spec.overhead, names));
    main
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
        .find(|s| s.name == container.name)
        .filter(|s| s.resources.is_some());
    if let Some(running) = running {
        let mut held = resources(&running.allocated_resources, names);
        if let Some(actuated) = &running.resources {
            held.raise(&resources(&actuated.requests, names));
        }
        if !status.resize_infeasible() {
            held.raise(&own);
        }
        own = held;
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
