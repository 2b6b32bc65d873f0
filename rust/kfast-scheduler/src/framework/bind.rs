//! The extension points after a node was chosen: Reserve and PreBind. Nothing here talks to an API: what is to be
//! written is described by tasks, which the caller carries out and reports on. Permit, Bind and PostBind have no
//! plugin in the core: they are the caller's.

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

/// What must be written before a pod is bound.
pub trait PreBind {
    /// The tasks, in order.
    fn tasks(&self, chosen: Chosen<'_>, cache: &Cache) -> Vec<Task>;
}

/// Namespace and name.
pub type ObjectName = (Arc<str>, Arc<str>);

/// Something the caller does for a placement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
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
}
