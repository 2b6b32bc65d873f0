//! One counter: how many pods in each domain of a topology key.

use super::{Counted, DomainId, Held, KeyId, NodeIndex, Topology};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// Pods of one kind on one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Crowd {
    pub all: u32,
    /// Of them, those not being deleted.
    pub lasting: u32,
}

/// Counts by domain.
#[derive(Debug)]
pub(super) struct Counter {
    defined: Arc<(Counted, KeyId)>,
    /// Keeps the key's number valid.
    _key: Held,
    /// The eligible nodes of a spread.
    nodes: Option<Held>,
    counts: Vec<u32>,
    /// Number of eligible rows, by domain; empty but for spreads.
    eligible: Vec<u32>,
    levels: Levels,
    total: u64,
    /// When it last changed.
    pub changed: u64,
}

impl Counter {
    pub fn new(defined: Arc<(Counted, KeyId)>, key: Held, nodes: Option<Held>, now: u64) -> Self {
        Self {
            defined,
            _key: key,
            nodes,
            counts: Vec::new(),
            eligible: Vec::new(),
            levels: Levels::default(),
            total: 0,
            changed: now,
        }
    }

    pub fn key(&self) -> KeyId {
        self.defined.1
    }

    pub fn counted(&self) -> &Counted {
        &self.defined.0
    }

    pub fn get(&self, domain: DomainId) -> u32 {
        self.counts.get(domain as usize).copied().unwrap_or(0)
    }

    pub fn total(&self) -> u64 {
        self.total
    }

    pub fn min(&self) -> Option<u32> {
        self.levels.min()
    }

    pub fn eligible_domains(&self) -> usize {
        self.levels.domains
    }

    pub fn is_eligible(&self, domain: DomainId) -> bool {
        self.eligible.get(domain as usize).is_some_and(|n| *n > 0)
    }

    /// Counts pods on a row, or no longer. Whether that changed a count.
    pub fn place(
        &mut self,
        topology: &Topology,
        eligible: &[Vec<bool>],
        row: NodeIndex,
        pods: Crowd,
        there: bool,
    ) -> bool {
        let pods = if self.nodes.is_some() {
            pods.lasting
        } else {
            pods.all
        };
        if pods == 0 || !self.admits(eligible, row) {
            return false;
        }
        let domain = topology.domain(self.key(), row);
        if let Some(domain) = domain {
            self.add(domain, pods, there);
        }
        domain.is_some()
    }

    /// A row joins its domain, or leaves it. Whether that changed the eligible domains.
    pub fn set_row(
        &mut self,
        topology: &Topology,
        eligible: &[Vec<bool>],
        row: NodeIndex,
        there: bool,
    ) -> bool {
        if self.nodes.is_none() || !self.admits(eligible, row) {
            return false;
        }
        let domain = topology.domain(self.key(), row);
        if let Some(domain) = domain {
            self.add_row(domain, there);
        }
        domain.is_some()
    }

    fn admits(&self, eligible: &[Vec<bool>], row: NodeIndex) -> bool {
        let rows = self
            .nodes
            .as_ref()
            .map(|nodes| &eligible[nodes.id() as usize]);
        rows.is_none_or(|rows| rows.get(row as usize) == Some(&true))
    }

    fn add(&mut self, domain: DomainId, pods: u32, there: bool) {
        let at = domain as usize;
        if self.counts.len() <= at {
            self.counts.resize(at + 1, 0);
        }
        let before = self.counts[at];
        let after = if there {
            before.saturating_add(pods)
        } else {
            before.saturating_sub(pods)
        };
        self.counts[at] = after;
        self.total = self.total - u64::from(before) + u64::from(after);
        if self.is_eligible(domain) {
            self.levels.leave(before);
            self.levels.enter(after);
        }
    }

    fn add_row(&mut self, domain: DomainId, there: bool) {
        let at = domain as usize;
        if self.eligible.len() <= at {
            self.eligible.resize(at + 1, 0);
        }
        let count = self.get(domain);
        let rows = &mut self.eligible[at];
        if there {
            *rows += 1;
            if *rows == 1 {
                self.levels.enter(count);
            }
        } else if *rows > 0 {
            *rows -= 1;
            if *rows == 0 {
                self.levels.leave(count);
            }
        }
    }
}

/// How many eligible domains have each count.
#[derive(Debug, Default)]
struct Levels {
    domains: usize,
    by_count: BTreeMap<u32, u32>,
}

impl Levels {
    fn min(&self) -> Option<u32> {
        self.by_count.first_key_value().map(|(&count, _)| count)
    }

    fn enter(&mut self, count: u32) {
        self.domains += 1;
        *self.by_count.entry(count).or_default() += 1;
    }

    fn leave(&mut self, count: u32) {
        self.domains -= 1;
        if let Entry::Occupied(mut domains) = self.by_count.entry(count) {
            *domains.get_mut() -= 1;
            if *domains.get() == 0 {
                domains.remove();
            }
        }
    }
}
