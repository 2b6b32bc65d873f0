//! DynamicResources: pods with resource claims fit nowhere, as claims are not allocated.

use crate::cache::{Cache, NodeView};
use crate::framework::{Plugin, PreFilter, PreFiltered, PreScored, Rejection, Score};
use crate::model::PodClass;

/// The plugin.
pub struct DynamicResources;

impl Plugin for DynamicResources {
    fn name(&self) -> &'static str {
        "DynamicResources"
    }

    fn pre_filter(&self) -> Option<&dyn PreFilter> {
        Some(self)
    }

    fn score(&self) -> Option<&dyn Score> {
        Some(self)
    }
}

impl PreFilter for DynamicResources {
    fn prepare(&self, class: &PodClass, _: &mut Cache) -> PreFiltered {
        if class.resource_claims {
            let reason = "pod has resource claims, and dynamic resources are not allocated";
            PreFiltered::Reject(Rejection::unresolvable(self.name(), reason))
        } else {
            PreFiltered::Skip
        }
    }
}

impl Score for DynamicResources {
    fn prepare(&self, _: &PodClass, _: &mut Cache) -> PreScored {
        PreScored::Zero
    }

    fn score(&self, _: &PodClass, _: NodeView<'_>) -> i64 {
        0
    }
}
