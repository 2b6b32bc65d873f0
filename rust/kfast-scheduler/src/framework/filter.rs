//! The PreFilter and Filter extension points.

use super::{CountedFilter, Rejection};
use crate::cache::{Cache, NodeIndex, NodeView};
use crate::model::PodClass;
use std::collections::BTreeSet;

/// Looks at a class before any node.
pub trait PreFilter {
    /// The verdict on the class. It is kept and used for all pods of the class until `version` changes.
    fn prepare(&self, class: &PodClass, cache: &mut Cache) -> PreFiltered;

    /// Another number whenever `prepare` may answer differently to the same class. Rows and counters are read
    /// through what `prepare` returns and need not be covered.
    fn version(&self, _class: &PodClass, _cache: &Cache) -> u64 {
        0
    }
}

/// What a PreFilter plugin says of a class.
pub enum PreFiltered {
    /// The plugin passes everywhere.
    Skip,
    /// No node can do.
    Reject(Rejection),
    /// Nodes are checked one by one, those named if there are names.
    Run(Option<BTreeSet<String>>, Check),
}

impl PreFiltered {
    /// The plugin's own Filter checks all nodes.
    #[must_use]
    pub fn all() -> Self {
        Self::Run(None, Check::Plugin)
    }

    /// The plugin's own Filter checks the named nodes; no other can do.
    #[must_use]
    pub fn nodes(names: BTreeSet<String>) -> Self {
        Self::Run(Some(names), Check::Plugin)
    }

    /// `filter` checks all nodes.
    #[must_use]
    pub fn rows(filter: impl Filter + Send + Sync + 'static) -> Self {
        Self::Run(None, Check::Rows(Box::new(filter)))
    }

    /// `filter` checks all nodes.
    #[must_use]
    pub fn counts(filter: impl CountedFilter + 'static) -> Self {
        Self::Run(None, Check::Counts(Box::new(filter)))
    }
}

/// What checks the nodes for a class.
pub enum Check {
    /// The plugin's own Filter.
    Plugin,
    /// What was prepared for the class, by row.
    Rows(Box<dyn Filter + Send + Sync>),
    /// What was prepared for the class, by counts in the node's topology domains.
    Counts(Box<dyn CountedFilter>),
}

/// Decides whether a pod fits a node. Must depend on the class and the node's row alone.
pub trait Filter {
    /// Why pods of the class do not fit the node.
    fn check(&self, class: &PodClass, node: NodeView<'_>) -> Option<Rejection>;

    /// Takes out the rows `check` rejects: the same for many nodes at once.
    fn screen(&self, class: &PodClass, cache: &Cache, rows: &mut Vec<NodeIndex>) {
        let fits = |node| self.check(class, node).is_none();
        rows.retain(|&row| cache.node(row).is_some_and(fits));
    }
}
