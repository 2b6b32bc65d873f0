//! NodeAffinity: node selector and required terms filter; preferred terms score.

use crate::cache::{Cache, NodeView};
use crate::framework::{
    ClusterEvent, Events, Filter, MAX_NODE_SCORE, Normalize, Plugin, PreFilter, PreFiltered,
    PreScored, Range, Rejection, Score,
};
use crate::model::{NodeSpec, PodClass};

/// The plugin.
pub struct NodeAffinity;

impl Plugin for NodeAffinity {
    fn name(&self) -> &'static str {
        "NodeAffinity"
    }

    fn pre_filter(&self) -> Option<&dyn PreFilter> {
        Some(self)
    }

    fn filter(&self) -> Option<&dyn Filter> {
        Some(self)
    }

    fn score(&self) -> Option<&dyn Score> {
        Some(self)
    }

    fn events(&self) -> Events {
        Events::NODE_ADD | Events::NODE_LABEL
    }

    fn hint(&self, class: &PodClass, event: &ClusterEvent<'_>) -> bool {
        event.node.is_none_or(|n| matches(class, n.spec()))
    }
}

/// Whether the node satisfies node selector and required affinity of the class.
#[must_use]
pub fn matches(class: &PodClass, node: &NodeSpec) -> bool {
    class
        .node_selector
        .iter()
        .all(|(k, v)| node.label(k) == Some(v))
        && class
            .required
            .as_ref()
            .is_none_or(|terms| terms.iter().any(|t| t.matches(node)))
}

impl PreFilter for NodeAffinity {
    fn prepare(&self, class: &PodClass, _: &mut Cache) -> PreFiltered {
        let Some(terms) = &class.required else {
            return if class.node_selector.is_empty() {
                PreFiltered::Skip
            } else {
                PreFiltered::all()
            };
        };
        let mut names = std::collections::BTreeSet::new();
        for term in terms {
            match term.node_names() {
                Some(some) => names.extend(some.into_iter().map(str::to_owned)),
                None => return PreFiltered::all(),
            }
        }
        if names.is_empty() && !terms.is_empty() {
            return PreFiltered::Reject(Rejection::unresolvable(
                self.name(),
                "pod affinity terms conflict",
            ));
        }
        if terms.is_empty() {
            PreFiltered::all()
        } else {
            PreFiltered::nodes(names)
        }
    }
}

impl Filter for NodeAffinity {
    fn check(&self, class: &PodClass, node: NodeView<'_>) -> Option<Rejection> {
        (!matches(class, node.spec())).then(|| {
            Rejection::unresolvable(
                self.name(),
                "node(s) didn't match Pod's node affinity/selector",
            )
        })
    }
}

impl Score for NodeAffinity {
    fn prepare(&self, class: &PodClass, _: &mut Cache) -> PreScored {
        if class.preferred.is_empty() {
            PreScored::Skip
        } else {
            PreScored::Row
        }
    }

    fn score(&self, class: &PodClass, node: NodeView<'_>) -> i64 {
        class
            .preferred
            .iter()
            .filter(|(weight, term)| *weight != 0 && term.matches(node.spec()))
            .map(|&(weight, _)| i64::from(weight))
            .sum()
    }

    fn normalize(&self) -> Option<&dyn Normalize> {
        Some(self)
    }
}

impl Normalize for NodeAffinity {
    fn normalize(&self, raw: i64, range: Range) -> i64 {
        match range.max.max(0) {
            0 => raw,
            max => MAX_NODE_SCORE * raw / max,
        }
    }
}
