//! The vocabulary every other crate shares: stored objects and their headers, resource keys,
//! revisions and quantities. No I/O, no clock, no randomness.

mod canonical;
mod error;
mod field_texts;
pub mod float;
mod managed;
mod members;
pub mod names;
mod object;
pub mod path;
mod pieces;
pub mod quantity;
mod quote;
pub mod regexp;
mod splice;
mod time_zone;

pub use canonical::{read_list, splice_revision};
pub use error::{ObjectError, Result};
pub use field_texts::FieldTexts;
pub use managed::{managed_fields, with_managed_fields, without_managed_fields};
pub use object::{Object, OwnerReference};
pub use pieces::Pieces;
pub use quote::{quote, quote_json};
pub use splice::Splices;
pub use time_zone::TimeZone;

/// The cluster-wide version counter; every write to any resource takes the next one.
pub type Revision = u64;
