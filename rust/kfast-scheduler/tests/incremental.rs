//! The incrementally kept state of a class against an evaluation from scratch, over random changes.

use kfast_core::Object;
use kfast_scheduler::cache::{Cache, Occupant};
use kfast_scheduler::cycle::{Candidates, ClassState, Evaluation, Prepared};
use kfast_scheduler::framework::{Profile, default_profile};
use kfast_scheduler::model::{NodeSpec, PodClass, PodInput};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Clone, Debug)]
enum Change {
    SetNode { name: u8, cpu: u8, flavour: u8 },
    RemoveNode(u8),
    Place { pod: u8, node: u8, class: usize },
    Unplace(u8),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => (0..12_u8, 1..6_u8, any::<u8>())
            .prop_map(|(name, cpu, flavour)| Change::SetNode { name, cpu, flavour }),
        1 => (0..12_u8).prop_map(Change::RemoveNode),
        6 => (0..40_u8, 0..14_u8, 0..5_usize)
            .prop_map(|(pod, node, class)| Change::Place { pod, node, class }),
        2 => (0..40_u8).prop_map(Change::Unplace),
    ]
}

fn object(value: &Value) -> Object {
    Object::parse(value.to_string().into_bytes()).unwrap()
}

fn node(name: u8, cpu: u8, flavour: u8) -> Object {
    let effect = ["NoSchedule", "PreferNoSchedule", "NoExecute"][usize::from(flavour % 3)];
    let taints = if flavour & 4 == 0 {
        json!([])
    } else {
        json!([{"key": "k", "effect": effect}])
    };
    let images = if flavour & 8 == 0 {
        json!([])
    } else {
        json!([{"names": ["big:v1"], "sizeBytes": 700_000_000_i64 + i64::from(flavour) * 1_000_000}])
    };
    object(&json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": format!("n{name}"), "labels": {"disk": if flavour & 16 == 0 { "ssd" } else { "hdd" }}},
        "spec": {"taints": taints, "unschedulable": flavour & 224 == 224},
        "status": {
            "allocatable": {"cpu": cpu.to_string(), "memory": "4Gi", "pods": "4", "example.com/gpu": "1"},
            "images": images,
        },
    }))
}

fn specs() -> Vec<Value> {
    let container = |requests: Value| json!([{"name": "c", "image": "big:v1", "resources": {"requests": requests}}]);
    let preferred = json!({"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
        {"weight": 7, "preference": {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}}]}});
    vec![
        json!({"containers": container(json!({"cpu": "700m", "memory": "1Gi"}))}),
        json!({"containers": container(json!({})), "affinity": preferred}),
        json!({"containers": container(json!({"cpu": "1", "example.com/gpu": "1"})), "nodeSelector": {"disk": "hdd"}}),
        json!({"containers": [{"name": "c", "ports": [{"hostPort": 80}]}]}),
        json!({"containers": container(json!({"memory": "3Gi"})), "tolerations": [{"operator": "Exists"}]}),
    ]
}

fn class(cache: &mut Cache, spec: &Value) -> PodClass {
    let pod = object(&json!({"metadata": {"name": "p", "namespace": "d"}, "spec": spec}));
    PodInput::read(&pod, &mut cache.resources).unwrap().class
}

fn occupant(name: &Arc<str>) -> Occupant {
    Occupant {
        namespace: "d".into(),
        name: Arc::clone(name),
        started: None,
        deleting: false,
        preempted: false,
    }
}

fn apply(cache: &mut Cache, change: &Change, specs: &[Value]) {
    match change {
        Change::SetNode { name, cpu, flavour } => {
            let spec = NodeSpec::read(&node(*name, *cpu, *flavour), &mut cache.resources).unwrap();
            cache.set_node(spec);
        }
        Change::RemoveNode(name) => cache.remove_node(&format!("n{name}")),
        Change::Place {
            pod,
            node,
            class: at,
        } => {
            let class = class(cache, &specs[*at]);
            let id = cache.classes.intern(class);
            let (uid, node) = (format!("p{pod}").into(), format!("n{node}").into());
            cache.place(&uid, id, &node, occupant(&uid));
        }
        Change::Unplace(pod) => drop(cache.unplace(&format!("p{pod}"))),
    }
}

/// Best rows, and how many rows each rejection concerns, by its debug text.
type Verdict = (Vec<u32>, BTreeMap<String, usize>);

fn from_scratch(profile: &Profile, cache: &mut Cache, class: &PodClass) -> Verdict {
    let prepared = Prepared::new(profile, cache, class);
    assert!(matches!(prepared.candidates(cache), Candidates::All));
    let rows = cache.nodes().map(|(row, _)| row);
    let run = Evaluation::run(profile, cache, class, &prepared, rows);
    let mut counts = BTreeMap::new();
    for (_, rejection) in &run.rejected {
        *counts.entry(format!("{rejection:?}")).or_default() += 1;
    }
    (run.best(), counts)
}

fn kept(state: &ClassState) -> Verdict {
    let mut best = state.best().to_vec();
    best.sort_unstable();
    let counts = state
        .rejections()
        .iter()
        .map(|(r, n)| (format!("{r:?}"), *n))
        .collect();
    (best, counts)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn kept_state_equals_an_evaluation_from_scratch(changes in prop::collection::vec(change(), 1..80), stride in 1..9_usize) {
        let (profile, mut cache, specs) = (default_profile(), Cache::default(), specs());
        let mut states: Vec<(PodClass, Option<(Prepared, ClassState)>)> =
            specs.iter().map(|s| (class(&mut cache, s), None)).collect();
        for (number, change) in changes.iter().enumerate() {
            apply(&mut cache, change, &specs);
            if number % stride != 0 {
                continue;
            }
            for (class, state) in &mut states {
                let current = state.as_ref().is_some_and(|(p, _): &(Prepared, ClassState)| p.is_current(&profile, &cache, class));
                match state {
                    Some((prepared, state)) if current => state.refresh(&profile, &cache, class, prepared),
                    _ => {
                        let prepared = Prepared::new(&profile, &mut cache, class);
                        let fresh = ClassState::new(&profile, &cache, class, &prepared);
                        *state = Some((prepared, fresh));
                    }
                }
                let state = state.as_ref().map(|(_, state)| state);
                prop_assert_eq!(kept(state.unwrap()), from_scratch(&profile, &mut cache, class));
            }
        }
    }

    /// What nodes account is the sum over the pods on them, whatever came and went before.
    #[test]
    fn accounts_equal_the_sum_over_the_pods(changes in prop::collection::vec(change(), 1..120)) {
        let (mut cache, specs) = (Cache::default(), specs());
        let mut pods: BTreeMap<u8, (u8, usize)> = BTreeMap::new();
        for change in &changes {
            apply(&mut cache, change, &specs);
            match change {
                Change::Place { pod, node, class } => drop(pods.insert(*pod, (*node, *class))),
                Change::Unplace(pod) => drop(pods.remove(pod)),
                _ => {}
            }
        }
        let mut fresh = Cache::default();
        for (_, view) in cache.nodes() {
            fresh.set_node(view.spec().clone());
        }
        for (pod, (node, class)) in &pods {
            apply(&mut fresh, &Change::Place { pod: *pod, node: *node, class: *class }, &specs);
        }
        for (_, view) in cache.nodes() {
            let other = fresh.node(fresh.index(&view.spec().name).unwrap()).unwrap();
            prop_assert_eq!(view.pods(), other.pods());
            prop_assert_eq!(view.nonzero_requested(), other.nonzero_requested());
            prop_assert_eq!(view.host_ports().len(), other.host_ports().len());
            for id in 0..4 {
                prop_assert_eq!(view.requested(id), other.requested(id));
            }
        }
    }
}
