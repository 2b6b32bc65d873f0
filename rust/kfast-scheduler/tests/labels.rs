//! Labels nothing looks at are no part of a class, and what comes to be looked at later counts all the same.

use kfast_core::Object;
use kfast_scheduler::{Config, Outcome, Scheduler};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use std::collections::BTreeMap;

type Labels = BTreeMap<String, String>;

fn object(value: &Value) -> Object {
    Object::parse(value.to_string().into_bytes()).unwrap()
}

const KEYS: [&str; 4] = ["app", "tier", "pod-name", "team"];

fn labels() -> impl Strategy<Value = Labels> {
    let key = select(&KEYS[..]).prop_map(str::to_owned);
    prop::collection::btree_map(key, select(&["1", "2"][..]).prop_map(str::to_owned), 0..4)
}

/// A pod's name, labels, node if any, and the kind and the labels of a rule it has about other pods.
type PodSpec = (u8, Labels, Option<u8>, u8, Labels);

#[derive(Clone, Debug)]
enum Change {
    Pod(PodSpec),
    RemovePod(u8),
    Service(u8, Labels),
}

fn pod_spec() -> impl Strategy<Value = PodSpec> {
    (
        0..8_u8,
        labels(),
        prop::option::of(0..4_u8),
        0..6_u8,
        labels(),
    )
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        8 => pod_spec().prop_map(Change::Pod),
        1 => (0..8_u8).prop_map(Change::RemovePod),
        1 => (0..2_u8, labels()).prop_map(|(name, labels)| Change::Service(name, labels)),
    ]
}

fn node(name: u8) -> Object {
    object(&json!({
        "metadata": {"name": format!("n{name}"), "labels": {"zone": (name % 2).to_string(), "kubernetes.io/hostname": name.to_string()}},
        "status": {"allocatable": {"cpu": "9", "memory": "9Gi", "pods": "9"}},
    }))
}

fn pod((name, labels, node, rule, about): &PodSpec) -> Object {
    let selector = json!({"matchLabels": about});
    let term = json!({"topologyKey": "zone", "labelSelector": selector});
    let required = json!({"requiredDuringSchedulingIgnoredDuringExecution": [term]});
    let preferred = json!({"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 5, "podAffinityTerm": term}]});
    let affinity = match rule {
        1 => json!({"podAffinity": required}),
        2 => json!({"podAntiAffinity": required}),
        3 => json!({"podAffinity": preferred}),
        _ => Value::Null,
    };
    let spread = if *rule == 4 {
        json!([{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": selector,
            "matchLabelKeys": ["pod-name"]}])
    } else {
        Value::Null
    };
    object(&json!({
        "metadata": {"name": format!("p{name}"), "namespace": "d", "uid": format!("p{name}"), "labels": labels},
        "spec": {"nodeName": node.map(|n| format!("n{n}")), "affinity": affinity, "topologySpreadConstraints": spread,
            "containers": [{"name": "c", "resources": {"requests": {"cpu": "1"}}}]},
    }))
}

fn service(namespace: &str, name: u8, selector: &Labels) -> Object {
    object(
        &json!({"metadata": {"name": format!("s{name}"), "namespace": namespace}, "spec": {"selector": selector}}),
    )
}

/// A scheduler with four nodes; one that watches all keys from the start if so wished.
fn scheduler(watching: bool) -> Scheduler {
    let mut scheduler = Scheduler::new(&Config::default(), 1).unwrap();
    for name in 0..4 {
        scheduler.set_node(&node(name), 0).unwrap();
    }
    if watching {
        let all = KEYS.map(|key| (key.to_owned(), "1".to_owned())).into();
        scheduler
            .set_service(&service("elsewhere", 0, &all))
            .unwrap();
    }
    scheduler
}

fn verdict(scheduler: &mut Scheduler, probe: &PodSpec) -> String {
    let (_, run) = scheduler.evaluate(&pod(probe)).unwrap();
    let scores: Vec<_> = run.scores.iter().map(|s| (s.plugin, &s.raw)).collect();
    format!(
        "{:?} {:?} {:?} {scores:?}",
        run.rejected, run.feasible, run.totals
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_is_watched_later_counts_as_if_it_had_always_been(
        changes in prop::collection::vec(change(), 1..30),
        probes in prop::collection::vec(pod_spec(), 1..4),
    ) {
        let mut both = [scheduler(false), scheduler(true)];
        for change in &changes {
            for scheduler in &mut both {
                match change {
                    Change::Pod(spec) => drop(scheduler.set_pod(&pod(spec), 0).unwrap()),
                    Change::RemovePod(name) => scheduler.remove_pod(&format!("p{name}"), 0),
                    Change::Service(name, selector) => scheduler.set_service(&service("d", *name, selector)).unwrap(),
                }
            }
        }
        for probe in &probes {
            let unbound = (probe.0, probe.1.clone(), None, probe.3, probe.4.clone());
            let [some, all] = &mut both;
            prop_assert_eq!(verdict(some, &unbound), verdict(all, &unbound));
        }
        // Which of equally good nodes it is may differ, so only the first decision can be compared.
        let first = both.map(|mut scheduler| {
            let decided = scheduler.step(1, 1);
            decided.first().map(|d| (d.pod.name.to_string(), matches!(d.outcome, Outcome::Assumed(_))))
        });
        prop_assert_eq!(&first[0], &first[1]);
    }
}

#[test]
fn pods_that_differ_in_labels_nobody_looks_at_share_a_class() {
    let named = |name: u8| -> PodSpec {
        let labels = [("app", "1".to_owned()), ("pod-name", name.to_string())];
        (
            name,
            labels.map(|(k, v)| (k.to_owned(), v)).into(),
            Some(name % 4),
            0,
            Labels::new(),
        )
    };
    let mut scheduler = scheduler(false);
    for name in 0..8 {
        scheduler.set_pod(&pod(&named(name)), 0).unwrap();
    }
    assert_eq!(scheduler.cache().classes.len(), 1);
    let by_name = [("pod-name".to_owned(), "1".to_owned())].into();
    scheduler.set_service(&service("d", 0, &by_name)).unwrap();
    assert_eq!(scheduler.cache().classes.len(), 8);
}
