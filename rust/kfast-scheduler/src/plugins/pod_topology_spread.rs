//! PodTopologySpread: pods of one kind are spread evenly over topology domains. Hard constraints filter, soft
//! ones score; pods without constraints are spread by the selectors of their Services and controllers.

use crate::cache::{Cache, Counted, CounterId, Eligibility, Held};
use crate::framework::{
    ClusterEvent, CountedFilter, CountedScore, Events, Feasible, MAX_NODE_SCORE, Normalize, Plugin,
    PreFilter, PreFiltered, PreScored, Range, Reading, Rejection, Score, Totals, Weights,
};
use crate::model::{PodClass, RawSpreadConstraint, SpreadConstraint};
use kfast_selector::LabelSelector;
use serde::Deserialize;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::sync::Arc;

const NAME: &str = "PodTopologySpread";
const HOSTNAME: &str = "kubernetes.io/hostname";
const ZONE: &str = "topology.kubernetes.io/zone";

/// Arguments.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodTopologySpreadArgs {
    /// For pods without constraints, with `defaultingType: List`.
    default_constraints: Vec<RawSpreadConstraint>,
    /// Where the constraints of pods without any come from.
    defaulting_type: Defaulting,
}

/// `defaultingType`.
#[derive(Default, PartialEq, Eq, Deserialize)]
enum Defaulting {
    /// At most 3 more pods on a node, 5 more in a zone; preferred, not required.
    #[default]
    System,
    /// `defaultConstraints`.
    List,
}

/// The plugin.
pub struct PodTopologySpread {
    defaults: Vec<SpreadConstraint>,
    system: bool,
}

impl PodTopologySpread {
    /// The plugin with its arguments.
    ///
    /// # Errors
    /// A default constraint has a selector.
    pub fn new(args: PodTopologySpreadArgs) -> Result<Self, kfast_selector::SelectorError> {
        let system = args.defaulting_type == Defaulting::System;
        let read = |raw| SpreadConstraint::read(raw, &[]).transpose();
        let defaults = if system {
            vec![
                SpreadConstraint::soft(HOSTNAME, 3),
                SpreadConstraint::soft(ZONE, 5),
            ]
        } else {
            let list = args.default_constraints.into_iter().filter_map(read);
            list.collect::<Result<_, _>>()?
        };
        Ok(Self { defaults, system })
    }

    /// The hard or the soft constraints of a class: its own, or the defaults if it has none.
    fn constraints<'a>(
        &self,
        class: &'a PodClass,
        cache: &Cache,
        hard: bool,
    ) -> Cow<'a, [SpreadConstraint]> {
        let own = &class.spread.constraints;
        if !own.is_empty() || class.spread.invalid.is_some() {
            return own.iter().filter(|c| c.hard == hard).cloned().collect();
        }
        let wanted = self.defaults.iter().filter(|c| c.hard == hard);
        let Some(selector) = cache.owners().selector_for(class) else {
            return Cow::Borrowed(&[]);
        };
        let with_selector = |c: &SpreadConstraint| SpreadConstraint {
            selector: selector.clone(),
            ..c.clone()
        };
        wanted.map(with_selector).collect()
    }

    fn owners_version(&self, class: &PodClass, cache: &Cache) -> u64 {
        if self.defaults.is_empty() || !class.spread.constraints.is_empty() {
            return 0;
        }
        cache.owners().version(&class.namespace)
    }
}

impl Plugin for PodTopologySpread {
    fn name(&self) -> &'static str {
        NAME
    }

    fn pre_filter(&self) -> Option<&dyn PreFilter> {
        Some(self)
    }

    fn score(&self) -> Option<&dyn Score> {
        Some(self)
    }

    fn events(&self) -> Events {
        Events::NODE_ADD
            | Events::NODE_LABEL
            | Events::NODE_TAINT
            | Events::NODE_DELETE
            | Events::POD_ADD
            | Events::POD_LABEL
            | Events::POD_DELETE
            | Events::TARGET_LABEL
            | Events::TARGET_TOLERATION
            | Events::TARGET_UPDATE
    }

    fn hint(&self, class: &PodClass, event: &ClusterEvent<'_>) -> bool {
        let hard = || class.spread.constraints.iter().filter(|c| c.hard);
        let counted = |pod: &PodClass| {
            pod.namespace == class.namespace && hard().any(|c| c.selector.matches(&pod.labels))
        };
        match (event.pod, event.pod_now, event.node) {
            (Some(was), Some(now), _) => counted(was) != counted(now),
            (Some(pod), None, _) | (None, Some(pod), _) => counted(pod),
            (None, None, Some(node)) => {
                hard().all(|c| node.spec().label(&c.topology_key).is_some())
            }
            (None, None, None) => true,
        }
    }
}

/// What makes the counts of one constraint.
fn spread(class: &PodClass, constraint: &SpreadConstraint, keys: &[&str]) -> Counted {
    let affinity = constraint.honors_affinity;
    let others = keys.iter().filter(|k| **k != &*constraint.topology_key);
    Counted::Spread {
        namespace: Arc::clone(&class.namespace),
        selector: constraint.selector.clone(),
        nodes: Eligibility {
            keys: others.map(|k| (*k).into()).collect(),
            node_selector: if affinity {
                class.node_selector.clone()
            } else {
                Vec::new()
            },
            required: class.required.clone().filter(|_| affinity),
            tolerations: constraint.honors_taints.then(|| class.tolerations.clone()),
        },
    }
}

/// Distinct keys in their order.
fn keys(constraints: &[SpreadConstraint]) -> SmallVec<[&str; 4]> {
    let mut keys = SmallVec::new();
    for constraint in constraints {
        if !keys.contains(&&*constraint.topology_key) {
            keys.push(&*constraint.topology_key);
        }
    }
    keys
}

impl PreFilter for PodTopologySpread {
    fn prepare(&self, class: &PodClass, cache: &mut Cache) -> PreFiltered {
        if let Some(cause) = &class.spread.invalid {
            return PreFiltered::Reject(Rejection::made(NAME, cause));
        }
        let constraints = self.constraints(class, cache, true);
        if constraints.is_empty() {
            return PreFiltered::Skip;
        }
        let keys = keys(&constraints);
        let (mut readings, mut hard, mut held) = (Vec::new(), Vec::new(), Vec::new());
        for constraint in &*constraints {
            let key = cache.topology_key(&constraint.topology_key);
            let counter = cache.counter(spread(class, constraint, &keys), &key);
            hard.push(HardConstraint {
                max_skew: constraint.max_skew.into(),
                min_domains: usize::try_from(constraint.min_domains).unwrap_or(0),
                own: constraint.selector.matches(&class.labels).into(),
                counter: counter.id(),
            });
            readings.push(Reading::one(key.id(), counter.id()));
            held.extend([key, counter]);
        }
        PreFiltered::counts(HardSpread {
            _held: held,
            readings,
            constraints: hard,
        })
    }

    fn version(&self, class: &PodClass, cache: &Cache) -> u64 {
        self.owners_version(class, cache)
    }
}

struct HardConstraint {
    max_skew: i64,
    min_domains: usize,
    /// 1 if the pod to be placed counts itself.
    own: i64,
    counter: CounterId,
}

/// All hard constraints of a class.
struct HardSpread {
    /// What keeps keys and counters.
    _held: Vec<Held>,
    readings: Vec<Reading>,
    constraints: Vec<HardConstraint>,
}

impl CountedFilter for HardSpread {
    fn readings(&self) -> &[Reading] {
        &self.readings
    }

    /// The smallest count of all domains, by constraint.
    fn totals(&self, _: &PodClass, cache: &Cache) -> Totals {
        let counters = cache.counters();
        let smallest = |c: &HardConstraint| {
            if counters.eligible_domains(c.counter) < c.min_domains {
                return 0;
            }
            let none = i64::from(i32::MAX);
            counters.min(c.counter).map_or(none, |n| none.min(n.into()))
        };
        self.constraints.iter().map(smallest).collect()
    }

    fn check(&self, totals: &[i64], values: &[Option<i64>]) -> Option<Rejection> {
        let all = self.constraints.iter().zip(totals).zip(values);
        for ((constraint, smallest), value) in all {
            let Some(count) = value else {
                return Some(Rejection::unresolvable(
                    NAME,
                    "node(s) didn't match pod topology spread constraints (missing required label)",
                ));
            };
            if count + constraint.own - smallest > constraint.max_skew {
                return Some(Rejection::unschedulable(
                    NAME,
                    "node(s) didn't match pod topology spread constraints",
                ));
            }
        }
        None
    }
}

impl Score for PodTopologySpread {
    fn prepare(&self, class: &PodClass, cache: &mut Cache) -> PreScored {
        let constraints = self.constraints(class, cache, false);
        if constraints.is_empty() {
            return PreScored::Skip;
        }
        let complete = !self.system || !class.spread.constraints.is_empty();
        let keys = if complete {
            keys(&constraints)
        } else {
            SmallVec::new()
        };
        let (mut readings, mut soft, mut held) = (Vec::new(), Vec::new(), Vec::new());
        for constraint in &*constraints {
            let key = cache.topology_key(&constraint.topology_key);
            let by_node = &*constraint.topology_key == HOSTNAME;
            let counter = if by_node {
                // Counted on the node itself, whatever the policies say.
                let node = cache.node_key();
                let counter = cache.counter(on_node(class, &constraint.selector), &node);
                held.push(node);
                counter
            } else {
                cache.counter(spread(class, constraint, &keys), &key)
            };
            soft.push(SoftConstraint {
                max_skew: f64::from(constraint.max_skew),
                by_node,
            });
            readings.push(Reading::one(key.id(), counter.id()));
            held.extend([key, counter]);
        }
        PreScored::counts(SoftSpread {
            _held: held,
            readings,
            constraints: soft,
            complete,
        })
    }

    fn version(&self, class: &PodClass, cache: &Cache) -> u64 {
        self.owners_version(class, cache)
    }

    fn normalize(&self) -> Option<&dyn Normalize> {
        Some(self)
    }
}

fn on_node(class: &PodClass, selector: &LabelSelector) -> Counted {
    Counted::Spread {
        namespace: Arc::clone(&class.namespace),
        selector: selector.clone(),
        nodes: Eligibility::default(),
    }
}

struct SoftConstraint {
    max_skew: f64,
    /// The key is the hostname: pods are counted by node.
    by_node: bool,
}

/// All soft constraints of a class.
struct SoftSpread {
    /// What keeps keys and counters.
    _held: Vec<Held>,
    readings: Vec<Reading>,
    constraints: Vec<SoftConstraint>,
    /// Nodes must carry all keys to be scored.
    complete: bool,
}

impl CountedScore for SoftSpread {
    fn readings(&self) -> &[Reading] {
        &self.readings
    }

    fn ignores_incomplete(&self) -> bool {
        self.complete
    }

    fn counts_domains(&self) -> bool {
        self.constraints.iter().any(|c| !c.by_node)
    }

    /// `ln(domains + 2)`, by constraint.
    #[allow(clippy::cast_precision_loss)]
    fn weights(&self, _: &PodClass, _: &Cache, feasible: &Feasible) -> Option<Weights> {
        let weight = |(at, c): (usize, &SoftConstraint)| {
            let counted = feasible.domains.get(at).filter(|_| !c.by_node);
            ((counted.copied().unwrap_or(feasible.nodes) + 2) as f64).ln()
        };
        Some(self.constraints.iter().enumerate().map(weight).collect())
    }

    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
    fn score(&self, weights: &[f64], values: &[Option<i64>]) -> i64 {
        let mut sum = 0.0;
        for ((constraint, weight), value) in self.constraints.iter().zip(weights).zip(values) {
            if let Some(count) = value {
                sum += *count as f64 * weight + (constraint.max_skew - 1.0);
            }
        }
        sum.round() as i64
    }
}

impl Normalize for PodTopologySpread {
    fn normalize(&self, raw: i64, range: Range) -> i64 {
        match range.max.max(0) {
            0 => MAX_NODE_SCORE,
            max => MAX_NODE_SCORE * (max + range.min - raw) / max,
        }
    }
}
