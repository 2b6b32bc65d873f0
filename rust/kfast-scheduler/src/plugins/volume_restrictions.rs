//! VolumeRestrictions: disks that cannot be mounted twice on a node, and claims only one pod may use at a time.

use crate::cache::{Cache, NodeView};
use crate::framework::{ClusterEvent, Events, Filter, Plugin, PreFilter, PreFiltered, Rejection};
use crate::model::PodClass;
use crate::model::volumes::Disk;

/// The plugin.
pub struct VolumeRestrictions;

impl Plugin for VolumeRestrictions {
    fn name(&self) -> &'static str {
        "VolumeRestrictions"
    }

    fn pre_filter(&self) -> Option<&dyn PreFilter> {
        Some(self)
    }

    fn filter(&self) -> Option<&dyn Filter> {
        Some(self)
    }

    fn events(&self) -> Events {
        Events::POD_DELETE | Events::CLAIM_FREE | Events::NODE_ADD | Events::CLAIM_ADD
    }

    fn hint(&self, class: &PodClass, event: &ClusterEvent<'_>) -> bool {
        event.pod.is_none_or(|gone| {
            gone.namespace == class.namespace && conflict(&gone.volumes.disks, &class.volumes.disks)
        })
    }
}

fn conflict(there: &[Disk], wanted: &[Disk]) -> bool {
    wanted.iter().any(|a| there.iter().any(|b| a.conflicts(b)))
}

impl PreFilter for VolumeRestrictions {
    fn prepare(&self, class: &PodClass, _: &mut Cache) -> PreFiltered {
        let demand = class.volumes.demand.as_deref();
        if let Some(fault) = demand.and_then(|d| d.unknown_claim.as_ref()) {
            return PreFiltered::Reject(Rejection::of_fault(self.name(), fault));
        }
        if class.volumes.disks.is_empty() && demand.is_none_or(|d| d.once.is_empty()) {
            PreFiltered::Skip
        } else {
            PreFiltered::all()
        }
    }
}

impl Filter for VolumeRestrictions {
    fn check(&self, class: &PodClass, node: NodeView<'_>) -> Option<Rejection> {
        if conflict(node.volumes().disks(), &class.volumes.disks) {
            let reason = "node(s) had no available disk";
            return Some(Rejection::unschedulable(self.name(), reason));
        }
        let claims = node.storage().claims();
        let once = class.volumes.demand.iter().flat_map(|d| &d.once);
        let in_use = |id| claims.get(id).is_some_and(|c| c.in_use > 0);
        once.copied().any(in_use).then(|| {
            Rejection::unschedulable(
                self.name(),
                "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod",
            )
        })
    }
}
