//! Whole cycles: the queue, preemption and nominations through the scheduler's own door. One file, because scenarios and
//! property test act on one world of pods and nodes, and so does the model they are checked by.

use kfast_core::Object;
use kfast_scheduler::queue::{SECOND, Time};
use kfast_scheduler::{
    Config, Decision, Nominating, Outcome, PendingCounts, Preemption, Scheduler,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn object(value: &Value) -> Object {
    Object::parse(value.to_string().into_bytes()).unwrap()
}

fn node(name: &str, cpu: u32) -> Object {
    object(&json!({
        "metadata": {"name": name},
        "status": {"allocatable": {"cpu": cpu.to_string(), "pods": "10"}},
    }))
}

#[derive(Clone, Debug)]
struct Pod {
    name: String,
    cpu: u32,
    priority: i32,
    node: Option<String>,
    nominated: Option<String>,
    deleting: bool,
    more: Value,
}

impl Pod {
    fn new(name: &str, cpu: u32, priority: i32) -> Self {
        Self {
            name: name.into(),
            cpu,
            priority,
            node: None,
            nominated: None,
            deleting: false,
            more: json!({}),
        }
    }

    fn on(mut self, node: &str) -> Self {
        self.node = Some(node.into());
        self
    }

    fn with(mut self, field: &str, value: Value) -> Self {
        self.more[field] = value;
        self
    }

    fn object(&self) -> Object {
        let requests = json!({"requests": {"cpu": self.cpu.to_string()}});
        let mut spec = json!({
            "priority": self.priority,
            "containers": [{"name": "c", "resources": requests}],
            "nodeName": self.node,
        });
        for (key, value) in self.more.as_object().unwrap() {
            spec[key] = value.clone();
        }
        let stamp = self.deleting.then_some("2026-01-01T00:00:00Z");
        let condition = json!({"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"});
        let conditions = if self.deleting {
            json!([condition])
        } else {
            json!([])
        };
        object(&json!({
            "metadata": {"namespace": "d", "name": self.name, "uid": self.name, "deletionTimestamp": stamp},
            "spec": spec,
            "status": {"nominatedNodeName": self.nominated, "conditions": conditions},
        }))
    }
}

struct World {
    core: Scheduler,
    now: Time,
}

impl World {
    fn new(nodes: &[(&str, u32)]) -> Self {
        let mut core = Scheduler::new(&Config::default(), 7).unwrap();
        for (name, cpu) in nodes {
            core.set_node(&node(name, *cpu), 0).unwrap();
        }
        Self { core, now: SECOND }
    }

    fn set(&mut self, pod: &Pod) {
        self.core.set_pod(&pod.object(), self.now).unwrap();
    }

    fn remove(&mut self, pod: &str) {
        self.core.remove_pod(pod, self.now);
    }

    fn step(&mut self) -> Vec<Decision> {
        self.core.step(self.now, 100)
    }

    /// The only decision.
    fn decision(&mut self) -> Outcome {
        let mut decisions = self.step();
        assert_eq!(decisions.len(), 1, "{decisions:?}");
        decisions.remove(0).outcome
    }

    fn preemption(&mut self) -> (String, Vec<String>, Vec<String>) {
        let Outcome::Unschedulable {
            preemption: Some(found),
            ..
        } = self.decision()
        else {
            panic!("no preemption");
        };
        let Preemption {
            node,
            victims,
            withdrawn,
        } = *found;
        let names =
            |pods: Vec<kfast_scheduler::PodRef>| pods.iter().map(|p| p.name.to_string()).collect();
        (node.to_string(), names(victims), names(withdrawn))
    }

    fn message(&mut self) -> String {
        match self.decision() {
            Outcome::Unschedulable {
                message,
                preemption: None,
                ..
            } => message,
            other => panic!("{other:?}"),
        }
    }

    fn assumed(&mut self) -> String {
        match self.decision() {
            Outcome::Assumed(node) => node.to_string(),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_preemptor_waits_for_its_victims_and_takes_its_node_first() {
    let mut world = World::new(&[("a", 2), ("b", 9)]);
    world.set(&Pod::new("low", 2, 0).on("a"));
    world.set(&Pod::new("mid", 9, 5).on("b"));
    world.set(&Pod::new("high", 2, 9));
    assert_eq!(world.preemption(), ("a".into(), vec!["low".into()], vec![]));
    world.core.set_node(&node("c", 9), world.now).unwrap();
    assert!(world.step().is_empty(), "held until the deletion has begun");
    let mut dying = Pod::new("low", 2, 0).on("a");
    dying.deleting = true;
    world.set(&dying);
    assert!(world.step().is_empty(), "nothing freed yet");
    world.remove("low");
    assert_eq!(world.assumed(), "a", "though c is empty");
    assert!(world.core.nominator().is_empty());
}

#[test]
fn while_victims_terminate_no_more_are_taken() {
    let mut world = World::new(&[("a", 2), ("b", 2)]);
    world.set(&Pod::new("low-a", 2, 0).on("a"));
    world.set(&Pod::new("low-b", 2, 1).on("b"));
    world.set(&Pod::new("high", 2, 9));
    assert_eq!(world.preemption().0, "a");
    let mut dying = Pod::new("low-a", 2, 0).on("a");
    dying.deleting = true;
    world.set(&dying);
    world.core.set_node(&node("c", 2), world.now).unwrap();
    world.set(&Pod::new("filler", 2, 9).on("c"));
    let message = world.message();
    assert!(
        message
            .ends_with("preemption: not eligible due to a terminating pod on the nominated node."),
        "{message}"
    );
    world.remove("low-a");
    assert_eq!(world.assumed(), "a");
}

#[test]
fn room_made_for_a_pod_is_left_to_it_by_its_equals_but_not_by_its_betters() {
    let mut world = World::new(&[("a", 2)]);
    world.set(&Pod::new("low", 2, 0).on("a"));
    world.set(&Pod::new("high", 2, 5));
    assert_eq!(world.preemption().0, "a");
    world.remove("low");
    world.set(&Pod::new("first", 2, 6));
    let decisions = world.step();
    let outcomes: Vec<_> = decisions
        .iter()
        .map(|d| (&*d.pod.name, &d.outcome))
        .collect();
    assert_eq!(outcomes[0], ("first", &Outcome::Assumed("a".into())));
    assert!(matches!(
        outcomes[1],
        (
            "high",
            Outcome::Unschedulable {
                nominating: Nominating::Clear,
                ..
            }
        )
    ));

    let mut world = World::new(&[("a", 2)]);
    world.set(&Pod::new("low", 2, 0).on("a"));
    world.set(&Pod::new("high", 2, 5));
    assert_eq!(world.preemption().0, "a");
    world.set(&Pod::new("equal", 2, 5));
    let message = world.message();
    assert_eq!(
        message,
        "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 Insufficient cpu."
    );
    world.remove("low");
    let bound: Vec<_> = world
        .step()
        .into_iter()
        .map(|d| (d.pod.name, d.outcome))
        .collect();
    assert!(
        bound.contains(&("high".into(), Outcome::Assumed("a".into()))),
        "{bound:?}"
    );
}

#[test]
fn a_better_pod_takes_over_a_nominated_node() {
    let mut world = World::new(&[("a", 2)]);
    world.set(&Pod::new("low", 2, 0).on("a"));
    world.set(&Pod::new("mid", 2, 5));
    assert_eq!(world.preemption().0, "a");
    world.set(&Pod::new("high", 2, 9));
    let (node, victims, withdrawn) = world.preemption();
    assert_eq!(
        (node.as_str(), victims, withdrawn),
        ("a", vec!["low".to_owned()], vec!["mid".to_owned()])
    );
    assert!(world.core.nominator().node_of("mid").is_none());
}

#[test]
fn a_failed_preemption_is_tried_again_at_once() {
    let mut world = World::new(&[("a", 2)]);
    world.set(&Pod::new("low", 2, 0).on("a"));
    world.set(&Pod::new("high", 2, 5));
    assert_eq!(world.preemption().0, "a");
    assert!(world.step().is_empty());
    world.core.preempted("high", true, world.now);
    assert_eq!(world.preemption().1, ["low"]);
}

#[test]
fn budgets_are_violated_only_where_nothing_else_helps() {
    let mut world = World::new(&[("a", 2), ("b", 2)]);
    let guarded = |name: &str, node: &str| {
        let pod = Pod::new(name, 2, 0).on(node).object();
        let mut body: Value = serde_json::from_slice(pod.slim()).unwrap();
        body["metadata"]["labels"] = json!({"app": "db"});
        object(&body)
    };
    world.core.set_pod(&guarded("db", "a"), 0).unwrap();
    world.set(&Pod::new("other", 2, 4).on("b"));
    let budget = json!({
        "metadata": {"namespace": "d", "name": "db"},
        "spec": {"selector": {"matchLabels": {"app": "db"}}},
        "status": {"disruptionsAllowed": 0},
    });
    world.core.set_pdb(&object(&budget)).unwrap();
    world.set(&Pod::new("high", 2, 9));
    assert_eq!(
        world.preemption().0,
        "b",
        "though its victim has the higher priority"
    );
    world.set(&Pod::new("next", 2, 9));
    assert_eq!(world.preemption().0, "a");
}

#[test]
fn who_must_not_preempt_says_so() {
    let mut world = World::new(&[("a", 2)]);
    world.set(&Pod::new("low", 2, 0).on("a"));
    world.set(&Pod::new("meek", 2, 5).with("preemptionPolicy", json!("Never")));
    assert_eq!(
        world.message(),
        "0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never."
    );
    world.set(&Pod::new("equal", 2, 0));
    assert_eq!(
        world.message(),
        "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: \
         1 No preemption victims found for incoming pod."
    );
    world.set(&Pod::new("huge", 3, 9));
    assert_eq!(
        world.message(),
        "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: \
         1 Preemption is not helpful for scheduling."
    );
}

#[test]
fn backoffs_end_with_the_second_after_and_errors_have_their_own() {
    let mut world = World::new(&[("a", 1)]);
    world.set(&Pod::new("big", 2, 0));
    world.now = SECOND / 2;
    assert!(world.message().starts_with("0/1"));
    world.core.set_node(&node("b", 2), world.now).unwrap();
    assert_eq!(world.core.pending().backoff, 1);
    assert_eq!(
        world.assumed(),
        "b",
        "a backoff is cut short when nothing else is to do"
    );
    assert!(world.core.bind_failed("big", world.now));
    assert_eq!(world.core.next_wakeup(world.now), Some(2 * SECOND));
    world.now = 2 * SECOND - 1;
    assert!(world.step().is_empty(), "an error's backoff is not");
    world.now = 2 * SECOND;
    assert_eq!(world.assumed(), "b");
    assert!(world.core.bind_failed("big", world.now));
    assert_eq!(
        world.core.next_wakeup(world.now),
        Some(5 * SECOND),
        "two errors in a row"
    );
}

#[test]
fn without_nodes_a_pod_is_tried_again_as_after_an_error() {
    let mut world = World::new(&[]);
    world.set(&Pod::new("p", 1, 0));
    assert_eq!(world.message(), "no nodes available to schedule pods");
    assert_eq!(world.core.next_wakeup(world.now), Some(3 * SECOND));
}

#[test]
fn leftovers_are_flushed_after_five_minutes_at_a_round_half_minute() {
    let mut world = World::new(&[("a", 1)]);
    world.set(&Pod::new("big", 2, 0));
    world.message();
    assert_eq!(world.core.next_wakeup(world.now), Some(330 * SECOND));
    world.now = 330 * SECOND - 1;
    assert!(world.step().is_empty());
    world.now = 330 * SECOND;
    assert!(world.message().starts_with("0/1"));
}

#[test]
fn a_change_of_the_pod_itself_wakes_it_only_if_it_may_help() {
    let mut world = World::new(&[]);
    let tainted = json!({
        "metadata": {"name": "a"},
        "spec": {"taints": [{"key": "k", "effect": "NoSchedule"}]},
        "status": {"allocatable": {"cpu": "4", "pods": "10"}},
    });
    world.core.set_node(&object(&tainted), 0).unwrap();
    world.set(&Pod::new("p", 1, 0));
    world.message();
    world.set(&Pod::new("p", 1, 0).with("activeDeadlineSeconds", json!(5)));
    assert!(world.step().is_empty());
    world.set(&Pod::new("p", 1, 0).with("tolerations", json!([{"operator": "Exists"}])));
    assert_eq!(world.assumed(), "a");
}

#[test]
fn an_assumed_pod_that_is_deleted_frees_its_node() {
    let mut world = World::new(&[("a", 1)]);
    world.set(&Pod::new("p", 1, 0));
    assert_eq!(world.assumed(), "a");
    world.set(&Pod::new("q", 1, 0));
    assert!(world.message().contains("Insufficient cpu"));
    let mut dying = Pod::new("p", 1, 0);
    dying.deleting = true;
    world.set(&dying);
    assert_eq!(world.assumed(), "a");
    assert!(!world.core.bind_failed("p", world.now), "it is forgotten");
}

#[test]
fn thousands_of_unschedulable_pods_wait_as_one_group() {
    let mut world = World::new(&[("a", 1)]);
    for n in 0..3_000 {
        world.set(&Pod::new(&format!("p{n}"), 2, 0));
    }
    assert_eq!(world.core.step(world.now, 3_000).len(), 3_000);
    for n in 0..3_000 {
        world
            .core
            .set_node(&node(&format!("n{n}"), 1), world.now)
            .unwrap();
    }
    assert_eq!(
        world.core.pending(),
        PendingCounts {
            unschedulable: 3_000,
            ..PendingCounts::default()
        }
    );
}

#[derive(Clone, Debug)]
enum Act {
    Node(u8, u8),
    NoNode(u8),
    Pod {
        cpu: u8,
        priority: u8,
        nominated: Option<u8>,
    },
    Remove(u8),
    Step(u8),
    Wait(u8),
    Evict(u8),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => (0..5_u8, 1..7_u8).prop_map(|(n, cpu)| Act::Node(n, cpu)),
        1 => (0..5_u8).prop_map(Act::NoNode),
        8 => (1..5_u8, 0..5_u8, prop::option::weighted(0.2, 0..6_u8))
            .prop_map(|(cpu, priority, nominated)| Act::Pod { cpu, priority, nominated }),
        3 => any::<u8>().prop_map(Act::Remove),
        6 => (1..6_u8).prop_map(Act::Step),
        2 => (0..15_u8).prop_map(Act::Wait),
        5 => any::<u8>().prop_map(Act::Evict),
    ]
}

/// What a cluster would know.
#[derive(Default)]
struct Model {
    nodes: BTreeMap<String, u32>,
    pods: BTreeMap<String, Pod>,
    evictions: Vec<(String, String, u8)>,
}

impl Model {
    fn held(&self, node: &str) -> u32 {
        let here = self
            .pods
            .values()
            .filter(|p| p.node.as_deref() == Some(node));
        here.map(|p| p.cpu).sum()
    }

    fn act(&mut self, world: &mut World, number: usize, act: &Act) {
        match act {
            Act::Node(n, cpu) => {
                let name = format!("n{n}");
                let cpu = u32::from(*cpu).max(self.held(&name));
                world.core.set_node(&node(&name, cpu), world.now).unwrap();
                self.nodes.insert(name, cpu);
            }
            Act::NoNode(n) => {
                let name = format!("n{n}");
                world.core.remove_node(&name);
                self.nodes.remove(&name);
            }
            Act::Pod {
                cpu,
                priority,
                nominated,
            } => {
                let mut pod = Pod::new(&format!("p{number}"), (*cpu).into(), (*priority).into());
                pod.nominated = nominated.map(|n| format!("n{n}"));
                world.set(&pod);
                self.pods.insert(pod.name.clone(), pod);
            }
            Act::Remove(pick) => {
                let at = usize::from(*pick) % self.pods.len().max(1);
                if let Some(name) = self.pods.keys().nth(at).cloned() {
                    self.pods.remove(&name);
                    world.remove(&name);
                }
            }
            Act::Step(max) => {
                for decision in world.core.step(world.now, (*max).into()) {
                    self.decided(world, decision);
                }
            }
            Act::Wait(seconds) => world.now += Time::from(*seconds) * SECOND / 2,
            Act::Evict(pick) => self.evict(world, *pick),
        }
    }

    fn decided(&mut self, world: &mut World, decision: Decision) {
        let name = decision.pod.name.to_string();
        let pod = self.pods.get_mut(&name).expect("only pods there are");
        assert!(pod.node.is_none(), "{name} is placed already");
        match decision.outcome {
            Outcome::Assumed(node)
                if pod.cpu == 4 && pod.priority % 2 == 0 && pod.more == json!({}) =>
            {
                pod.more = json!({"hostname": "refused-once"});
                assert!(world.core.bind_failed(&name, world.now));
                assert!(self.nodes.contains_key(&*node));
            }
            Outcome::Assumed(node) => {
                assert!(self.nodes.contains_key(&*node));
                pod.node = Some(node.to_string());
                let bound = pod.clone();
                world.set(&bound);
            }
            Outcome::Failed { message } => panic!("{message}"),
            Outcome::Unschedulable { preemption, .. } => {
                let (priority, preemption) = (pod.priority, preemption.into_iter());
                for (n, victim) in preemption.flat_map(|p| p.victims).enumerate() {
                    let victim = victim.name.to_string();
                    let held = &self.pods[&victim];
                    assert!(held.priority < priority);
                    self.evictions
                        .push((name.clone(), victim, u8::try_from(n % 3).unwrap()));
                }
            }
        }
    }

    fn evict(&mut self, world: &mut World, pick: u8) {
        if self.evictions.is_empty() {
            return;
        }
        let at = usize::from(pick) % self.evictions.len();
        let (preemptor, victim, how) = self.evictions.swap_remove(at);
        if let Some(pod) = self.pods.get_mut(&victim).filter(|p| p.node.is_some()) {
            if how == 1 && !pod.deleting {
                pod.deleting = true;
                let dying = pod.clone();
                world.set(&dying);
                self.evictions.push((preemptor.clone(), victim, 0));
            } else if how == 2 {
                world.core.preempted(&preemptor, true, world.now);
            } else {
                self.pods.remove(&victim);
                world.remove(&victim);
            }
        }
        world.core.preempted(&preemptor, false, world.now);
    }

    /// No node holds more than it has, nobody is lost, and only pending pods are nominated.
    fn check(&self, world: &World) {
        for (name, cpu) in &self.nodes {
            assert!(self.held(name) <= *cpu, "{name} is overcommitted");
        }
        let pending = self.pods.values().filter(|p| p.node.is_none()).count();
        let counts = world.core.pending();
        let queued =
            counts.active + counts.backoff + counts.unschedulable + counts.gated + counts.assumed;
        assert_eq!(queued, pending, "{counts:?}");
        for node in world.core.nominator().nodes() {
            for nomination in world.core.nominator().pods_for(node) {
                assert!(self.pods[&*nomination.uid].node.is_none());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nobody_is_lost_and_no_node_overcommitted(acts in prop::collection::vec(act(), 1..150)) {
        let (mut world, mut model) = (World::new(&[]), Model::default());
        for (number, act) in acts.iter().enumerate() {
            model.act(&mut world, number, act);
            model.check(&world);
        }
        // Left alone, with all victims gone, the queue comes to rest.
        for _ in 0..200 {
            while !model.evictions.is_empty() {
                model.evict(&mut world, 0);
            }
            world.now += 20 * SECOND;
            for decision in world.core.step(world.now, 50) {
                model.decided(&mut world, decision);
            }
            model.check(&world);
        }
    }
}

#[test]
fn what_brings_pods_into_a_queue_is_counted() {
    let mut world = World::new(&[("a", 2)]);
    world.set(&Pod::new("fits", 2, 0));
    assert_eq!(world.assumed(), "a");
    world.core.bind_failed("fits", world.now);
    world.now += 5 * SECOND;
    assert_eq!(world.assumed(), "a");
    world.set(&Pod::new("big", 3, 0));
    world.message();
    world.core.set_node(&node("a", 9), world.now).unwrap();
    assert_eq!(world.assumed(), "a");
    let mut gated = Pod::new("gated", 1, 0);
    gated.more = json!({"schedulingGates": [{"name": "g"}]});
    world.set(&gated);
    gated.more = json!({});
    world.set(&gated);
    let counts: Vec<_> = world.core.incoming().iter().collect();
    let gates = "UnschedulablePodUpdatePodSchedulingGatesEliminated";
    assert_eq!(
        counts,
        [
            ("active", "BackoffComplete", 1),
            ("active", "PopFromBackoffQ", 1),
            ("active", "UnschedulablePodAdd", 2),
            ("active", gates, 1),
            ("backoff", "NodeUpdateNodeAllocatable", 1),
            ("backoff", "ScheduleAttemptFailure", 1),
            ("unschedulable", "ScheduleAttemptFailure", 1),
            ("unschedulable", "UnschedulablePodAdd", 1),
        ]
    );
}

#[test]
fn candidates_are_shown_and_an_answer_overtaken_by_events_is_asked_for_again() {
    let config = Config {
        asks_about_preemption: true,
        ..Config::default()
    };
    let mut world = World::new(&[("a", 2), ("b", 2)]);
    world.core = Scheduler::new(&config, 7).unwrap();
    for name in ["a", "b"] {
        world.core.set_node(&node(name, 2), 0).unwrap();
        world.set(&Pod::new(&format!("on-{name}"), 2, 1).on(name));
    }
    world.set(&Pod::new("high", 2, 5));
    assert!(world.step().is_empty());
    let shown = |core: &Scheduler| core.inquiry().unwrap().candidates.clone().unwrap();
    let mut candidates = shown(&world.core);
    candidates.sort_by_key(|c| c.node.clone());
    let nodes: Vec<_> = candidates.iter().map(|c| &*c.node).collect();
    assert_eq!(nodes, ["a", "b"]);
    world.core.propose("high", Ok(candidates));
    world.set(&Pod::new("new", 2, 6).on("a"));
    world.remove("on-a");
    assert!(world.step().is_empty(), "a victim is gone");
    let candidates = shown(&world.core);
    assert_eq!(candidates.len(), 1);
    world.core.propose("high", Ok(candidates));
    assert_eq!(
        world.preemption(),
        ("b".into(), vec!["on-b".into()], vec![])
    );
}
