//! NodeName: `spec.nodeName` names the node. A pod that carries it is bound already and never queued,
//! so for queued pods every node passes.

use crate::cache::NodeView;
use crate::framework::{ClusterEvent, Events, Filter, Plugin, Rejection};
use crate::model::PodClass;

/// The plugin.
pub struct NodeName;

impl Plugin for NodeName {
    fn name(&self) -> &'static str {
        "NodeName"
    }

    fn filter(&self) -> Option<&dyn Filter> {
        Some(self)
    }

    fn events(&self) -> Events {
        Events::NODE_ADD
    }

    fn hint(&self, class: &PodClass, event: &ClusterEvent<'_>) -> bool {
        event.node.is_none_or(|n| self.check(class, n).is_none())
    }
}

impl Filter for NodeName {
    fn check(&self, class: &PodClass, node: NodeView<'_>) -> Option<Rejection> {
        match &class.node_name {
            Some(name) if **name != *node.spec().name => Some(Rejection::unresolvable(
                self.name(),
                "node(s) didn't match the requested node name",
            )),
            _ => None,
        }
    }
}
