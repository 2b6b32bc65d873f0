//! What counters see of a pod: its namespace and labels, shared by all pods that have the same.

use super::counter::Crowd;
use super::{CounterId, Interned, NodeIndex};
use crate::model::Labels;
use foldhash::HashMap;
use hashbrown::Equivalent;
use std::sync::Arc;

/// Namespace and labels.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Subject {
    pub namespace: Arc<str>,
    pub labels: Labels,
}

/// The parts of a subject, to look it up by.
#[derive(Hash)]
pub(super) struct SubjectRef<'a> {
    pub namespace: &'a Arc<str>,
    pub labels: &'a Labels,
}

impl Equivalent<Arc<Subject>> for SubjectRef<'_> {
    fn equivalent(&self, key: &Arc<Subject>) -> bool {
        key.namespace == *self.namespace && key.labels == *self.labels
    }
}

/// Which counters concern a subject, and where its pods are.
#[derive(Debug, Default)]
pub(super) struct Concern {
    /// Counters its pods count in.
    pub counted: Vec<CounterId>,
    /// Owner counters whose term is about it.
    pub addressed: Vec<CounterId>,
    /// Changes with `addressed`.
    pub version: u64,
    pub rows: HashMap<NodeIndex, Crowd>,
}

impl Concern {
    /// Counts a pod on a row, or no longer.
    pub fn place(&mut self, row: NodeIndex, pod: Crowd, there: bool) {
        let crowd = self.rows.entry(row).or_default();
        let change = |n: &mut u32, by: u32| *n = if there { *n + by } else { n.saturating_sub(by) };
        change(&mut crowd.all, pod.all);
        change(&mut crowd.lasting, pod.lasting);
        if crowd.all == 0 {
            self.rows.remove(&row);
        }
    }
}

/// All subjects held.
#[derive(Debug, Default)]
pub(super) struct Subjects {
    pub names: Interned<Subject>,
    concerns: Vec<Concern>,
}

impl Subjects {
    pub fn concern(&self, id: u32) -> &Concern {
        &self.concerns[id as usize]
    }

    pub fn concern_mut(&mut self, id: u32) -> &mut Concern {
        &mut self.concerns[id as usize]
    }

    /// Sets the concern of a subject.
    pub fn put(&mut self, id: u32, concern: Concern) {
        let at = id as usize;
        if self.concerns.len() <= at {
            self.concerns.resize_with(at + 1, Concern::default);
        }
        self.concerns[at] = concern;
    }

    /// Drops the subjects nobody holds.
    pub fn sweep(&mut self) {
        for id in self.names.sweep() {
            self.put(id, Concern::default());
        }
    }

    pub fn ids(&self) -> Vec<u32> {
        self.names.iter().map(|(id, _)| id).collect()
    }
}
