//! Schema-driven object engine: decode, encode, prune, validate, patch.

mod codec;
mod decode;
mod encode;
mod error;
mod json;
mod load;
pub mod model;
pub mod patch;
mod protobuf;
mod scalar;
mod time;
mod value;
mod wire;
mod yaml;

pub use codec::{Decoded, MediaType, Validation, decode, sniff};
pub use encode::{EncodeError, encode};
pub use error::DecodeError;
pub use load::{LoadError, load};
pub use model::SchemaSet;
pub use value::{MAX_DEPTH, Name, Value};
