//! The vocabulary every other crate shares: stored objects and their headers, resource keys,
//! revisions and quantities. No I/O, no clock, no randomness.

mod canonical;
mod error;
mod object;
pub mod path;

pub use canonical::{splice_revision, split_list};
pub use error::{ObjectError, Result};
pub use object::{Object, OwnerReference};

/// The cluster-wide version counter; every write to any resource takes the next one.
pub type Revision = u64;
