//! How scoring plugins turn use of capacity into scores, as configured.

mod resources;
mod shape;

pub(crate) use resources::{Column, Scored, Share, rounded, scored};
pub use resources::{ResourceSpec, Strategy, default_resources};
pub use shape::{Shape, ShapePoint};
