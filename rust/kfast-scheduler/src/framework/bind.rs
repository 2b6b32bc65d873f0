//! The extension points after a node was chosen: Reserve, Permit, PreBind, Bind. Nothing here talks to an API:
//! what is to be written is described by tasks, which the caller carries out and reports on.

use super::Rejection;
use crate::cache::Cache;
use crate::model::{Pod, PodClass};
use crate::queue::Time;
use std::sync::Arc;

/// A pod and the node chosen for it.
#[derive(Clone, Copy)]
pub struct Chosen<'a> {
    /// The pod.
    pub pod: &'a Pod,
    /// Its class.
    pub class: &'a PodClass,
    /// The node's name.
    pub node: &'a Arc<str>,
}

/// Notes in the cache what a placement takes besides the node's resources.
pub trait Reserve {
    /// Takes it.
    ///
    /// # Errors
    /// Why it cannot be had; what other plugins took for the placement is given back.
    fn reserve(&self, chosen: Chosen<'_>, cache: &mut Cache) -> Result<(), Rejection>;

    /// Gives it back; also called where `reserve` was not.
    fn unreserve(&self, chosen: Chosen<'_>, cache: &mut Cache);
}

/// What a Permit plugin says of a placement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Permitted {
    /// Go on.
    Allow,
    /// Wait for `allow` or `reject`, at most this long; then it counts as rejected.
    Wait(Time),
    /// Give the placement up.
    Reject(Rejection),
}

/// Holds a placement up, or back.
pub trait Permit {
    /// The verdict on a placement all of whose reservations were made.
    fn permit(&self, chosen: Chosen<'_>, cache: &Cache) -> Permitted;
}

/// What must be written before a pod is bound.
pub trait PreBind {
    /// The tasks, in order.
    fn tasks(&self, chosen: Chosen<'_>, cache: &Cache) -> Vec<Task>;
}

/// Binds pods.
pub trait Bind {
    /// The task that binds the pod; `None` leaves it to the next plugin.
    fn task(&self, chosen: Chosen<'_>) -> Option<Task>;
}

/// Namespace and name.
pub type ObjectName = (Arc<str>, Arc<str>);

/// Something the caller does for a placement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Post the pod's Binding.
    BindPod,
    /// Set `spec.claimRef` of a PersistentVolume to a claim.
    BindVolume {
        /// The volume's name.
        volume: Arc<str>,
        /// The claim.
        claim: ObjectName,
    },
    /// Annotate a claim with `volume.kubernetes.io/selected-node`: the chosen node.
    SelectNode {
        /// The claim.
        claim: ObjectName,
    },
    /// Wait until claims are bound.
    AwaitClaims {
        /// The claims.
        claims: Vec<ObjectName>,
        /// How long at most.
        timeout: Time,
    },
    /// Let a plugin outside the core do its part.
    External {
        /// The plugin.
        plugin: &'static str,
    },
}
