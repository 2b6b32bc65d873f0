//! Plugins whose answer depends on a node only through counts of pods in the node's topology domains:
//! PodTopologySpread and InterPodAffinity. They say which counts they read, and answer from the values alone,
//! so that one answer serves all nodes with equal values.

use super::Rejection;
use crate::cache::{Cache, CounterId, DomainId, KeyId, NodeIndex};
use crate::model::PodClass;
use smallvec::SmallVec;

/// A weighted sum of counters of one topology key, read in a node's domain. Whoever makes it holds key and counters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The topology key a node must carry; without it the node has no value.
    pub key: KeyId,
    /// Counters with their weights. All count by `key`, or by node.
    pub terms: SmallVec<[(CounterId, i64); 2]>,
    /// Greater values read as this one: where only "none or some" matters, 1 keeps equal what need not differ.
    pub cap: i64,
}

/// The values of all readings at a node, `None` where the node lacks the key.
pub type Values = SmallVec<[Option<i64>; 4]>;

impl Reading {
    /// One counter as it is.
    #[must_use]
    pub fn one(key: KeyId, counter: CounterId) -> Self {
        Self {
            key,
            terms: SmallVec::from_iter([(counter, 1)]),
            cap: i64::MAX,
        }
    }

    /// The key the counters count by.
    #[must_use]
    pub fn counter_key(&self, cache: &Cache) -> KeyId {
        let first = self.terms.first();
        first.map_or(self.key, |&(counter, _)| cache.counters().key(counter))
    }

    /// The value at a node.
    #[must_use]
    pub fn at(&self, cache: &Cache, row: NodeIndex) -> Option<i64> {
        cache.domain(self.key, row)?;
        cache
            .domain(self.counter_key(cache), row)
            .map(|domain| self.in_domain(cache, domain))
    }

    /// The value in a domain of the counters' key.
    #[must_use]
    pub fn in_domain(&self, cache: &Cache, domain: DomainId) -> i64 {
        let counters = cache.counters();
        let term = |&(counter, weight): &(CounterId, i64)| {
            weight * i64::from(counters.count(counter, domain))
        };
        self.terms.iter().map(term).sum::<i64>().min(self.cap)
    }
}

/// The values of readings at a node.
#[must_use]
pub fn values_at(readings: &[Reading], cache: &Cache, row: NodeIndex) -> Values {
    readings.iter().map(|r| r.at(cache, row)).collect()
}

/// The values of readings at many nodes.
#[must_use]
pub fn values_of(readings: &[Reading], cache: &Cache, rows: &[NodeIndex]) -> Vec<Values> {
    let mut values = vec![Values::new(); rows.len()];
    for reading in readings {
        let counter_key = reading.counter_key(cache);
        for (values, &row) in values.iter_mut().zip(rows) {
            let counted = cache.domain(reading.key, row).and_then(|domain| {
                let by_key = counter_key == reading.key;
                let domain = if by_key {
                    Some(domain)
                } else {
                    cache.domain(counter_key, row)
                };
                domain.map(|domain| reading.in_domain(cache, domain))
            });
            values.push(counted);
        }
    }
    values
}

/// Cluster-wide numbers a verdict depends on, such as the smallest count of all domains.
pub type Totals = SmallVec<[i64; 4]>;

/// A filter by counts, prepared for one class.
pub trait CountedFilter: Send + Sync {
    /// What is read at every node.
    fn readings(&self) -> &[Reading];

    /// What the verdicts on all nodes have in common; read before every decision, so it must be cheap.
    fn totals(&self, class: &PodClass, cache: &Cache) -> Totals;

    /// Why pods of the class do not fit a node with these values.
    fn check(&self, totals: &[i64], values: &[Option<i64>]) -> Option<Rejection>;
}

/// Numbers the score depends on, such as a weight per reading.
pub type Weights = SmallVec<[f64; 4]>;

/// The feasible nodes as a counted score sees them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Feasible {
    /// Number of feasible nodes that are not ignored.
    pub nodes: usize,
    /// Per reading: number of domains of its key among them; nodes without the key are one more domain.
    pub domains: SmallVec<[usize; 4]>,
}

/// A score by counts, prepared for one class.
pub trait CountedScore: Send + Sync {
    /// What is read at every feasible node.
    fn readings(&self) -> &[Reading];

    /// Nodes that lack the key of any reading are ignored: left out of `Feasible` and of the range of raw
    /// scores, and given 0.
    fn ignores_incomplete(&self) -> bool {
        false
    }

    /// Whether `weights` looks at `Feasible::domains`.
    fn counts_domains(&self) -> bool {
        false
    }

    /// What the scores of all nodes have in common, read before every decision; `None` to skip scoring.
    fn weights(&self, class: &PodClass, cache: &Cache, feasible: &Feasible) -> Option<Weights>;

    /// The raw score of a feasible node with these values.
    fn score(&self, weights: &[f64], values: &[Option<i64>]) -> i64;
}
