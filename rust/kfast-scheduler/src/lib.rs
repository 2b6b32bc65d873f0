//! The scheduler's core: queue, columnar cache, filter and score plugins of the default profile of
//! Kubernetes v1.36. A passive state machine: objects, time and a seed go in, decisions come out.

pub mod cache;
pub mod cycle;
mod error;
pub mod explain;
pub mod framework;
pub mod model;
pub mod plugins;
pub mod preemption;
pub mod queue;
mod scheduler;
pub mod scoring;

pub use error::SchedulerError;
pub use scheduler::{
    Answer, Config, Decision, Inquiry, Nominating, Outcome, PendingCounts, PodRef, Preemption,
    PreemptionVerdict, Proposal, Scheduler,
};
