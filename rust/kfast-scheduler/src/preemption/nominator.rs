//! Pods that are to run on a node once it is freed for them. Others of lower or equal priority leave the room alone.

use crate::cache::ClassId;
use std::collections::HashMap;
use std::sync::Arc;

/// Uid and class of a pod supposed to be on a node.
pub type Present = (Arc<str>, ClassId);

/// One pod's nomination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nomination {
    /// The pod.
    pub uid: Arc<str>,
    /// Its class, held by its queue entry.
    pub class: ClassId,
    /// Its priority.
    pub priority: i32,
}

/// All nominations.
#[derive(Debug, Default)]
pub struct Nominator {
    nodes: HashMap<Arc<str>, Arc<str>>,
    by_node: HashMap<Arc<str>, Vec<Nomination>>,
}

impl Nominator {
    /// Nominates a pod for a node instead of what it was nominated for before.
    pub fn set(&mut self, nomination: Nomination, node: &Arc<str>) {
        self.remove(&nomination.uid);
        self.nodes
            .insert(Arc::clone(&nomination.uid), Arc::clone(node));
        let pods = self.by_node.entry(Arc::clone(node)).or_default();
        pods.push(nomination);
    }

    /// Withdraws a pod's nomination. Returns it and its node.
    pub fn remove(&mut self, uid: &str) -> Option<(Arc<str>, Nomination)> {
        if self.nodes.is_empty() {
            return None;
        }
        let node = self.nodes.remove(uid)?;
        let pods = self.by_node.get_mut(&node)?;
        let at = pods.iter().position(|n| *n.uid == *uid)?;
        let nomination = pods.remove(at);
        if pods.is_empty() {
            self.by_node.remove(&node);
        }
        Some((node, nomination))
    }

    /// The node a pod is nominated for.
    #[must_use]
    pub fn node_of(&self, uid: &str) -> Option<&Arc<str>> {
        self.nodes.get(uid)
    }

    /// The pods nominated for a node.
    #[must_use]
    pub fn pods_for(&self, node: &str) -> &[Nomination] {
        self.by_node.get(node).map_or(&[], Vec::as_slice)
    }

    /// The nodes pods are nominated for.
    pub fn nodes(&self) -> impl Iterator<Item = &Arc<str>> {
        self.by_node.keys()
    }

    /// Number of these nodes.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.by_node.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The pods nominated for a node to which a pod of `priority` must yield, with their classes; `uid` is the pod
    /// itself.
    #[must_use]
    pub fn yields_to(&self, node: &str, priority: i32, uid: &str) -> Vec<Present> {
        let pods = self.pods_for(node).iter();
        pods.filter(|n| n.priority >= priority && *n.uid != *uid)
            .map(|n| (Arc::clone(&n.uid), n.class))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nomination(uid: &str, priority: i32) -> Nomination {
        Nomination {
            uid: uid.into(),
            class: 0,
            priority,
        }
    }

    #[test]
    fn a_pod_is_nominated_for_one_node_and_yields_to_its_equals() {
        let (a, b) = (Arc::from("a"), Arc::from("b"));
        let mut nominator = Nominator::default();
        nominator.set(nomination("p", 5), &a);
        nominator.set(nomination("p", 5), &b);
        nominator.set(nomination("q", 3), &b);
        assert_eq!(nominator.node_of("p"), Some(&b));
        assert!(nominator.pods_for("a").is_empty());
        assert_eq!(nominator.yields_to("b", 5, "x").len(), 1);
        assert_eq!(nominator.yields_to("b", 3, "p").len(), 1);
        assert_eq!(nominator.yields_to("b", 6, "x").len(), 0);
        assert_eq!(nominator.remove("p").map(|(node, _)| node), Some(b));
        assert_eq!(nominator.remove("p"), None);
        nominator.remove("q");
        assert!(nominator.is_empty() && nominator.nodes().next().is_none());
    }
}
