//! What is known of a pod on a node besides its class.

use super::ClassId;
use crate::model::{Pod, Rest};
use std::sync::Arc;

/// A pod that occupies a node, or will once the node is known.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Its class.
    pub class: ClassId,
    /// The node's name.
    pub node: Arc<str>,
    /// The pod's own state.
    pub occupant: Occupant,
}

/// What preemption asks of a pod besides its class.
#[derive(Clone, Debug)]
pub struct Occupant {
    /// Namespace.
    pub namespace: Arc<str>,
    /// Name.
    pub name: Arc<str>,
    /// `status.startTime` in nanoseconds since 1970.
    pub started: Option<i64>,
    /// Was marked for deletion.
    pub deleting: bool,
    /// Was chosen as a victim of preemption.
    pub preempted: bool,
    /// Labels that are no part of its class.
    pub rest: Rest,
    /// A hash of its object, to tell whether anything that matters changed.
    pub print: Option<u64>,
}

impl Occupant {
    /// Of a pod.
    #[must_use]
    pub fn of(pod: &Pod) -> Self {
        Self {
            namespace: Arc::clone(&pod.namespace),
            name: Arc::clone(&pod.name),
            started: pod.started,
            deleting: pod.deleting,
            preempted: pod.preempted,
            rest: pod.rest.clone(),
            print: pod.print,
        }
    }

    pub(super) fn differs(&self, other: &Self) -> bool {
        (self.started, self.deleting, self.preempted)
            != (other.started, other.deleting, other.preempted)
    }
}
