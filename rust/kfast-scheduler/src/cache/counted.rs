//! What can be counted by topology domain.

use crate::model::{Effect, NodeSelectorTerm, NodeSpec, PodSet, PodTerm, Toleration};
use kfast_selector::LabelSelector;
use std::sync::Arc;

/// What a counter counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Counted {
    /// Pods that belong to all of the sets, as upstream matches the terms of a pod to be placed: a namespace
    /// selector that matches no labels at all selects every namespace.
    Pods(Box<[PodSet]>),
    /// Pods of one namespace that are not being deleted, on eligible nodes. A selector of everything counts none.
    Spread {
        /// The namespace.
        namespace: Arc<str>,
        /// On the pods' labels.
        selector: LabelSelector,
        /// The nodes on which pods count and that make up domains.
        nodes: Eligibility,
    },
    /// Pods that have a term in a role.
    Owners(Role, PodTerm),
}

/// What a term is to the pod that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Required affinity.
    Affinity,
    /// Required anti-affinity.
    AntiAffinity,
    /// A preference of this weight, negative for anti-affinity.
    Preferred(i32),
}

/// Nodes that take part in a spread. The default is every node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Eligibility {
    /// Labels the node must have.
    pub keys: Vec<Box<str>>,
    /// Labels and values it must have.
    pub node_selector: Vec<(String, String)>,
    /// Terms of which it must satisfy one.
    pub required: Option<Vec<NodeSelectorTerm>>,
    /// What must cover its `NoSchedule` and `NoExecute` taints; `None` where taints do not matter.
    pub tolerations: Option<Vec<Toleration>>,
}

impl Eligibility {
    /// Whether the node takes part.
    #[must_use]
    pub fn admits(&self, node: &NodeSpec) -> bool {
        let tolerated = |tolerations: &Vec<Toleration>| {
            let hard = |e| matches!(e, Effect::NoSchedule | Effect::NoExecute);
            let mut taints = node.taints.iter().filter(|t| hard(t.effect));
            taints.all(|taint| tolerations.iter().any(|t| t.tolerates(taint)))
        };
        self.keys.iter().all(|key| node.label(key).is_some())
            && self
                .node_selector
                .iter()
                .all(|(key, value)| node.label(key) == Some(value))
            && self
                .required
                .as_ref()
                .is_none_or(|terms| terms.iter().any(|t| t.matches(node)))
            && self.tolerations.as_ref().is_none_or(tolerated)
    }
}

type LabelSlice<'a> = &'a [(Box<str>, Box<str>)];

impl Counted {
    /// Whether a pod counts: for owners, whether their term is about it.
    pub(super) fn concerns(
        &self,
        namespace: &str,
        labels: LabelSlice<'_>,
        namespace_labels: LabelSlice<'_>,
    ) -> bool {
        match self {
            Self::Pods(sets) => sets.iter().all(|set| {
                set.contains(namespace, labels, namespace_labels)
                    || set.contains(namespace, labels, &[])
            }),
            Self::Spread {
                namespace: own,
                selector,
                ..
            } => **own == *namespace && !selector.is_empty() && selector.matches(labels),
            Self::Owners(_, term) => term.pods.contains(namespace, labels, namespace_labels),
        }
    }
}
