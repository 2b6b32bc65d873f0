//! Schema-driven object engine: decode, encode, prune, validate, patch.

mod access;
pub mod binding;
mod codec;
mod decode;
mod error;
mod json;
mod load;
pub mod model;
pub mod names;
pub mod patch;
mod protobuf;
mod scalar;
mod time;
pub mod validate;
mod value;
mod write;
mod yaml;

pub use access::Step;
pub use codec::{Decoded, MediaType, Source, Validation, decode, encode, sniff};
pub use error::DecodeError;
pub use load::{LoadError, load};
pub use model::{NameId, SchemaSet};
pub use protobuf::EncodeError;
pub use value::{MAX_DEPTH, Name, Value};
