//! DefaultPreemption: pods of lower priority make room for a pod that fits nowhere.

use crate::framework::{Plugin, PostFilter};
use crate::preemption::Limits;
use serde::Deserialize;

/// `DefaultPreemptionArgs`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DefaultPreemptionArgs {
    min_candidate_nodes_percentage: usize,
    min_candidate_nodes_absolute: usize,
}

impl Default for DefaultPreemptionArgs {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            min_candidate_nodes_percentage: limits.percentage,
            min_candidate_nodes_absolute: limits.absolute,
        }
    }
}

/// The plugin.
pub struct DefaultPreemption(Limits);

impl DefaultPreemption {
    /// With its arguments.
    #[must_use]
    pub fn new(args: &DefaultPreemptionArgs) -> Self {
        Self(Limits {
            percentage: args.min_candidate_nodes_percentage,
            absolute: args.min_candidate_nodes_absolute,
        })
    }
}

impl Plugin for DefaultPreemption {
    fn name(&self) -> &'static str {
        "DefaultPreemption"
    }

    fn post_filter(&self) -> Option<&dyn PostFilter> {
        Some(self)
    }
}

impl PostFilter for DefaultPreemption {
    fn limits(&self) -> Limits {
        self.0
    }
}
