//! Schema-driven object engine: decode, encode, prune, validate, patch.

mod access;
pub mod apply;
pub mod binding;
mod codec;
mod decode;
mod empties;
mod error;
pub mod event;
pub mod field;
mod json;
mod load;
pub mod metadata;
pub mod model;
pub mod names;
pub mod patch;
mod protobuf;
mod scalar;
pub mod structural;
mod time;
pub mod validate;
mod value;
mod write;
mod yaml;

pub use access::Step;
pub use codec::{Decoded, MediaType, Source, Validation, decode, encode, read_yaml, sniff};
pub use empties::Empties;
pub use error::DecodeError;
pub use load::{LoadError, load};
pub use model::{NameId, SchemaSet};
pub use protobuf::EncodeError;
pub use value::{MAX_DEPTH, Name, Value};

/// Any JSON text, its keys as they are.
///
/// # Errors
/// What is malformed, in Go's words.
pub fn free_json(text: &str) -> Result<Value<'_>, String> {
    let mut reader = json::Reader::new(text);
    let value = reader.value().map_err(|e| e.to_string())?;
    reader.finish().map_err(|e| e.to_string())?;
    Ok(value)
}
