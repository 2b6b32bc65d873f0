//! Server-side apply: sets of fields and their owners, and configurations merged into live objects.
//!
//! Objects are taken in one version; with [`Versions`], managers that wrote in another one of the same kind lose and
//! defend what changes there.

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
mod versions;
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
pub use versions::{Conversion, Halt, Version, Versions};
pub use walk::{Comparison, compare, fields_of};
