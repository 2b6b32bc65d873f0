//! Server-side apply: sets of fields and their owners, and configurations merged into live objects.
//!
//! Objects are taken in one version: the paths of managers that wrote in another served version of the same kind are
//! read as paths of this one.

mod atomic;
mod creation;
mod document;
mod field_set;
mod fields_v1;
mod managers;
mod merge;
mod misfit;
mod path;
mod scale;
mod shape;
mod updater;
mod walk;

pub use atomic::atomics;
pub use document::Document;
pub use field_set::FieldSet;
pub use managers::{Manager, Managers, Operation, Owned};
pub use merge::{merge, remove};
pub use misfit::misfit;
pub use path::{Leaf, PathElement};
pub use scale::ReplicasPaths;
pub use updater::{ApplyError, Conflicts, Kind, Write, conflict_causes, conflicting};
pub use walk::{Comparison, compare, fields_of};
