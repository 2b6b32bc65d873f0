//! Amounts over nodes, one column each.

use super::NodeIndex;
use crate::model::{PodClass, ResourceId, Resources};

/// One value per node row.
#[derive(Debug, Default)]
pub struct Columns {
    rows: usize,
    /// Per resource.
    allocatable: Vec<Vec<i64>>,
    /// Per resource.
    requested: Vec<Vec<i64>>,
    nonzero_cpu: Vec<i64>,
    nonzero_memory: Vec<i64>,
    pods: Vec<i64>,
    allowed_pods: Vec<i64>,
}

impl Columns {
    pub(super) fn add_row(&mut self) {
        self.rows += 1;
        for column in self.allocatable.iter_mut().chain(&mut self.requested) {
            column.push(0);
        }
        for column in [
            &mut self.nonzero_cpu,
            &mut self.nonzero_memory,
            &mut self.pods,
            &mut self.allowed_pods,
        ] {
            column.push(0);
        }
    }

    pub(super) fn clear_row(&mut self, row: NodeIndex) {
        let row = row as usize;
        for column in self.allocatable.iter_mut().chain(&mut self.requested) {
            column[row] = 0;
        }
        self.nonzero_cpu[row] = 0;
        self.nonzero_memory[row] = 0;
        self.pods[row] = 0;
        self.allowed_pods[row] = 0;
    }

    pub(super) fn set_allocatable(&mut self, row: NodeIndex, amounts: &Resources, pods: i64) {
        for (id, _) in amounts.iter() {
            self.reach(id);
        }
        for (id, column) in (0..).zip(&mut self.allocatable) {
            column[row as usize] = amounts.get(id);
        }
        self.allowed_pods[row as usize] = pods;
    }

    pub(super) fn account(&mut self, row: NodeIndex, class: &PodClass, add: bool) {
        let at = row as usize;
        let change = |cell: &mut i64, amount: i64| {
            *cell = if add {
                cell.saturating_add(amount)
            } else {
                cell.saturating_sub(amount)
            };
        };
        for (id, amount) in class.requests.iter() {
            self.reach(id);
            change(&mut self.requested[usize::from(id)][at], amount);
        }
        change(&mut self.nonzero_cpu[at], class.nonzero_accounted.0);
        change(&mut self.nonzero_memory[at], class.nonzero_accounted.1);
        change(&mut self.pods[at], 1);
    }

    /// `status.allocatable` of one resource.
    #[must_use]
    pub fn allocatable(&self, id: ResourceId, row: NodeIndex) -> i64 {
        self.allocatable
            .get(usize::from(id))
            .map_or(0, |c| c[row as usize])
    }

    /// Sum of the requests of the pods on the node.
    #[must_use]
    pub fn requested(&self, id: ResourceId, row: NodeIndex) -> i64 {
        self.requested
            .get(usize::from(id))
            .map_or(0, |c| c[row as usize])
    }

    /// Allocatable and requested amounts of one resource; `None` if no node has it and no pod asks for it.
    #[must_use]
    pub fn of(&self, id: ResourceId) -> Option<(&[i64], &[i64])> {
        let at = usize::from(id);
        Some((self.allocatable.get(at)?, self.requested.get(at)?))
    }

    /// Requested cpu and memory with defaults.
    #[must_use]
    pub fn nonzero(&self) -> (&[i64], &[i64]) {
        (&self.nonzero_cpu, &self.nonzero_memory)
    }

    /// Numbers of pods, and how many the nodes take.
    #[must_use]
    pub fn pod_counts(&self) -> (&[i64], &[i64]) {
        (&self.pods, &self.allowed_pods)
    }

    /// The same for (cpu, memory) with defaults.
    #[must_use]
    pub fn nonzero_requested(&self, row: NodeIndex) -> (i64, i64) {
        (
            self.nonzero_cpu[row as usize],
            self.nonzero_memory[row as usize],
        )
    }

    /// Number of pods on the node, and how many it takes.
    #[must_use]
    pub fn pods(&self, row: NodeIndex) -> (i64, i64) {
        (self.pods[row as usize], self.allowed_pods[row as usize])
    }

    fn reach(&mut self, id: ResourceId) {
        while self.allocatable.len() <= usize::from(id) {
            self.allocatable.push(vec![0; self.rows]);
            self.requested.push(vec![0; self.rows]);
        }
    }
}
