//! The plugins: one file each.

mod default_preemption;
mod image_locality;
mod node_affinity;
mod node_name;
mod node_ports;
mod node_resources_balanced_allocation;
mod node_resources_fit;
mod node_unschedulable;
mod priority_sort;
mod resource_scoring;
mod scheduling_gates;
mod shape;
mod taint_toleration;

pub use default_preemption::DefaultPreemption;
pub use image_locality::ImageLocality;
pub use node_affinity::{NodeAffinity, NodeAffinityArgs};
pub use node_name::NodeName;
pub use node_ports::NodePorts;
pub use node_resources_balanced_allocation::{
    NodeResourcesBalancedAllocation, NodeResourcesBalancedAllocationArgs,
};
pub use node_resources_fit::{
    NodeResourcesFit, NodeResourcesFitArgs, RequestedToCapacityRatio, ScoringStrategy,
    ScoringStrategyType,
};
pub use node_unschedulable::NodeUnschedulable;
pub use priority_sort::PrioritySort;
pub use resource_scoring::{ResourceSpec, default_resources};
pub use scheduling_gates::SchedulingGates;
pub use shape::{Shape, ShapePoint};
pub use taint_toleration::TaintToleration;
