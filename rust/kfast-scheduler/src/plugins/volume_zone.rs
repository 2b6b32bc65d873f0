//! VolumeZone: bound volumes are used in their zone and region.

use crate::cache::{Cache, NodeView};
use crate::framework::{Events, Filter, Plugin, PreFilter, PreFiltered, Rejection};
use crate::model::PodClass;
use crate::model::volumes::ZoneLabel;

/// The plugin.
pub struct VolumeZone;

impl Plugin for VolumeZone {
    fn name(&self) -> &'static str {
        "VolumeZone"
    }

    fn pre_filter(&self) -> Option<&dyn PreFilter> {
        Some(self)
    }

    fn filter(&self) -> Option<&dyn Filter> {
        Some(self)
    }

    fn events(&self) -> Events {
        Events::WAITING_CLASS_ADD
            | Events::NODE_ADD
            | Events::NODE_LABEL
            | Events::CLAIM_ADD
            | Events::CLAIM_UPDATE
            | Events::VOLUME_ADD
            | Events::VOLUME_ZONES
    }
}

impl PreFilter for VolumeZone {
    fn prepare(&self, class: &PodClass, _: &mut Cache) -> PreFiltered {
        let Some(demand) = &class.volumes.demand else {
            return PreFiltered::Skip;
        };
        match &demand.unknown_zone {
            Some(fault) => PreFiltered::Reject(Rejection::of_fault(self.name(), fault)),
            None if demand.zones.is_empty() => PreFiltered::Skip,
            None => PreFiltered::all(),
        }
    }
}

impl Filter for VolumeZone {
    fn check(&self, class: &PodClass, node: NodeView<'_>) -> Option<Rejection> {
        let demand = class.volumes.demand.as_ref()?;
        let spec = node.spec();
        let fits = !ZoneLabel::concerns(spec) || demand.zones.iter().all(|z| z.allows(spec));
        (!fits)
            .then(|| Rejection::unresolvable(self.name(), "node(s) had no available volume zone"))
    }
}
