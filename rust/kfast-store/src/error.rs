//! What a store operation can be refused for.

use kfast_core::{Object, ObjectError, Revision};

/// Result of a store operation.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why a store operation was refused.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Create met a live object.
    #[error("{0} already exists")]
    AlreadyExists(String),
    /// The key holds no live object.
    #[error("{0} does not exist")]
    Absent(String),
    /// The object's revision is not the expected one.
    #[error("{key} is at revision {}, not {expected}", .current.revision())]
    Modified {
        /// `resource namespace/name`.
        key: String,
        /// The revision the caller knew.
        expected: Revision,
        /// The newest state.
        current: Object,
    },
    /// The revision asked for is older than the history kept.
    #[error("revision {requested} is compacted, the oldest is {compacted}")]
    Compacted {
        /// What was asked for.
        requested: Revision,
        /// The oldest revision still readable.
        compacted: Revision,
    },
    /// The revision asked for is not reached yet.
    #[error("revision {requested} is in the future, the newest is {current}")]
    Future {
        /// What was asked for.
        requested: Revision,
        /// The newest committed revision.
        current: Revision,
    },
    /// The resource declares no such selectable field.
    #[error("field label not supported: {0}")]
    UnknownField(String),
    /// The body is no canonical object.
    #[error(transparent)]
    Malformed(#[from] ObjectError),
    /// The durable log failed or is closed; reads go on.
    #[error("storage is unavailable: {0}")]
    Unavailable(String),
}
