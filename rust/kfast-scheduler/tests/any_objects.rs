//! Objects of any shape under the field names of pods and nodes: read or refused, and what is placed is on a node.

use kfast_core::Object;
use kfast_scheduler::{Config, Outcome, Scheduler};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

const NAMES: [&str; 32] = [
    "containers",
    "initContainers",
    "resources",
    "requests",
    "limits",
    "cpu",
    "memory",
    "pods",
    "nodeName",
    "nodeSelector",
    "affinity",
    "nodeAffinity",
    "requiredDuringSchedulingIgnoredDuringExecution",
    "nodeSelectorTerms",
    "matchExpressions",
    "key",
    "operator",
    "values",
    "tolerations",
    "effect",
    "ports",
    "hostPort",
    "image",
    "overhead",
    "priority",
    "schedulingGates",
    "allocatable",
    "images",
    "sizeBytes",
    "taints",
    "unschedulable",
    "restartPolicy",
];
const TEXTS: [&str; 10] = [
    "",
    "1",
    "-1",
    "100m",
    "9Ei",
    "-9Ei",
    "1e4000",
    "In",
    "Always",
    "NoSchedule",
];

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|n| json!(n)),
        (0..3).prop_map(|n| json!(n)),
        select(&TEXTS[..]).prop_map(|text| json!(text)),
    ];
    leaf.prop_recursive(6, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            prop::collection::btree_map(select(&NAMES[..]), inner, 0..5).prop_map(|map| {
                Value::Object(
                    map.into_iter()
                        .map(|(k, v)| (k.to_owned(), v))
                        .collect::<Map<_, _>>(),
                )
            }),
        ]
    })
}

/// `value` with one of its parts replaced by `other`, `at` choosing the way to it.
fn graft(value: &mut Value, other: Value, at: &[usize]) {
    let Some((first, rest)) = at.split_first() else {
        *value = other;
        return;
    };
    match value {
        Value::Object(map) if !map.is_empty() => {
            let index = first % map.len();
            if let Some(inner) = map.values_mut().nth(index) {
                graft(inner, other, rest);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            let index = first % items.len();
            graft(&mut items[index], other, rest);
        }
        _ => *value = other,
    }
}

fn node() -> Value {
    json!({"spec": {"taints": [{"key": "k", "value": "", "effect": "NoSchedule"}]},
        "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "9"}, "images": [{"names": ["i"], "sizeBytes": 5}]}})
}

fn pod() -> Value {
    json!({"spec": {"schedulerName": "default-scheduler", "tolerations": [{"key": "k", "operator": "Exists"}],
        "containers": [{"name": "c", "image": "i", "ports": [{"hostPort": 80}],
            "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms":
            [{"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}]}}}}})
}

fn object(mut body: Value, name: usize) -> Option<Object> {
    let metadata = json!({"name": format!("o{name}"), "namespace": "d", "uid": format!("u{name}")});
    body.as_object_mut()?.insert("metadata".into(), metadata);
    Object::parse(body.to_string().into_bytes()).ok()
}

proptest! {
    #[test]
    fn any_objects_are_scheduled_or_refused(
        changes in prop::collection::vec((0..4_usize, any::<bool>(), tree(), prop::collection::vec(0..8_usize, 1..7)), 1..8),
    ) {
        let mut scheduler = Scheduler::new(&Config::default(), 1).unwrap();
        for (now, (name, is_node, other, at)) in (0..).zip(changes) {
            let mut body = if is_node { node() } else { pod() };
            graft(&mut body, other, &at);
            let Some(object) = object(body, name) else { continue };
            if is_node {
                let _ = scheduler.set_node(&object, now);
            } else {
                let _ = (scheduler.evaluate(&object).is_ok(), scheduler.set_pod(&object, now).is_ok());
            }
            for decision in scheduler.step(now, 4) {
                if let Outcome::Assumed(node) = &decision.outcome {
                    prop_assert!(scheduler.cache().nodes().any(|(_, view)| *view.spec().name == **node));
                }
            }
        }
    }
}
