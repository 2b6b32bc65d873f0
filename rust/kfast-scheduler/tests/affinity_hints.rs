//! Which events wake a pod that InterPodAffinity rejected.

use kfast_core::Object;
use kfast_scheduler::{Config, Scheduler};
use serde_json::{Value, json};

const SECOND: i64 = 1_000_000;

fn object(value: &Value) -> Object {
    Object::parse(value.to_string().into_bytes()).unwrap()
}

fn node(name: &str, labels: Value) -> Object {
    object(&json!({"metadata": {"name": name, "labels": labels},
        "status": {"allocatable": {"cpu": "9", "memory": "9Gi", "pods": "9"}}}))
}

/// A pod in a namespace, on a node or pending, with the terms of its affinity.
fn pod(name: &str, app: &str, namespace: &str, node: Option<&str>, affinity: &Value) -> Object {
    object(&json!({
        "metadata": {"name": name, "namespace": namespace, "uid": name, "labels": {"app": app}},
        "spec": {"nodeName": node, "affinity": affinity, "containers": [{"name": "c"}]},
    }))
}

fn term(kind: &str, app: &str, more: Value) -> Value {
    let mut term = json!({"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": app}}});
    term.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    json!({kind: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}})
}

/// A cluster in which a pod with the given affinity was found unschedulable.
struct Case(Scheduler);

impl Case {
    fn new(affinity: &Value, placed: &[(&str, Value)]) -> Self {
        let mut scheduler = Scheduler::new(&Config::default(), 1).unwrap();
        scheduler
            .set_node(&node("a", json!({"zone": "1"})), 0)
            .unwrap();
        for (app, affinity) in placed {
            scheduler
                .set_pod(&pod(app, app, "d", Some("a"), affinity), 0)
                .unwrap();
        }
        scheduler
            .set_pod(&pod("pending", "me", "d", None, affinity), 0)
            .unwrap();
        scheduler.step(0, 9);
        assert_eq!(scheduler.pending().unschedulable, 1);
        Self(scheduler)
    }

    fn woken(mut self, event: impl FnOnce(&mut Scheduler)) -> bool {
        event(&mut self.0);
        self.0.pending().unschedulable == 0
    }
}

fn places(app: &'static str, namespace: &'static str) -> impl FnOnce(&mut Scheduler) {
    move |s| drop(s.set_pod(&pod("new", app, namespace, Some("a"), &Value::Null), SECOND))
}

fn relabels(app: &'static str, now: &'static str) -> impl FnOnce(&mut Scheduler) {
    move |s| drop(s.set_pod(&pod(app, now, "d", Some("a"), &Value::Null), SECOND))
}

fn sets(name: &'static str, labels: Value) -> impl FnOnce(&mut Scheduler) {
    move |s| drop(s.set_node(&node(name, labels), SECOND))
}

#[test]
fn affinity_waits_for_a_pod_it_wants() {
    let case = || {
        Case::new(
            &term("podAffinity", "db", json!({})),
            &[("web", Value::Null)],
        )
    };
    assert!(case().woken(places("db", "d")));
    assert!(!case().woken(places("db", "other")));
    assert!(!case().woken(places("web", "d")));
    assert!(case().woken(relabels("web", "db")));
    assert!(!case().woken(relabels("web", "cache")));
    assert!(!case().woken(|s| s.remove_pod("web", SECOND)));
    let selected = term(
        "podAffinity",
        "db",
        json!({"namespaceSelector": {"matchLabels": {"team": "x"}}}),
    );
    assert!(Case::new(&selected, &[]).woken(places("db", "other")));
}

#[test]
fn affinity_waits_for_nodes_in_its_topology() {
    let case = || Case::new(&term("podAffinity", "db", json!({})), &[]);
    assert!(case().woken(sets("b", json!({"zone": "2"}))));
    assert!(!case().woken(sets("b", json!({"region": "2"}))));
    assert!(case().woken(sets("a", json!({"zone": "2"}))));
    assert!(!case().woken(sets("a", json!({"zone": "1", "disk": "ssd"}))));
    assert!(!case().woken(sets("a", json!({}))));
}

#[test]
fn anti_affinity_waits_for_pods_to_leave() {
    let case = || {
        Case::new(
            &term("podAntiAffinity", "db", json!({})),
            &[("db", Value::Null)],
        )
    };
    assert!(case().woken(|s| s.remove_pod("db", SECOND)));
    assert!(case().woken(relabels("db", "cache")));
    assert!(!case().woken(places("web", "d")));
    assert!(case().woken(sets("b", json!({}))));
    assert!(case().woken(sets("a", json!({}))));
    assert!(!case().woken(sets("a", json!({"zone": "1", "disk": "ssd"}))));
}

#[test]
fn the_anti_affinity_of_others_counts_when_they_leave() {
    let against_me = term("podAntiAffinity", "me", json!({}));
    let case = || Case::new(&Value::Null, &[("db", against_me.clone())]);
    assert!(case().woken(|s| s.remove_pod("db", SECOND)));
    assert!(!case().woken(places("web", "d")));
}
