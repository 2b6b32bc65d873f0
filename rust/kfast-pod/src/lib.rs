//! The rules of pods and of the pod templates of workloads, on decoded objects: defaults, validation, warnings, what an
//! update may change.
//!
//! Source: `pkg/apis/core/validation`, `pkg/apis/core/v1`, `pkg/api/pod` and `pkg/registry/core/pod` of Kubernetes
//! v1.36, with its default feature gates.

pub mod admission;
mod affinity;
mod amount;
mod annotations;
mod claims;
mod containers;
mod create;
pub mod defaults;
mod disks;
mod dns;
mod env;
mod fields;
mod files;
mod image;
mod mounts;
mod paths;
pub mod pod_security;
mod port_warnings;
mod ports;
mod prepare;
mod probes;
mod projected;
pub mod qos;
mod resize;
mod resources;
mod restarts;
mod scope;
mod security;
mod signer;
mod spec;
mod spread;
mod status;
mod template;
mod tolerations;
mod totals;
mod update;
mod virtual_paths;
mod volumes;
mod warnings;
mod windows;

pub use admission::requests;
pub use affinity::node_affinity as validate_node_affinity;
pub use create::{prepare_create, validate_create};
pub use prepare::{NewPod, Prepared, Unprepared, prepare};
pub use resize::{prepare_resize, validate_resize};
pub use status::{prepare_status, status_warnings, validate_status};
pub use template::{template_warnings, validate_template};
pub use update::{prepare_ephemeral, validate_ephemeral, validate_update};
pub use warnings::{name_warnings, pod_warnings};
