//! The incrementally kept state of a class against an evaluation from scratch, over random changes.

use kfast_core::Object;
use kfast_scheduler::cache::{Cache, Occupant};
use kfast_scheduler::cycle::{Candidates, ClassState, Evaluation, OneShot, Prepared};
use kfast_scheduler::framework::{Profile, default_profile};
use kfast_scheduler::model::{NodeSpec, PodClass, PodInput};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Clone, Debug)]
enum Change {
    SetNode {
        name: u8,
        cpu: u8,
        flavour: u16,
    },
    RemoveNode(u8),
    Place {
        pod: u8,
        node: u8,
        class: usize,
        deleting: bool,
    },
    Unplace(u8),
    SetNamespace {
        name: &'static str,
        team: bool,
    },
    SetService(bool),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => (0..12_u8, 1..6_u8, any::<u16>())
            .prop_map(|(name, cpu, flavour)| Change::SetNode { name, cpu, flavour }),
        1 => (0..12_u8).prop_map(Change::RemoveNode),
        6 => (0..40_u8, 0..14_u8, 0..CLASSES, 0..5_u8)
            .prop_map(|(pod, node, class, d)| Change::Place { pod, node, class, deleting: d == 0 }),
        2 => (0..40_u8).prop_map(Change::Unplace),
        1 => (prop::sample::select(vec!["d", "e"]), any::<bool>())
            .prop_map(|(name, team)| Change::SetNamespace { name, team }),
        1 => any::<bool>().prop_map(Change::SetService),
    ]
}

fn object(value: &Value) -> Object {
    Object::parse(value.to_string().into_bytes()).unwrap()
}

/// Bits of `flavour`: taints, images, disk, cordoned, zone, hostname (at times missing or shared).
fn node(name: u8, cpu: u8, flavour: u16) -> Object {
    let effect = ["NoSchedule", "PreferNoSchedule", "NoExecute"][usize::from(flavour % 3)];
    let mut labels = json!({"disk": if flavour & 16 == 0 { "ssd" } else { "hdd" }});
    if flavour >> 8 & 3 != 0 {
        labels["zone"] = json!(format!("z{}", flavour >> 8 & 3));
    }
    match flavour >> 10 & 7 {
        0 => {}
        1 => labels[HOST] = json!("shared"),
        _ => labels[HOST] = json!(format!("n{name}")),
    }
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
        "metadata": {"name": format!("n{name}"), "labels": labels},
        "spec": {"taints": taints, "unschedulable": flavour & 224 == 224},
        "status": {
            "allocatable": {"cpu": cpu.to_string(), "memory": "4Gi", "pods": "4", "example.com/gpu": "1"},
            "images": images,
        },
    }))
}

const HOST: &str = "kubernetes.io/hostname";
const CLASSES: usize = 13;

/// Pods by namespace, app and spec.
fn pods() -> Vec<(&'static str, &'static str, Value)> {
    let mut pods: Vec<_> = plain().into_iter().map(|spec| ("d", "a", spec)).collect();
    pods.extend(spread());
    pods.extend(related());
    assert_eq!(pods.len(), CLASSES);
    pods
}

fn plain() -> Vec<Value> {
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

fn spread() -> Vec<(&'static str, &'static str, Value)> {
    let constraint = |key: &str, skew: u8, when: &str, more: Value| {
        let mut constraint = json!({"topologyKey": key, "maxSkew": skew, "whenUnsatisfiable": when,
            "labelSelector": {"matchLabels": {"app": "b"}}});
        for (name, value) in more.as_object().unwrap() {
            constraint[name] = value.clone();
        }
        constraint
    };
    let pod = |constraints: Value| json!({"containers": [{"name": "c"}], "topologySpreadConstraints": constraints});
    let (hard, soft) = ("DoNotSchedule", "ScheduleAnyway");
    let mut honours = pod(json!([constraint(
        "zone",
        1,
        hard,
        json!({"minDomains": 3, "nodeTaintsPolicy": "Honor"})
    )]));
    honours["nodeSelector"] = json!({"disk": "ssd"});
    vec![
        (
            "d",
            "b",
            pod(json!([
                constraint("zone", 1, hard, json!({})),
                constraint(HOST, 2, hard, json!({}))
            ])),
        ),
        ("d", "b", honours),
        (
            "d",
            "b",
            pod(json!([
                constraint("zone", 2, soft, json!({})),
                constraint(HOST, 1, soft, json!({}))
            ])),
        ),
        (
            "d",
            "c",
            pod(json!([
                constraint("disk", 1, soft, json!({})),
                constraint("rack", 1, soft, json!({}))
            ])),
        ),
    ]
}

fn related() -> Vec<(&'static str, &'static str, Value)> {
    let term = |app: &str, key: &str| json!({"topologyKey": key, "labelSelector": {"matchLabels": {"app": app}}});
    let mut everywhere = term("b", HOST);
    everywhere["namespaceSelector"] = json!({"matchLabels": {"team": "x"}});
    let required = |kind: &str, terms: Value| json!({kind: {"requiredDuringSchedulingIgnoredDuringExecution": terms}});
    let weighted = |weight: i32, term: Value| json!({"weight": weight, "podAffinityTerm": term});
    let preferred = |kind: &str, terms: Value| json!({kind: {"preferredDuringSchedulingIgnoredDuringExecution": terms}});
    let pod = |affinity: Value| json!({"containers": [{"name": "c"}], "affinity": affinity});
    vec![
        (
            "d",
            "b",
            pod(required(
                "podAntiAffinity",
                json!([term("b", HOST), term("c", "zone")]),
            )),
        ),
        (
            "d",
            "c",
            pod(required("podAffinity", json!([term("c", "zone")]))),
        ),
        (
            "e",
            "b",
            pod(required("podAntiAffinity", json!([everywhere]))),
        ),
        (
            "e",
            "c",
            pod(preferred(
                "podAffinity",
                json!([
                    weighted(3, everywhere.clone()),
                    weighted(5, term("c", "zone")),
                ]),
            )),
        ),
    ]
}

fn class(cache: &mut Cache, (namespace, app, spec): &(&str, &str, Value)) -> PodClass {
    let metadata = json!({"name": "p", "namespace": namespace, "labels": {"app": app}});
    let pod = object(&json!({"metadata": metadata, "spec": spec}));
    PodInput::read(&pod, &mut cache.resources).unwrap().class
}

fn occupant(name: &Arc<str>, deleting: bool) -> Occupant {
    Occupant {
        namespace: "d".into(),
        name: Arc::clone(name),
        started: None,
        deleting,
        preempted: false,
        rest: Default::default(),
        print: None,
    }
}

fn apply(cache: &mut Cache, change: &Change, pods: &[(&str, &str, Value)]) {
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
            deleting,
        } => {
            let class = class(cache, &pods[*at]);
            let id = cache.classes.intern(class);
            let (uid, node) = (format!("p{pod}").into(), format!("n{node}").into());
            cache.place(&uid, id, &node, occupant(&uid, *deleting));
        }
        Change::Unplace(pod) => drop(cache.unplace(&format!("p{pod}"))),
        Change::SetNamespace { name, team } => {
            let labels: Box<[_]> = team
                .then(|| ("team".into(), "x".into()))
                .into_iter()
                .collect();
            cache.set_namespace(name, Some(labels));
        }
        Change::SetService(there) => {
            let service = json!({"metadata": {"name": "s", "namespace": "d"}, "spec": {"selector": {"app": "a"}}});
            let (owners, keys) = cache.owners_mut();
            if *there {
                owners.set_service(&object(&service), keys).unwrap();
            } else {
                owners.remove_service("d", "s");
            }
        }
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
        let (profile, mut cache, pods) = (default_profile(), Cache::default(), pods());
        let mut states: Vec<(PodClass, Option<(Prepared, ClassState)>)> =
            pods.iter().map(|p| (class(&mut cache, p), None)).collect();
        for (number, change) in changes.iter().enumerate() {
            apply(&mut cache, change, &pods);
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
                let Some((prepared, state)) = state else { continue };
                let scratch = from_scratch(&profile, &mut cache, class);
                let rows = cache.nodes().map(|(row, _)| row);
                let best = OneShot::default().best(&profile, &cache, class, prepared, rows).to_vec();
                prop_assert_eq!(&best, &scratch.0, "at once: {:?}", class);
                prop_assert_eq!(kept(state), scratch, "{:?}", class);
            }
        }
    }

    /// What nodes account is the sum over the pods on them, whatever came and went before.
    #[test]
    fn accounts_equal_the_sum_over_the_pods(changes in prop::collection::vec(change(), 1..120)) {
        let (mut cache, kinds) = (Cache::default(), pods());
        let mut pods: BTreeMap<u8, (u8, usize)> = BTreeMap::new();
        for change in &changes {
            apply(&mut cache, change, &kinds);
            match change {
                Change::Place { pod, node, class, .. } => drop(pods.insert(*pod, (*node, *class))),
                Change::Unplace(pod) => drop(pods.remove(pod)),
                _ => {}
            }
        }
        let mut fresh = Cache::default();
        for (_, view) in cache.nodes() {
            fresh.set_node(view.spec().clone());
        }
        for (pod, (node, class)) in &pods {
            apply(&mut fresh, &Change::Place { pod: *pod, node: *node, class: *class, deleting: false }, &kinds);
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
