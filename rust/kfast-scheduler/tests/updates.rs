//! Updates of placed pods: what does not matter changes nothing, what matters is taken in.

use kfast_core::Object;
use kfast_scheduler::{Config, Scheduler};
use serde_json::{Value, json};

fn object(value: &Value) -> Object {
    Object::parse(value.to_string().into_bytes()).unwrap()
}

#[test]
fn only_what_matters_is_taken_in() {
    let mut scheduler = Scheduler::new(&Config::default(), 1).unwrap();
    let node = json!({"metadata": {"name": "n"}, "status": {"allocatable": {"cpu": "9", "memory": "9Gi", "pods": "9"}}});
    scheduler.set_node(&object(&node), 0).unwrap();
    let mut pod = json!({
        "metadata": {"name": "p", "namespace": "d", "uid": "u"},
        "spec": {"nodeName": "n", "containers": [{"name": "c", "resources": {"requests": {"cpu": "1"}}}]},
        "status": {"phase": "Pending"},
    });
    scheduler.set_pod(&object(&pod), 0).unwrap();
    let told = |scheduler: &mut Scheduler, pod: &Value| {
        let before = scheduler.cache().changes().end();
        scheduler.set_pod(&object(pod), 0).unwrap();
        let view = scheduler.cache().nodes().next().unwrap().1;
        (
            scheduler.cache().changes().end() > before,
            view.requested(0),
        )
    };
    assert_eq!(told(&mut scheduler, &pod), (false, 1000));
    pod["status"] = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [{"name": "c", "ready": true, "restartCount": 3}]});
    assert_eq!(told(&mut scheduler, &pod), (false, 1000));
    pod["status"]["containerStatuses"][0]["resources"] = json!({"requests": {"cpu": "2"}});
    assert_eq!(told(&mut scheduler, &pod), (true, 2000));
    pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    assert_eq!(told(&mut scheduler, &pod), (true, 2000));
    pod["status"]["phase"] = "Succeeded".into();
    assert_eq!(told(&mut scheduler, &pod), (true, 0));
}

#[test]
fn a_pod_of_another_scheduler_counts_once_it_has_a_node() {
    let mut scheduler = Scheduler::new(&Config::default(), 1).unwrap();
    let node = json!({"metadata": {"name": "n"}, "status": {"allocatable": {"cpu": "9", "memory": "9Gi", "pods": "9"}}});
    scheduler.set_node(&object(&node), 0).unwrap();
    let mut pod = json!({
        "metadata": {"name": "p", "namespace": "d", "uid": "u"},
        "spec": {"schedulerName": "other", "containers": [{"name": "c", "resources": {"requests": {"cpu": "1"}}}]},
    });
    let requested = |scheduler: &mut Scheduler, pod: &Value| {
        assert!(!scheduler.set_pod(&object(pod), 0).unwrap());
        assert!(scheduler.step(0, 9).is_empty());
        scheduler.cache().nodes().next().unwrap().1.requested(0)
    };
    assert_eq!(requested(&mut scheduler, &pod), 0);
    pod["spec"]["nodeName"] = "n".into();
    assert_eq!(requested(&mut scheduler, &pod), 1000);
    pod["status"] = json!({"phase": "Failed"});
    assert_eq!(requested(&mut scheduler, &pod), 0);
}
