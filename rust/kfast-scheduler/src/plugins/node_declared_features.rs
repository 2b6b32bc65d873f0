//! NodeDeclaredFeatures: a node must declare the features that a pod's fields ask for.

use crate::cache::{Cache, NodeView};
use crate::framework::{Events, Filter, Plugin, PreFilter, PreFiltered, Rejection};
use crate::model::PodClass;

/// The plugin.
pub struct NodeDeclaredFeatures;

impl Plugin for NodeDeclaredFeatures {
    fn name(&self) -> &'static str {
        "NodeDeclaredFeatures"
    }

    fn pre_filter(&self) -> Option<&dyn PreFilter> {
        Some(self)
    }

    fn filter(&self) -> Option<&dyn Filter> {
        Some(self)
    }

    fn events(&self) -> Events {
        Events::NODE_ADD | Events::NODE_FEATURES
    }
}

impl PreFilter for NodeDeclaredFeatures {
    fn prepare(&self, class: &PodClass, _: &mut Cache) -> PreFiltered {
        if class.features.is_empty() {
            PreFiltered::Skip
        } else {
            PreFiltered::all()
        }
    }
}

impl Filter for NodeDeclaredFeatures {
    fn check(&self, class: &PodClass, node: NodeView<'_>) -> Option<Rejection> {
        let declared = &node.spec().declared_features;
        let has = |feature: &&str| declared.iter().any(|d| **d == **feature);
        (!class.features.iter().all(has)).then(|| {
            Rejection::unresolvable(self.name(), "node(s) didn't match Pod's required features")
        })
    }
}
