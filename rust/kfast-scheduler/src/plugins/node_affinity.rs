//! NodeAffinity: node selector and required terms filter; preferred terms score.

use crate::cache::{Cache, NodeView};
use crate::framework::{
    ClusterEvent, Events, Filter, MAX_NODE_SCORE, Normalize, Plugin, PreFilter, PreFiltered,
    PreScored, Range, Rejection, Score,
};
use crate::model::{NodeAffinitySpec, NodeSpec, PodClass};
use serde::Deserialize;

/// Arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeAffinityArgs {
    /// What all pods of the profile ask of nodes besides their own affinity.
    pub added_affinity: Option<NodeAffinitySpec>,
}

/// The plugin.
#[derive(Default)]
pub struct NodeAffinity {
    added: NodeAffinitySpec,
}

impl NodeAffinity {
    /// The plugin with its arguments.
    #[must_use]
    pub fn new(args: &NodeAffinityArgs) -> Self {
        Self {
            added: args.added_affinity.clone().unwrap_or_default(),
        }
    }

    /// Whether the node satisfies the added affinity.
    fn allows(&self, node: &NodeSpec) -> bool {
        self.added.required.as_ref().is_none_or(|r| r.matches(node))
    }
}

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
        event
            .node
            .is_none_or(|n| self.allows(n.spec()) && matches(class, n.spec()))
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
            return if class.node_selector.is_empty() && self.added.required.is_none() {
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
        if !self.allows(node.spec()) {
            return Some(Rejection::unresolvable(
                self.name(),
                "node(s) didn't match scheduler-enforced node affinity",
            ));
        }
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
        if class.preferred.is_empty() && self.added.preferred.is_empty() {
            PreScored::Skip
        } else {
            PreScored::Row
        }
    }

    fn score(&self, class: &PodClass, node: NodeView<'_>) -> i64 {
        let added = self
            .added
            .preferred
            .iter()
            .map(|p| (p.weight, &p.preference));
        let own = class.preferred.iter().map(|(weight, term)| (*weight, term));
        own.chain(added)
            .filter(|(weight, term)| *weight != 0 && term.matches(node.spec()))
            .map(|(weight, _)| i64::from(weight))
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
