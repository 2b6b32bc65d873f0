//! Counters, kept up to date over random changes, against counting all pods again. One file, because the generators of
//! changes and the recount describe the same small cluster.

use kfast_core::Object;
use kfast_scheduler::cache::{Cache, Counted, Eligibility, Held, Occupant, Role};
use kfast_scheduler::model::{NodeSpec, PodClass, PodInput, PodSet, PodTerm, Taint, Toleration};
use kfast_selector::LabelSelector;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

type Labels = BTreeMap<String, String>;

#[derive(Clone, Debug)]
enum Change {
    SetNode {
        name: u8,
        labels: Labels,
        tainted: bool,
    },
    RemoveNode(u8),
    Place {
        pod: u8,
        node: u8,
        kind: usize,
        deleting: bool,
    },
    Unplace(u8),
    SetNamespace(&'static str, Option<Labels>),
    Define(usize),
    Drop(usize),
}

/// Everything as it was said last.
#[derive(Default)]
struct Model {
    nodes: BTreeMap<u8, (Labels, bool)>,
    pods: BTreeMap<u8, (u8, usize, bool)>,
    namespaces: BTreeMap<&'static str, Labels>,
}

fn labels() -> impl Strategy<Value = Labels> {
    let value = proptest::sample::select(vec!["1", "2", "3"]);
    let key = proptest::sample::select(vec!["zone", "host", "x"]);
    prop::collection::btree_map(
        key.prop_map(str::to_owned),
        value.prop_map(str::to_owned),
        0..4,
    )
}

fn change() -> impl Strategy<Value = Change> {
    let namespace = || proptest::sample::select(vec!["a", "b"]);
    prop_oneof![
        3 => (0..6_u8, labels(), any::<bool>())
            .prop_map(|(name, labels, tainted)| Change::SetNode { name, labels, tainted }),
        1 => (0..6_u8).prop_map(Change::RemoveNode),
        6 => (0..20_u8, 0..8_u8, 0..KINDS, any::<bool>())
            .prop_map(|(pod, node, kind, deleting)| Change::Place { pod, node, kind, deleting }),
        2 => (0..20_u8).prop_map(Change::Unplace),
        1 => (namespace(), prop::option::of(labels())).prop_map(|(n, l)| Change::SetNamespace(n, l)),
        3 => (0..COUNTED).prop_map(Change::Define),
        1 => (0..COUNTED).prop_map(Change::Drop),
    ]
}

fn object(value: &Value) -> Object {
    Object::parse(value.to_string().into_bytes()).unwrap()
}

fn selector(value: &Value) -> LabelSelector {
    LabelSelector::from_value(Some(value)).unwrap()
}

fn term(
    key: &str,
    namespaces: &[&str],
    namespace_selector: Option<Value>,
    wanted: &Value,
) -> PodTerm {
    PodTerm {
        topology_key: key.into(),
        pods: PodSet {
            namespaces: namespaces.iter().map(|n| Box::from(*n)).collect(),
            namespace_selector: LabelSelector::from_value(namespace_selector.as_ref()).unwrap(),
            selector: selector(wanted),
        },
    }
}

const KINDS: usize = 5;

/// Pods: namespace, labels, and the term of a required anti-affinity.
fn kind(at: usize) -> Value {
    let (namespace, labels) = [
        ("a", json!({"app": "web"})),
        ("a", json!({"app": "db", "tier": "1"})),
        ("b", json!({"app": "web"})),
        ("b", json!({})),
        ("c", json!({"app": "web", "tier": "2"})),
    ][at]
        .clone();
    let anti = json!([{"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "web"}}}]);
    let affinity = match at {
        0 | 3 => {
            json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": anti}})
        }
        4 => json!({"podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution":
            [{"weight": 7, "podAffinityTerm": {"topologyKey": "host", "labelSelector": {}, "namespaceSelector": {}}}]}}),
        _ => Value::Null,
    };
    json!({"metadata": {"name": "p", "namespace": namespace, "labels": labels}, "spec": {"affinity": affinity}})
}

const COUNTED: usize = 8;
/// Stands for the key by which every node is a domain of its own.
const NODE: &str = "";

fn counted(at: usize) -> (Counted, &'static str) {
    let web = json!({"matchLabels": {"app": "web"}});
    let spread = |nodes| Counted::Spread {
        namespace: "a".into(),
        selector: selector(&json!({"matchExpressions": [{"key": "app", "operator": "Exists"}]})),
        nodes,
    };
    let toleration = |key: &str| Toleration {
        key: key.into(),
        operator: "Exists".into(),
        ..serde_json::from_value(json!({})).unwrap()
    };
    match at {
        0 => (
            Counted::Pods([term("zone", &["a", "b"], None, &web).pods].into()),
            "zone",
        ),
        1 => {
            let by_namespace = json!({"matchLabels": {"x": "1"}});
            let tier = json!({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["2"]}]});
            let both = [
                term("host", &[], Some(by_namespace), &web).pods,
                term("host", &[], Some(json!({})), &tier).pods,
            ];
            (Counted::Pods(both.into()), "host")
        }
        2 => (spread(Eligibility::default()), "zone"),
        3 => {
            let nodes = Eligibility {
                keys: vec!["zone".into(), "host".into()],
                tolerations: Some(vec![toleration("other")]),
                ..Eligibility::default()
            };
            (spread(nodes), "host")
        }
        4 => {
            let nodes = Eligibility {
                node_selector: vec![("x".into(), "1".into())],
                ..Eligibility::default()
            };
            (spread(nodes), NODE)
        }
        5 => {
            let absent = json!({"matchExpressions": [{"key": "x", "operator": "DoesNotExist"}]});
            (
                Counted::Pods([term("zone", &[], Some(absent), &web).pods].into()),
                "zone",
            )
        }
        6 => (
            Counted::Owners(Role::AntiAffinity, term("zone", &["a"], None, &web)),
            "zone",
        ),
        _ => (
            Counted::Owners(
                Role::Preferred(7),
                term("host", &[], Some(json!({})), &json!({})),
            ),
            "host",
        ),
    }
}

fn input(cache: &mut Cache, at: usize) -> PodInput {
    PodInput::read(&object(&kind(at)), &mut cache.resources).unwrap()
}

struct Run {
    cache: Cache,
    model: Model,
    held: BTreeMap<usize, (Held, Held)>,
    classes: Vec<PodClass>,
}

impl Run {
    fn new() -> Self {
        let mut cache = Cache::default();
        let classes = (0..KINDS).map(|at| input(&mut cache, at).class).collect();
        Self {
            cache,
            model: Model::default(),
            held: BTreeMap::new(),
            classes,
        }
    }

    fn apply(&mut self, change: &Change) {
        let Self {
            cache, model, held, ..
        } = self;
        match change {
            Change::SetNode {
                name,
                labels,
                tainted,
            } => {
                let taints = if *tainted {
                    json!([{"key": "t", "effect": "NoSchedule"}])
                } else {
                    json!([])
                };
                let node = json!({"metadata": {"name": format!("n{name}"), "labels": labels}, "spec": {"taints": taints}});
                let spec = NodeSpec::read(&object(&node), &mut cache.resources).unwrap();
                cache.set_node(spec);
                model.nodes.insert(*name, (labels.clone(), *tainted));
            }
            Change::RemoveNode(name) => {
                cache.remove_node(&format!("n{name}"));
                model.nodes.remove(name);
            }
            Change::Place {
                pod,
                node,
                kind,
                deleting,
            } => {
                let class = cache.classes.intern(self.classes[*kind].clone());
                let mut occupant = Occupant::of(&input(cache, *kind).pod);
                occupant.deleting = *deleting;
                cache.place(
                    &format!("p{pod}").into(),
                    class,
                    &format!("n{node}").into(),
                    occupant,
                );
                model.pods.insert(*pod, (*node, *kind, *deleting));
            }
            Change::Unplace(pod) => {
                cache.unplace(&format!("p{pod}"));
                model.pods.remove(pod);
                let released = cache.classes.take_released();
                cache.forget(&released);
            }
            Change::SetNamespace(name, labels) => {
                let pairs = labels
                    .iter()
                    .flatten()
                    .map(|(k, v)| (k.as_str().into(), v.as_str().into()));
                cache.set_namespace(name, labels.is_some().then(|| pairs.collect()));
                match labels {
                    Some(labels) => model.namespaces.insert(name, labels.clone()),
                    None => model.namespaces.remove(name),
                };
            }
            Change::Define(at) => {
                let (counted, key) = counted(*at);
                let key = if key == NODE {
                    cache.node_key()
                } else {
                    cache.topology_key(key)
                };
                let counter = cache.counter(counted, &key);
                held.insert(*at, (key, counter));
            }
            Change::Drop(at) => drop(held.remove(at)),
        }
    }

    fn check(&self) {
        for (at, (key, counter)) in &self.held {
            let (counted, key_name) = counted(*at);
            let (counts, domains) = self.model.recount(&self.classes, &counted, key_name);
            let counters = self.cache.counters();
            assert_eq!(
                counters.total(counter.id()),
                counts.values().sum::<u64>(),
                "{counted:?}"
            );
            for (name, (labels, _)) in &self.model.nodes {
                let row = self.cache.index(&format!("n{name}")).unwrap();
                let value = domain(*name, labels, key_name);
                assert_eq!(self.cache.domain(key.id(), row).is_some(), value.is_some());
                let wanted = value.and_then(|v| counts.get(&v)).copied().unwrap_or(0);
                assert_eq!(
                    u64::from(counters.count_at(counter.id(), row)),
                    wanted,
                    "{counted:?} on {name}"
                );
            }
            if matches!(counted, Counted::Spread { .. }) {
                let least = domains
                    .iter()
                    .map(|d| counts.get(d).copied().unwrap_or(0))
                    .min();
                assert_eq!(
                    counters.min(counter.id()).map(u64::from),
                    least,
                    "{counted:?}"
                );
                assert_eq!(counters.eligible_domains(counter.id()), domains.len());
            }
        }
    }
}

/// The value of a topology key on a node.
fn domain(node: u8, labels: &Labels, key: &str) -> Option<String> {
    if key == NODE {
        Some(node.to_string())
    } else {
        labels.get(key).cloned()
    }
}

fn boxed(labels: &Labels) -> Vec<(Box<str>, Box<str>)> {
    labels
        .iter()
        .map(|(k, v)| (k.as_str().into(), v.as_str().into()))
        .collect()
}

impl Model {
    /// Counts by domain, and the domains with eligible nodes.
    fn recount(
        &self,
        classes: &[PodClass],
        counted: &Counted,
        key: &str,
    ) -> (BTreeMap<String, u64>, BTreeSet<String>) {
        let mut counts = BTreeMap::new();
        for (node, kind, deleting) in self.pods.values() {
            let Some((labels, tainted)) = self.nodes.get(node) else {
                continue;
            };
            let Some(domain) = domain(*node, labels, key) else {
                continue;
            };
            if self.counts(&classes[*kind], counted, *deleting)
                && eligible(counted, labels, *tainted)
            {
                *counts.entry(domain).or_default() += 1;
            }
        }
        let nodes = self
            .nodes
            .iter()
            .filter(|(_, (labels, tainted))| eligible(counted, labels, *tainted));
        let domains = nodes
            .filter_map(|(name, (labels, _))| domain(*name, labels, key))
            .collect();
        (counts, domains)
    }

    fn counts(&self, class: &PodClass, counted: &Counted, deleting: bool) -> bool {
        let own = self
            .namespaces
            .get(&*class.namespace)
            .map(boxed)
            .unwrap_or_default();
        let selected = |set: &PodSet| {
            set.names(&class.namespace)
                || set.namespace_selector.matches(&own)
                || set.namespace_selector.matches(&[])
        };
        match counted {
            Counted::Pods(sets) => sets
                .iter()
                .all(|s| selected(s) && s.selector.matches(&class.labels)),
            Counted::Spread {
                namespace,
                selector,
                ..
            } => !deleting && *namespace == class.namespace && selector.matches(&class.labels),
            Counted::Owners(Role::AntiAffinity, term) => {
                class.affinity.required_anti.contains(term)
            }
            Counted::Owners(Role::Affinity, term) => class.affinity.required.contains(term),
            Counted::Owners(Role::Preferred(weight), term) => {
                class.affinity.preferred.contains(&(*weight, term.clone()))
            }
        }
    }
}

fn eligible(counted: &Counted, labels: &Labels, tainted: bool) -> bool {
    let Counted::Spread { nodes, .. } = counted else {
        return true;
    };
    let taint = Taint {
        key: "t".into(),
        value: String::new(),
        effect: kfast_scheduler::model::Effect::NoSchedule,
    };
    nodes.keys.iter().all(|k| labels.contains_key(&**k))
        && nodes
            .node_selector
            .iter()
            .all(|(k, v)| labels.get(k) == Some(v))
        && (!tainted
            || nodes
                .tolerations
                .as_ref()
                .is_none_or(|t| t.iter().any(|t| t.tolerates(&taint))))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn counts_equal_a_recount(changes in prop::collection::vec(change(), 1..120)) {
        let mut run = Run::new();
        // Owners are counted from their first pod on, so these two are held throughout.
        run.apply(&Change::Define(6));
        run.apply(&Change::Define(7));
        for change in changes.iter().filter(|c| !matches!(c, Change::Drop(6 | 7))) {
            run.apply(change);
            run.check();
        }
    }

    /// Which owners' terms are about a pod is what matching every term anew says.
    #[test]
    fn owners_about_a_pod_are_kept(changes in prop::collection::vec(change(), 1..80)) {
        let mut run = Run::new();
        let mut seen: Vec<Option<(u64, Vec<Counted>, Held)>> = vec![None; KINDS];
        for change in &changes {
            run.apply(change);
            for (class, seen) in run.classes.iter().zip(&mut seen) {
                let version = run.cache.counters().owners_version(&class.namespace, &class.labels);
                let (owners, subject) = run.cache.owners_about(&class.namespace, &class.labels);
                let counters = run.cache.counters();
                let now: Vec<Counted> = owners.iter().map(|o| counters.counted(o.id()).clone()).collect();
                let with_pods = owners.iter().filter(|o| counters.total(o.id()) > 0);
                let with_pods: BTreeSet<_> = with_pods.map(|o| format!("{:?}", counters.counted(o.id()))).collect();
                prop_assert_eq!(with_pods, run.model.owners_about(&run.classes, class));
                if let Some((before, was, _)) = seen && *before == version {
                    prop_assert_eq!(&*was, &now);
                }
                *seen = Some((counters.owners_version(&class.namespace, &class.labels), now, subject));
            }
        }
    }
}

impl Model {
    /// Terms about pods of the class, of which there is an owner on a node with their key.
    fn owners_about(&self, classes: &[PodClass], class: &PodClass) -> BTreeSet<String> {
        let own = self
            .namespaces
            .get(&*class.namespace)
            .map(boxed)
            .unwrap_or_default();
        let mut about = BTreeSet::new();
        for (node, kind, _) in self.pods.values() {
            let affinity = &classes[*kind].affinity;
            let anti = affinity
                .required_anti
                .iter()
                .map(|t| (Role::AntiAffinity, t));
            let preferred = affinity
                .preferred
                .iter()
                .map(|(w, t)| (Role::Preferred(*w), t));
            for (role, term) in anti.chain(preferred) {
                let here = self
                    .nodes
                    .get(node)
                    .is_some_and(|(labels, _)| labels.contains_key(&*term.topology_key));
                if here && term.pods.contains(&class.namespace, &class.labels, &own) {
                    about.insert(format!("{:?}", Counted::Owners(role, term.clone())));
                }
            }
        }
        about
    }
}

#[test]
fn unknown_nodes_keep_their_pods_for_later() {
    let mut run = Run::new();
    run.apply(&Change::Define(0));
    run.apply(&Change::Place {
        pod: 1,
        node: 1,
        kind: 0,
        deleting: false,
    });
    run.check();
    let zone: Labels = [("zone".to_owned(), "1".to_owned())].into();
    run.apply(&Change::SetNode {
        name: 1,
        labels: zone,
        tainted: false,
    });
    run.check();
    let (_, counter) = &run.held[&0];
    assert_eq!(run.cache.counters().total(counter.id()), 1);
}
