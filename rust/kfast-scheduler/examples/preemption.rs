//! Preemptions per CPU second of the core: nodes full of pods of low priority, as many pods of high priority.
//! `cargo run --release -p kfast-scheduler --example preemption -- [NODES] [BYSTANDERS]`.

use kfast_core::Object;
use kfast_scheduler::{Config, Outcome, Scheduler};
use serde_json::{Value, json};

/// Decisions at a time, before their victims leave.
const BATCH: usize = 64;

fn main() {
    let mut args = std::env::args()
        .skip(1)
        .map(|n| n.parse().expect("a number"));
    let nodes: usize = args.next().unwrap_or(5_000);
    let bystanders: usize = args.next().unwrap_or(0);
    let mut core = Scheduler::new(&Config::default(), 1).expect("the default profile");
    for at in 0..nodes {
        core.set_node(&node(at), 0).expect("a node");
    }
    for at in 0..4 * nodes {
        let low = pod(&format!("low-{at}"), "900m", 0, Some(at / 4));
        core.set_pod(&low, 0).expect("a pod");
    }
    for at in 0..bystanders {
        let big = pod(&format!("big-{at}"), "9", 0, None);
        core.set_pod(&big, 0).expect("a pod");
    }
    while !core.step(0, BATCH).is_empty() {}
    for at in 0..nodes {
        let high = pod(&format!("high-{at}"), "3", 10, None);
        core.set_pod(&high, 0).expect("a pod");
    }
    let start = cpu_seconds();
    let (mut attempts, mut preemptions, mut victims, mut placed) = (0, 0, 0, 0);
    while placed < nodes {
        let decisions = core.step(0, BATCH);
        if decisions.is_empty() {
            break;
        }
        attempts += decisions.len();
        for decision in decisions {
            match decision.outcome {
                Outcome::Assumed(_) => placed += 1,
                Outcome::Unschedulable {
                    preemption: Some(preemption),
                    ..
                } => {
                    preemptions += 1;
                    victims += preemption.victims.len();
                    for victim in &preemption.victims {
                        core.remove_pod(&victim.uid, 0);
                    }
                }
                Outcome::Unschedulable { .. } | Outcome::Failed { .. } => {}
            }
        }
    }
    let seconds = cpu_seconds() - start;
    println!(
        "{nodes} nodes, {bystanders} bystanders: {attempts} attempts, {preemptions} preemptions of {victims} pods, \
         {placed} placed: {:.0} preemptions/s",
        preemptions as f64 / seconds
    );
}

fn object(value: &Value) -> Object {
    Object::parse(value.to_string().into_bytes()).expect("an object")
}

fn node(at: usize) -> Object {
    object(&json!({
        "metadata": {"name": format!("node-{at}")},
        "status": {"allocatable": {"cpu": "4", "memory": "32Gi", "pods": "110"}},
    }))
}

fn pod(name: &str, cpu: &str, priority: i32, node: Option<usize>) -> Object {
    let requests = json!({"cpu": cpu, "memory": "500Mi"});
    let containers =
        json!([{"name": "pause", "image": "pause:1", "resources": {"requests": requests}}]);
    let node = node.map(|at| format!("node-{at}"));
    object(&json!({
        "metadata": {"name": name, "uid": name, "namespace": "d"},
        "spec": {"priority": priority, "containers": containers, "nodeName": node},
    }))
}

/// Time this process ran on a CPU: what else the machine does matters little.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").expect("Linux");
    let first = text.split(' ').next().and_then(|n| n.parse().ok());
    let nanoseconds: f64 = first.expect("a number");
    nanoseconds / 1e9
}
