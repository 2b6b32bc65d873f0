//! The plugins there are, in upstream's default order.

use super::{Plugin, Profile, ProfileSpec};
use crate::model::ResourceNames;
use crate::plugins as p;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Makes a plugin from its arguments: the v1 type `<name>Args`, null for the defaults.
pub type Make = fn(&Value, &mut ResourceNames) -> Result<Box<dyn Plugin>, serde_json::Error>;

/// Names, default weights of the scores, makers.
pub const REGISTRY: &[(&str, i64, Make)] = &[
    ("SchedulingGates", 0, |_, _| made(p::SchedulingGates)),
    ("PrioritySort", 0, |_, _| made(p::PrioritySort)),
    ("NodeUnschedulable", 0, |_, _| made(p::NodeUnschedulable)),
    ("NodeName", 0, |_, _| made(p::NodeName)),
    ("TaintToleration", 3, |_, _| made(p::TaintToleration)),
    ("NodeAffinity", 2, |args, _| {
        made(p::NodeAffinity::new(&arguments(args)?))
    }),
    ("NodePorts", 0, |_, _| made(p::NodePorts)),
    ("NodeResourcesFit", 1, |args, names| {
        made(p::NodeResourcesFit::new(&arguments(args)?, names))
    }),
    ("VolumeRestrictions", 0, |_, _| made(p::VolumeRestrictions)),
    ("NodeVolumeLimits", 0, |_, _| made(p::NodeVolumeLimits)),
    ("VolumeBinding", 1, |args, _| {
        made(p::VolumeBinding::new(&arguments(args)?))
    }),
    ("VolumeZone", 0, |_, _| made(p::VolumeZone)),
    ("PodTopologySpread", 2, |args, _| {
        let plugin = p::PodTopologySpread::new(arguments(args)?);
        made(plugin.map_err(serde::de::Error::custom)?)
    }),
    ("InterPodAffinity", 2, |args, _| {
        made(p::InterPodAffinity::new(arguments(args)?))
    }),
    ("DynamicResources", 2, |_, _| made(p::DynamicResources)),
    ("DefaultPreemption", 0, |args, _| {
        made(p::DefaultPreemption::new(&arguments(args)?))
    }),
    ("NodeResourcesBalancedAllocation", 1, |args, names| {
        let args = arguments(args)?;
        made(p::NodeResourcesBalancedAllocation::new(&args, names))
    }),
    ("ImageLocality", 1, |_, _| made(p::ImageLocality)),
    ("NodeDeclaredFeatures", 0, |_, _| {
        made(p::NodeDeclaredFeatures)
    }),
];

/// The default profile of v1.36: every plugin at every extension point it has.
#[must_use]
pub fn default_profile() -> Profile {
    let spec = ProfileSpec::default();
    // No plugin refuses its own defaults: a test makes them all.
    Profile::new(&spec, &mut ResourceNames::default()).unwrap_or_default()
}

/// The names of all plugins.
pub fn registered() -> impl Iterator<Item = &'static str> {
    REGISTRY.iter().map(|(name, ..)| *name)
}

fn made(plugin: impl Plugin + 'static) -> Result<Box<dyn Plugin>, serde_json::Error> {
    Ok(Box::new(plugin))
}

/// The arguments of a plugin; null stands for the defaults.
fn arguments<T: DeserializeOwned + Default>(args: &Value) -> Result<T, serde_json::Error> {
    if args.is_null() {
        return Ok(T::default());
    }
    T::deserialize(args)
}
