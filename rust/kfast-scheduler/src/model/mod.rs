//! What the scheduler keeps of a pod and of a node.

mod affinity;
mod instant;
mod node;
mod pod;
mod pod_set;
mod quantity;
mod raw_affinity;
mod raw_pod;
mod requests;
mod resources;
mod rest;
mod taint;
pub mod volumes;

pub use affinity::{NodeAffinitySpec, NodeSelector, NodeSelectorTerm, PreferredTerm, Requirement};
pub use node::{Image, NodeSpec};
pub use pod::{HostPort, OwnerKind, Pod, PodClass, PodInput, awaited_scheduler, print};
pub use pod_set::{Labels, PodAffinity, PodSet, PodTerm, Spread, SpreadConstraint};
pub use quantity::Quantity;
pub(crate) use raw_affinity::RawSpreadConstraint;
pub use resources::{CPU, EPHEMERAL_STORAGE, MEMORY, ResourceId, ResourceNames, Resources};
pub use rest::Rest;
pub use taint::{Effect, Taint, Toleration};

use serde::{Deserialize, Deserializer};

/// An absent field and an explicit null both read as the default.
fn nullable<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(d: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(d)?.unwrap_or_default())
}
