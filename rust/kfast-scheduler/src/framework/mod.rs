//! The scheduling framework: one trait per extension point. A plugin is one type in one file that
//! implements `Plugin` and hands out the extension points it has.

mod bind;
mod counted;
mod event;
mod external;
mod filter;
mod profile;
mod registry;
mod rejectors;
mod score;
mod status;

pub use bind::{Chosen, ObjectName, PreBind, Reserve, Task};
pub use counted::{
    CountedFilter, CountedScore, Feasible, Reading, Totals, Values, Weights, values_at, values_of,
};
pub use event::{ClusterEvent, Events, Happened};
pub use external::{Depends, External, ExternalSpec, Normalizing};
pub use filter::{Check, Filter, PreFilter, PreFiltered};
pub use profile::{DEFAULT_SCHEDULER, Enabled, Point, Profile, ProfileSpec, Profiles};
pub use registry::{default_profile, registered};
pub use rejectors::{PluginSet, Rejectors, Requeue};
pub use score::{MAX_NODE_SCORE, NodeScore, Normalize, PreScored, Range, Score};
pub use status::{Code, Reason, Reasons, Rejection};

use crate::model::{NodeSpec, Pod, PodClass};
use crate::preemption::Limits;

/// A scheduler plugin.
pub trait Plugin: Send + Sync {
    /// Upstream's name of the plugin.
    fn name(&self) -> &'static str;

    /// The PreEnqueue extension point.
    fn pre_enqueue(&self) -> Option<&dyn PreEnqueue> {
        None
    }

    /// The QueueSort extension point.
    fn queue_sort(&self) -> Option<&dyn QueueSort> {
        None
    }

    /// The PreFilter extension point.
    fn pre_filter(&self) -> Option<&dyn PreFilter> {
        None
    }

    /// The Filter extension point.
    fn filter(&self) -> Option<&dyn Filter> {
        None
    }

    /// The PostFilter extension point.
    fn post_filter(&self) -> Option<&dyn PostFilter> {
        None
    }

    /// The PreScore and Score extension points.
    fn score(&self) -> Option<&dyn Score> {
        None
    }

    /// The Reserve extension point.
    fn reserve(&self) -> Option<&dyn Reserve> {
        None
    }

    /// The PreBind extension point.
    fn pre_bind(&self) -> Option<&dyn PreBind> {
        None
    }

    /// The plugin's part outside the core, if that is where it is.
    fn external(&self) -> Option<&External> {
        None
    }

    /// Events that may make a pod schedulable which this plugin rejected.
    fn events(&self) -> Events {
        Events::NONE
    }

    /// Whether this very event may help a pod of the class: upstream's queueing hint. Asked only about `events()`.
    fn hint(&self, _class: &PodClass, _event: &ClusterEvent<'_>) -> bool {
        true
    }
}

/// Decides whether a pod may enter the active queue.
pub trait PreEnqueue {
    /// The reason to hold the pod back.
    fn check(&self, pod: &Pod) -> Option<Rejection>;
}

/// Orders the active queue.
pub trait QueueSort {
    /// Pods of lower rank go first; of equal rank, those queued longer.
    fn rank(&self, pod: &Pod) -> i64;
}

/// Makes room by preemption when no node fits.
pub trait PostFilter {
    /// How many candidates preemption looks for.
    fn limits(&self) -> Limits;
}

/// What changed between two versions of a node.
#[must_use]
pub fn node_changes(old: &NodeSpec, new: &NodeSpec) -> Events {
    let mut events = Events::NONE;
    if old.allocatable != new.allocatable || old.allowed_pods != new.allowed_pods {
        events = events | Events::NODE_ALLOCATABLE;
    }
    if old.labels != new.labels {
        events = events | Events::NODE_LABEL;
    }
    if old.declared_features != new.declared_features {
        events = events | Events::NODE_FEATURES;
    }
    if old.taints != new.taints || old.unschedulable != new.unschedulable {
        events = events | Events::NODE_TAINT;
    }
    events
}
