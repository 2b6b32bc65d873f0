//! `percentageOfNodesToScore`: which nodes are looked at.

use kfast_core::Object;
use kfast_scheduler::framework::ProfileSpec;
use kfast_scheduler::{Config, Outcome, Scheduler};
use serde_json::{Value, json};

fn object(value: &Value) -> Object {
    Object::parse(value.to_string().into_bytes()).unwrap()
}

/// Three zones, one after the other, of 100 nodes each; every zone's node takes its turn in the order.
fn scheduler(percentage: usize, cpu: impl Fn(usize) -> u8) -> Scheduler {
    let profile = ProfileSpec {
        percentage_of_nodes_to_score: percentage,
        ..ProfileSpec::default()
    };
    let config = Config {
        profiles: vec![profile],
        ..Config::default()
    };
    let mut scheduler = Scheduler::new(&config, 3).unwrap();
    for at in 0..300 {
        let labels = json!({"topology.kubernetes.io/zone": format!("z{}", at / 100)});
        let status = json!({"allocatable": {"cpu": cpu(at).to_string(), "pods": "10"}});
        let node =
            json!({"metadata": {"name": at.to_string(), "labels": labels}, "status": status});
        scheduler.set_node(&object(&node), 0).unwrap();
    }
    scheduler
}

/// Where the chosen node is in the order.
fn place(scheduler: &mut Scheduler, name: &str) -> Option<usize> {
    let requests = json!({"requests": {"cpu": "1"}});
    let spec = json!({"containers": [{"name": "c", "resources": requests}]});
    let pod = json!({"metadata": {"name": name, "namespace": "d", "uid": name}, "spec": spec});
    scheduler.set_pod(&object(&pod), 0).unwrap();
    match &scheduler.step(0, 1)[0].outcome {
        Outcome::Assumed(node) => {
            let at: usize = node.parse().unwrap();
            Some(at % 100 * 3 + at / 100)
        }
        _ => None,
    }
}

#[test]
fn every_search_begins_where_the_last_one_ended() {
    let mut scheduler = scheduler(10, |_| 4);
    let places: Vec<_> = ["a", "b", "c", "d", "e"]
        .map(|n| place(&mut scheduler, n))
        .into();
    let thirds: Vec<_> = places.iter().map(|p| p.unwrap() / 100).collect();
    assert_eq!(thirds, [0, 1, 2, 0, 1]);
}

#[test]
fn a_search_goes_on_until_enough_nodes_are_feasible() {
    let mut scheduler = scheduler(10, |at| if at < 200 { 0 } else { 4 });
    // The third zone alone has room: its hundred nodes are just enough, so every search sees all.
    assert_eq!(place(&mut scheduler, "a").unwrap() % 3, 2);
    assert_eq!(place(&mut scheduler, "b").unwrap() % 3, 2);
}

#[test]
fn where_none_fits_all_nodes_were_looked_at() {
    let mut scheduler = scheduler(10, |_| 0);
    assert_eq!(place(&mut scheduler, "a"), None);
    let node =
        json!({"metadata": {"name": "late"}, "status": {"allocatable": {"cpu": "4", "pods": "9"}}});
    scheduler.set_node(&object(&node), 0).unwrap();
    let decisions = scheduler.step(10_000_000, 1);
    assert_eq!(decisions[0].outcome, Outcome::Assumed("late".into()));
}
