//! NodeVolumeLimits: how many volumes of a CSI driver a node takes.

use crate::cache::{Cache, NodeView};
use crate::framework::{ClusterEvent, Events, Filter, Plugin, PreFilter, PreFiltered, Rejection};
use crate::model::PodClass;
use crate::model::volumes::DriverId;

/// The plugin.
pub struct NodeVolumeLimits;

impl Plugin for NodeVolumeLimits {
    fn name(&self) -> &'static str {
        "NodeVolumeLimits"
    }

    fn pre_filter(&self) -> Option<&dyn PreFilter> {
        Some(self)
    }

    fn filter(&self) -> Option<&dyn Filter> {
        Some(self)
    }

    fn events(&self) -> Events {
        Events::CSI_NODE_ADD
            | Events::CSI_LIMIT
            | Events::POD_DELETE
            | Events::CLAIM_ADD
            | Events::DETACH
    }

    fn hint(&self, class: &PodClass, event: &ClusterEvent<'_>) -> bool {
        if let Some(gone) = event.pod {
            return gone.volumes.attaches();
        }
        if event.events.meets(Events::DETACH) {
            let inline = &class.volumes.inline;
            return class.volumes.claims || inline.iter().any(|v| event.driver == Some(&*v.driver));
        }
        true
    }
}

impl PreFilter for NodeVolumeLimits {
    fn prepare(&self, class: &PodClass, _: &mut Cache) -> PreFiltered {
        let counts = class.volumes.demand.as_ref().is_some_and(|d| {
            d.uncountable.is_some() || !d.fresh.is_empty() || !d.shared.is_empty()
        });
        if counts {
            PreFiltered::all()
        } else {
            PreFiltered::Skip
        }
    }
}

impl Filter for NodeVolumeLimits {
    fn check(&self, class: &PodClass, node: NodeView<'_>) -> Option<Rejection> {
        let demand = class.volumes.demand.as_deref()?;
        if let Some(fault) = &demand.uncountable {
            return Some(Rejection::of_fault(self.name(), fault));
        }
        let here = node.volumes();
        let csi = here.csi().filter(|csi| !csi.limits.is_empty())?;
        let shared = |driver: DriverId| {
            let new = demand.shared.iter().filter(|&&(_, v)| !here.uses(v));
            new.filter(|(d, _)| *d == driver).count()
        };
        let exceeded = |driver: DriverId, fresh: usize| {
            let Some(limit) = csi.limit(node.storage().countable().driver_name(driver)) else {
                return false;
            };
            let new = fresh + shared(driver);
            let there = i64::from(here.count(driver));
            new > 0 && there + i64::try_from(new).unwrap_or(i64::MAX) > limit
        };
        let by_fresh = |&(driver, fresh): &(DriverId, u32)| exceeded(driver, fresh as usize);
        let full = demand.fresh.iter().any(by_fresh)
            || demand.shared.iter().any(|&(driver, _)| {
                demand.fresh.iter().all(|(d, _)| *d != driver) && exceeded(driver, 0)
            });
        full.then(|| Rejection::unschedulable(self.name(), "node(s) exceed max volume count"))
    }
}
