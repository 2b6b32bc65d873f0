//! Services and pods to EndpointSlices and Endpoints: pure functions that plan the fewest writes.

mod endpoints;
mod error;
mod pod;
mod ports;
mod repack;
mod service;
mod slice;
mod slices;

pub use endpoints::plan_endpoints;
pub use error::EndpointsError;
pub use slices::{SlicePlan, plan_slices};
