//! NodeUnschedulable: cordoned nodes take only pods that tolerate being unschedulable.

use crate::cache::NodeView;
use crate::framework::{ClusterEvent, Events, Filter, Plugin, Rejection};
use crate::model::{Effect, PodClass, Taint};

/// The plugin.
pub struct NodeUnschedulable;

impl Plugin for NodeUnschedulable {
    fn name(&self) -> &'static str {
        "NodeUnschedulable"
    }

    fn filter(&self) -> Option<&dyn Filter> {
        Some(self)
    }

    fn events(&self) -> Events {
        Events::NODE_ADD | Events::NODE_TAINT | Events::TARGET_TOLERATION
    }

    fn hint(&self, class: &PodClass, event: &ClusterEvent<'_>) -> bool {
        event.node.is_none_or(|n| self.check(class, n).is_none())
    }
}

impl Filter for NodeUnschedulable {
    fn check(&self, class: &PodClass, node: NodeView<'_>) -> Option<Rejection> {
        if !node.spec().unschedulable {
            return None;
        }
        let taint = Taint {
            key: "node.kubernetes.io/unschedulable".to_owned(),
            value: String::new(),
            effect: Effect::NoSchedule,
        };
        let tolerated = class.tolerations.iter().any(|t| t.tolerates(&taint));
        (!tolerated).then(|| Rejection::unresolvable(self.name(), "node(s) were unschedulable"))
    }
}
