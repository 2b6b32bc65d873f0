//! Schema-driven object engine: decode, encode, prune, validate, patch.

mod load;
pub mod model;

pub use load::{LoadError, load};
pub use model::SchemaSet;
