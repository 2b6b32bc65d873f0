//! How scoring plugins turn use of capacity into scores, as configured.

mod resources;
mod shape;

pub use resources::{ResourceSpec, Strategy, default_resources};
pub(crate) use resources::{Scored, Share, rounded, scored};
pub use shape::{Shape, ShapePoint};
