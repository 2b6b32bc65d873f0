//! Candidates kept up to date against candidates found from scratch, over random changes.

use kfast_core::Object;
use kfast_scheduler::cache::{Cache, ClassId, NodeIndex, Occupant};
use kfast_scheduler::cycle::Prepared;
use kfast_scheduler::framework::{Profile, default_profile};
use kfast_scheduler::model::{NodeSpec, PodInput};
use kfast_scheduler::preemption::{
    Budgets, CandidateStates, Found, Limits, Nomination, Nominator, Preemptor, Surroundings,
    check_with_nominated, find_from_scratch,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;

#[derive(Clone, Debug)]
enum Change {
    SetNode {
        name: u8,
        cpu: u8,
        tainted: bool,
    },
    RemoveNode(u8),
    Place {
        pod: u8,
        node: u8,
        kind: u8,
        started: Option<u8>,
    },
    Unplace(u8),
    Nominate {
        pod: u8,
        node: u8,
        kind: u8,
    },
    Denominate(u8),
    Budget {
        app: u8,
        allowed: u8,
    },
    NoBudget(u8),
}

fn change() -> impl Strategy<Value = Change> {
    let started = || prop::option::of(0..4_u8);
    prop_oneof![
        3 => (0..8_u8, 1..6_u8, prop::bool::weighted(0.1))
            .prop_map(|(name, cpu, tainted)| Change::SetNode { name, cpu, tainted }),
        1 => (0..8_u8).prop_map(Change::RemoveNode),
        8 => (0..40_u8, 0..8_u8, 0..12_u8, started())
            .prop_map(|(pod, node, kind, started)| Change::Place { pod, node, kind, started }),
        2 => (0..40_u8).prop_map(Change::Unplace),
        2 => (0..6_u8, 0..8_u8, 0..12_u8).prop_map(|(pod, node, kind)| Change::Nominate { pod, node, kind }),
        1 => (0..6_u8).prop_map(Change::Denominate),
        1 => (0..3_u8, 0..3_u8).prop_map(|(app, allowed)| Change::Budget { app, allowed }),
        1 => (0..3_u8).prop_map(Change::NoBudget),
    ]
}

fn object(value: &Value) -> Object {
    Object::parse(value.to_string().into_bytes()).unwrap()
}

/// Pods of 12 kinds: three apps, four priorities; requests, ports and anti-affinity vary.
fn pod(kind: u8) -> Object {
    let (app, priority) = (kind % 3, kind / 3);
    let cpu = ["600m", "1", "1500m"][usize::from(kind) % 3];
    let ports = if kind % 4 == 3 {
        json!([{"hostPort": 80}])
    } else {
        json!([])
    };
    let container = json!({"name": "c", "resources": {"requests": {"cpu": cpu}}, "ports": ports});
    let affinity = if kind == 7 {
        let term =
            json!({"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "app2"}}});
        json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}})
    } else {
        json!({})
    };
    object(&json!({
        "metadata": {"name": "p", "namespace": "d", "labels": {"app": format!("app{app}")}},
        "spec": {"priority": priority, "containers": [container], "affinity": affinity},
    }))
}

fn node(name: u8, cpu: u8, tainted: bool) -> Object {
    let taints = if tainted {
        json!([{"key": "k", "effect": "NoSchedule"}])
    } else {
        json!([])
    };
    object(&json!({
        "metadata": {"name": format!("n{name}"), "labels": {"zone": format!("z{}", name % 3)}},
        "spec": {"taints": taints},
        "status": {"allocatable": {"cpu": cpu.to_string(), "pods": "5"}},
    }))
}

#[derive(Default)]
struct World {
    cache: Cache,
    nominator: Nominator,
    budgets: Budgets,
}

impl World {
    fn class(&mut self, kind: u8) -> ClassId {
        let class = PodInput::read(&pod(kind), &mut self.cache.resources)
            .unwrap()
            .class;
        self.cache.classes.intern(class)
    }

    fn touch(&mut self, node: &str) {
        if let Some(row) = self.cache.index(node) {
            self.cache.touch(row);
        }
    }

    fn denominate(&mut self, uid: &str) {
        if let Some((node, nomination)) = self.nominator.remove(uid) {
            self.touch(&node);
            self.cache.classes.release(nomination.class);
        }
    }

    fn apply(&mut self, change: &Change) {
        match change {
            Change::SetNode { name, cpu, tainted } => {
                let node = node(*name, *cpu, *tainted);
                let spec = NodeSpec::read(&node, &mut self.cache.resources).unwrap();
                self.cache.set_node(spec);
            }
            Change::RemoveNode(name) => self.cache.remove_node(&format!("n{name}")),
            Change::Place {
                pod,
                node,
                kind,
                started,
            } => {
                let class = self.class(*kind);
                let uid: Arc<str> = format!("p{pod}").into();
                let occupant = Occupant {
                    namespace: "d".into(),
                    name: Arc::clone(&uid),
                    started: started.map(i64::from),
                    deleting: false,
                    preempted: false,
                    rest: Default::default(),
                    print: None,
                };
                self.cache
                    .place(&uid, class, &format!("n{node}").into(), occupant);
            }
            Change::Unplace(pod) => drop(self.cache.unplace(&format!("p{pod}"))),
            Change::Nominate { pod, node, kind } => {
                let uid: Arc<str> = format!("q{pod}").into();
                self.denominate(&uid);
                let class = self.class(*kind);
                let priority = self.cache.classes.get(class).priority;
                let node: Arc<str> = format!("n{node}").into();
                self.nominator.set(
                    Nomination {
                        uid,
                        class,
                        priority,
                    },
                    &node,
                );
                self.touch(&node);
            }
            Change::Denominate(pod) => self.denominate(&format!("q{pod}")),
            Change::Budget { app, allowed } => {
                let selector = json!({"matchLabels": {"app": format!("app{app}")}});
                let budget = json!({
                    "metadata": {"name": format!("b{app}"), "namespace": "d"},
                    "spec": {"selector": selector},
                    "status": {"disruptionsAllowed": allowed, "disruptedPods": {"p3": "2026-01-01T00:00:00Z"}},
                });
                self.budgets
                    .set(&object(&budget), &mut self.cache.label_keys)
                    .unwrap();
            }
            Change::NoBudget(app) => self.budgets.remove("d", &format!("b{app}")),
        }
    }

    /// What is found for pods of a kind with the states, and from scratch.
    fn find(
        &mut self,
        profile: &Profile,
        states: &mut CandidateStates,
        kind: u8,
        uid: &str,
        offset: usize,
    ) -> (Found, Found) {
        let id = self.class(kind);
        let class = self.cache.classes.get(id);
        let prepared = Prepared::new(profile, &mut self.cache, &class);
        let check = |cache: &Cache, row| prepared.rejection_alone(profile, cache, &class, row);
        let preemptor = Preemptor {
            id,
            class: &class,
            uid,
            check: &check,
            shared: prepared.filters_count(),
            version: prepared.versions(),
            rows: None,
            everywhere: false,
        };
        let limits = Limits {
            percentage: 10,
            absolute: 3,
        };
        let mut around = Surroundings {
            cache: &mut self.cache,
            nominator: &self.nominator,
            budgets: &self.budgets,
        };
        let kept = states.find(&preemptor, &mut around, limits, offset);
        let fresh = find_from_scratch(&preemptor, &mut around, limits, offset);
        if let Found::Candidate(row, victims) = &fresh {
            let others = around
                .nominator
                .yields_to(&name(around.cache, *row), class.priority, uid);
            let gone: Vec<_> = victims
                .pods
                .iter()
                .map(|uid| (uid, around.cache.placed(uid).map(|p| p.class).unwrap()))
                .collect();
            gone.iter()
                .for_each(|(uid, c)| around.cache.suppose(*row, uid, (*c, false), false));
            let rejection = check_with_nominated(around.cache, *row, &others, &check);
            gone.iter()
                .for_each(|(uid, c)| around.cache.suppose(*row, uid, (*c, false), true));
            assert_eq!(rejection, None, "the pod fits once the victims are gone");
            let lower = |(_, c): &(&Arc<str>, ClassId)| {
                around.cache.classes.get(*c).priority < class.priority
            };
            assert!(!gone.is_empty() && gone.iter().all(lower));
        }
        // The hold stays: the states are kept by number.
        (sorted(kept), sorted(fresh))
    }
}

fn name(cache: &Cache, row: NodeIndex) -> Arc<str> {
    Arc::clone(&cache.node(row).unwrap().spec().name)
}

fn sorted(found: Found) -> Found {
    match found {
        Found::Nothing(mut reasons) => {
            reasons.sort_by_key(|(r, _)| format!("{r:?}"));
            Found::Nothing(reasons)
        }
        found => found,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn kept_candidates_equal_those_found_from_scratch(
        changes in prop::collection::vec(change(), 1..80),
        stride in 1..6_usize,
        offset in 0..20_usize,
    ) {
        let profile = default_profile();
        let (mut world, mut states) = (World::default(), CandidateStates::default());
        for (number, change) in changes.iter().enumerate() {
            world.apply(change);
            if number % stride != 0 {
                continue;
            }
            for (kind, uid) in [(9, "x"), (10, "q1"), (11, "x"), (5, "x")] {
                let (kept, fresh) = world.find(&profile, &mut states, kind, uid, offset + number);
                prop_assert_eq!(kept, fresh);
            }
        }
    }
}
