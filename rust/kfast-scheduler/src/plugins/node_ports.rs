//! NodePorts: the host ports a pod asks for must be free.

use crate::cache::{Cache, NodeView};
use crate::framework::{ClusterEvent, Events, Filter, Plugin, PreFilter, PreFiltered, Rejection};
use crate::model::{HostPort, PodClass};

/// The plugin.
pub struct NodePorts;

impl Plugin for NodePorts {
    fn name(&self) -> &'static str {
        "NodePorts"
    }

    fn pre_filter(&self) -> Option<&dyn PreFilter> {
        Some(self)
    }

    fn filter(&self) -> Option<&dyn Filter> {
        Some(self)
    }

    fn events(&self) -> Events {
        Events::POD_DELETE | Events::NODE_ADD
    }

    fn hint(&self, class: &PodClass, event: &ClusterEvent<'_>) -> bool {
        event.pod.is_none_or(|gone| {
            gone.host_ports
                .iter()
                .any(|a| class.host_ports.iter().any(|b| conflict(a, b)))
        })
    }
}

fn conflict(a: &HostPort, b: &HostPort) -> bool {
    a.port == b.port
        && a.protocol == b.protocol
        && (a.ip == b.ip || &*a.ip == "0.0.0.0" || &*b.ip == "0.0.0.0")
}

impl PreFilter for NodePorts {
    fn prepare(&self, class: &PodClass, _: &mut Cache) -> PreFiltered {
        if class.host_ports.is_empty() {
            PreFiltered::Skip
        } else {
            PreFiltered::all()
        }
    }
}

impl Filter for NodePorts {
    fn check(&self, class: &PodClass, node: NodeView<'_>) -> Option<Rejection> {
        node.host_ports()
            .iter()
            .any(|used| class.host_ports.iter().any(|wanted| conflict(used, wanted)))
            .then(|| {
                Rejection::unschedulable(
                    self.name(),
                    "node(s) didn't have free ports for the requested pod ports",
                )
            })
    }
}
