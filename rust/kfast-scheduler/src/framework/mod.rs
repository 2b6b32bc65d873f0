//! The scheduling framework: one trait per extension point. A plugin is one type in one file that
//! implements `Plugin` and hands out the extension points it has.

mod event;
mod registry;
mod status;

pub use event::{ClusterEvent, Events};
pub use registry::{PluginSet, Profile, default_profile};
pub use status::{Code, Reason, Reasons, Rejection};

use crate::cache::{Cache, NodeView};
use crate::model::{NodeSpec, Pod, PodClass};
use std::collections::BTreeSet;

/// The highest score a plugin may give a node.
pub const MAX_NODE_SCORE: i64 = 100;

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

/// What a PreFilter plugin says of a class.
#[derive(Debug, PartialEq, Eq)]
pub enum PreFiltered {
    /// Run the plugin's Filter on all nodes.
    All,
    /// The plugin's Filter passes everywhere.
    Skip,
    /// Only these nodes can do.
    Nodes(BTreeSet<String>),
    /// No node can do.
    Reject(Rejection),
}

/// Looks at a class before any node.
pub trait PreFilter {
    /// The verdict on the class.
    fn check(&self, class: &PodClass, cache: &Cache) -> PreFiltered;
}

/// Decides whether a pod fits a node. Must depend on the class and the node's row alone.
pub trait Filter {
    /// Why pods of the class do not fit the node.
    fn check(&self, class: &PodClass, node: NodeView<'_>) -> Option<Rejection>;
}

/// Runs when no node fits.
pub trait PostFilter {
    /// The outcome as the failure message's last part, given the nodes rejected as merely `Unschedulable`
    /// out of `total`.
    fn message(&self, pod: &Pod, unschedulable: usize, total: usize) -> String;
}

/// The raw scores of the feasible nodes lie between these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Lowest raw score.
    pub min: i64,
    /// Highest raw score.
    pub max: i64,
}

/// What a plugin's scores depend on besides the class and the node's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreScored {
    /// The plugin does not score this class.
    Skip,
    /// The plugin scores 0 on every node.
    Zero,
    /// On nothing else.
    Row,
    /// On the spread of images and the number of nodes.
    Images,
}

/// Ranks feasible nodes.
pub trait Score {
    /// Looks at the class once, before any node.
    fn prepare(&self, _class: &PodClass, _cache: &Cache) -> PreScored {
        PreScored::Row
    }

    /// The raw score of a feasible node.
    fn score(&self, class: &PodClass, node: NodeView<'_>) -> i64;

    /// The NormalizeScore extension point, if the plugin has it.
    fn normalize(&self) -> Option<&dyn Normalize> {
        None
    }
}

/// Brings raw scores to 0..=100.
pub trait Normalize {
    /// The normalised score for a raw one, given the range over all feasible nodes.
    fn normalize(&self, raw: i64, range: Range) -> i64;
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
    if old.taints != new.taints || old.unschedulable != new.unschedulable {
        events = events | Events::NODE_TAINT;
    }
    events
}
