//! Decisions per CPU second of the core by workload, without reading objects:
//! `cargo run --release -p kfast-scheduler --example decisions -- [NAME] [NODES] [PODS_BEFORE]`.

use kfast_core::Object;
use kfast_scheduler::{Config, Outcome, Scheduler};
use serde_json::{Value, json};

/// What is measured.
struct Workload {
    name: &'static str,
    zones: usize,
    before: usize,
    measured: usize,
    service: bool,
    pod: fn(usize) -> Value,
}

fn main() {
    let mut args = std::env::args().skip(1);
    let wanted = args.next().unwrap_or_default();
    let nodes = args
        .next()
        .map_or(5_000, |n| n.parse().expect("number of nodes"));
    let before = args.next().map(|n| n.parse().expect("number of pods"));
    for workload in workloads().iter().filter(|w| w.name.contains(&wanted)) {
        run(workload, nodes, before);
    }
}

fn run(workload: &Workload, nodes: usize, before: Option<usize>) {
    let scale = nodes.div_ceil(5_000);
    let mut scheduler = Scheduler::new(&Config::default(), 1).expect("the default profile");
    for (name, team) in [("sched-0", "devops"), ("sched-1", "devops")] {
        scheduler.set_namespace(&object(
            &json!({"metadata": {"name": name, "labels": {"team": team}}}),
        ));
    }
    if workload.service {
        let service = json!({"metadata": {"name": "s", "namespace": "sched-0"}, "spec": {"selector": {"app": "web"}}});
        scheduler.set_service(&object(&service)).expect("a Service");
    }
    for at in 0..nodes {
        scheduler
            .set_node(&node(at, workload.zones), 0)
            .expect("a node");
    }
    let before = before.unwrap_or(workload.before * scale);
    feed(&mut scheduler, workload, 0, before);
    settle(&mut scheduler, before);
    feed(&mut scheduler, workload, before, workload.measured);
    let start = cpu_seconds();
    let placed = settle(&mut scheduler, workload.measured);
    let seconds = cpu_seconds() - start;
    let rate = workload.measured as f64 / seconds;
    println!(
        "{:32} {nodes:6} nodes {before:6} before {placed:6} placed {rate:10.0} decisions/s",
        workload.name
    );
}

fn feed(scheduler: &mut Scheduler, workload: &Workload, from: usize, count: usize) {
    for at in from..from + count {
        let mut pod = (workload.pod)(at);
        pod["metadata"]["name"] = json!(format!("p{at}"));
        pod["metadata"]["uid"] = json!(format!("uid-{at}"));
        pod["metadata"]["namespace"] = json!("sched-0");
        scheduler.set_pod(&object(&pod), 0).expect("a pod");
    }
}

fn settle(scheduler: &mut Scheduler, count: usize) -> usize {
    let mut placed = 0;
    let mut left = count;
    while left > 0 {
        let decisions = scheduler.step(0, left.min(256));
        if decisions.is_empty() {
            break;
        }
        left -= decisions.len().min(left);
        placed += decisions
            .iter()
            .filter(|d| matches!(d.outcome, Outcome::Assumed(_)))
            .count();
    }
    placed
}

fn object(value: &Value) -> Object {
    Object::parse(value.to_string().into_bytes()).expect("an object")
}

fn node(at: usize, zones: usize) -> Object {
    let name = format!("node-{at}");
    let mut labels = json!({"kubernetes.io/hostname": name});
    if zones > 0 {
        labels["topology.kubernetes.io/zone"] = json!(format!("zone{}", at % zones + 1));
    }
    object(&json!({
        "metadata": {"name": name, "labels": labels},
        "status": {"allocatable": {"cpu": "4", "memory": "32Gi", "pods": "110"}},
    }))
}

fn pod(labels: Value, spec: Value) -> Value {
    let requests = json!({"cpu": "100m", "memory": "500Mi"});
    let mut spec = spec;
    spec["containers"] =
        json!([{"name": "pause", "image": "pause:1", "resources": {"requests": requests}}]);
    json!({"metadata": {"labels": labels}, "spec": spec})
}

fn term(color: &str, key: &str) -> Value {
    json!({"labelSelector": {"matchLabels": {"color": color}}, "topologyKey": key, "namespaces": ["sched-0", "sched-1"]})
}

fn selected(color: &str, key: &str) -> Value {
    json!({
        "labelSelector": {"matchLabels": {"color": color}}, "topologyKey": key,
        "namespaceSelector": {"matchLabels": {"team": "devops"}},
    })
}

fn required(kind: &str, term: Value) -> Value {
    json!({"affinity": {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}})
}

fn preferred(kind: &str, term: Value) -> Value {
    let weighted = json!([{"weight": 1, "podAffinityTerm": term}]);
    json!({"affinity": {kind: {"preferredDuringSchedulingIgnoredDuringExecution": weighted}}})
}

fn spread(when: &str) -> Value {
    json!({"topologySpreadConstraints": [{
        "maxSkew": 5, "topologyKey": ZONE, "whenUnsatisfiable": when,
        "labelSelector": {"matchLabels": {"color": "blue"}},
    }]})
}

const ZONE: &str = "topology.kubernetes.io/zone";
const HOST: &str = "kubernetes.io/hostname";

fn workloads() -> Vec<Workload> {
    type Make = fn(usize) -> Value;
    let node_affinity: Make = |_| {
        let zones = json!({"key": ZONE, "operator": "In", "values": ["zone1", "zone2"]});
        let terms = json!({"nodeSelectorTerms": [{"matchExpressions": [zones]}]});
        pod(
            json!({}),
            json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}}),
        )
    };
    let daemon: Make = |_| {
        let name = json!({"key": "metadata.name", "operator": "In", "values": ["node-7"]});
        let terms = json!({"nodeSelectorTerms": [{"matchFields": [name]}]});
        json!({"metadata": {}, "spec": {
            "containers": [{"name": "c"}],
            "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}},
        }})
    };
    let mixed: Make = |at| match at % 5 {
        0 => pod(json!({}), json!({})),
        1 => pod(
            json!({"color": "blue"}),
            required("podAffinity", term("blue", ZONE)),
        ),
        2 => pod(
            json!({"color": "green"}),
            required("podAntiAffinity", term("green", HOST)),
        ),
        3 => pod(
            json!({"color": "red"}),
            preferred("podAffinity", term("red", HOST)),
        ),
        _ => pod(
            json!({"color": "yellow"}),
            preferred("podAntiAffinity", term("yellow", HOST)),
        ),
    };
    let classes: Make = |at| {
        let mut pod = pod(json!({}), json!({}));
        let requests = json!({"cpu": format!("{}m", 1 + at % 1000), "memory": "500Mi"});
        pod["spec"]["containers"][0]["resources"]["requests"] = requests;
        pod
    };
    let own: Make = |at| {
        let mut pod = pod(json!({}), json!({}));
        let requests =
            json!({"cpu": format!("{}m", 1 + at % 200), "memory": format!("{}", 1_000_000 + at)});
        pod["spec"]["containers"][0]["resources"]["requests"] = requests;
        pod
    };
    let list: [(&'static str, usize, usize, usize, bool, Make); 17] = [
        ("Basic", 0, 1_000, 10_000, false, |_| {
            pod(json!({}), json!({}))
        }),
        ("NodeAffinity", 1, 5_000, 10_000, false, node_affinity),
        ("Daemonset", 0, 0, 100, false, daemon),
        ("PodAffinity", 1, 5_000, 5_000, false, |_| {
            pod(
                json!({"color": "blue"}),
                required("podAffinity", term("blue", ZONE)),
            )
        }),
        ("PodAntiAffinity", 0, 1_000, 2_000, false, |_| {
            pod(
                json!({"color": "green"}),
                required("podAntiAffinity", term("green", HOST)),
            )
        }),
        ("PreferredPodAffinity", 0, 5_000, 5_000, false, |_| {
            pod(
                json!({"color": "red"}),
                preferred("podAffinity", term("red", HOST)),
            )
        }),
        ("PreferredPodAntiAffinity", 0, 5_000, 5_000, false, |_| {
            pod(
                json!({"color": "yellow"}),
                preferred("podAntiAffinity", term("yellow", HOST)),
            )
        }),
        ("AntiAffinityNSSelector", 0, 2_000, 2_000, false, |_| {
            pod(
                json!({"color": "green"}),
                required("podAntiAffinity", selected("green", HOST)),
            )
        }),
        ("AffinityNSSelector", 1, 5_000, 5_000, false, |_| {
            pod(
                json!({"color": "blue"}),
                required("podAffinity", selected("blue", ZONE)),
            )
        }),
        (
            "PreferredAffinityNSSelector",
            0,
            5_000,
            5_000,
            false,
            |_| {
                pod(
                    json!({"color": "red"}),
                    preferred("podAffinity", selected("red", HOST)),
                )
            },
        ),
        ("TopologySpreading", 3, 5_000, 5_000, false, |_| {
            pod(json!({"color": "blue"}), spread("DoNotSchedule"))
        }),
        ("PreferredTopologySpreading", 3, 5_000, 5_000, false, |_| {
            pod(json!({"color": "blue"}), spread("ScheduleAnyway"))
        }),
        ("DefaultTopologySpreading", 3, 5_000, 10_000, true, |_| {
            pod(json!({"app": "web"}), json!({}))
        }),
        ("Mixed", 1, 10_000, 5_000, false, mixed),
        ("ThousandClasses", 0, 1_000, 10_000, false, classes),
        ("OwnClass", 0, 1_000, 5_000, false, own),
        ("OwnClassSpread", 3, 1_000, 5_000, true, |at| {
            let mut pod = pod(json!({"app": "web"}), json!({}));
            let requests = json!({"cpu": format!("{}m", 1 + at % 200), "memory": format!("{}", 1_000_000 + at)});
            pod["spec"]["containers"][0]["resources"]["requests"] = requests;
            pod
        }),
    ];
    let workload = |(name, zones, before, measured, service, pod)| Workload {
        name,
        zones,
        before,
        measured,
        service,
        pod,
    };
    list.into_iter().map(workload).collect()
}

/// Time this process ran on a CPU: what else the machine does matters little.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").expect("Linux");
    let first = text.split(' ').next().and_then(|n| n.parse().ok());
    let nanoseconds: f64 = first.expect("a number");
    nanoseconds / 1e9
}
