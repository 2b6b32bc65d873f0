//! Rows a class does not fit with the pods present that are nominated for them.

use super::Nominator;
use super::dry_run::{Check, with_present};
use crate::cache::{Cache, NodeIndex, NodeView};
use crate::framework::{Filter, Rejection};
use crate::model::PodClass;
use std::collections::{BTreeSet, HashMap};

/// Kept for one class; the first of its filters.
#[derive(Debug, Default)]
pub struct NominatedVerdicts {
    position: u64,
    rows: HashMap<NodeIndex, Rejection>,
}

impl NominatedVerdicts {
    /// Brings the verdicts up to date; `check` filters a row, `shared` if its answer depends on other rows.
    pub fn refresh(
        &mut self,
        cache: &mut Cache,
        nominator: &Nominator,
        priority: i32,
        shared: bool,
        check: Check<'_>,
    ) {
        let end = cache.occupancy().end();
        if nominator.is_empty() {
            self.rows.clear();
            self.position = end;
            return;
        }
        let behind = usize::try_from(end - self.position).unwrap_or(usize::MAX);
        let few = !shared && behind <= nominator.node_count() + self.rows.len();
        let changed = cache.occupancy().since(self.position);
        let rows: BTreeSet<NodeIndex> = match changed.filter(|_| few) {
            Some(changed) => changed.collect(),
            None => {
                let nominated = nominator.nodes().filter_map(|node| cache.index(node));
                nominated.chain(self.rows.keys().copied()).collect()
            }
        };
        self.position = end;
        for row in rows {
            let verdict = verdict(cache, nominator, priority, row, check);
            let changed = verdict.as_ref() != self.rows.get(&row);
            match verdict {
                Some(rejection) => drop(self.rows.insert(row, rejection)),
                None => drop(self.rows.remove(&row)),
            }
            if shared && changed {
                cache.touch(row);
            }
        }
    }

    /// Whether no row is rejected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl Filter for NominatedVerdicts {
    fn check(&self, _: &PodClass, node: NodeView<'_>) -> Option<Rejection> {
        if self.rows.is_empty() {
            return None;
        }
        self.rows.get(&node.index()).cloned()
    }
}

fn verdict(
    cache: &mut Cache,
    nominator: &Nominator,
    priority: i32,
    row: NodeIndex,
    check: Check<'_>,
) -> Option<Rejection> {
    let node = &cache.node(row)?.spec().name;
    let nominated = nominator.yields_to(node, priority, "");
    if nominated.is_empty() {
        return None;
    }
    with_present(cache, row, &nominated, check)
}
