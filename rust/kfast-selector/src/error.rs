//! Why a selector was refused.

/// Result of reading a selector.
pub type Result<T, E = SelectorError> = std::result::Result<T, E>;

/// The selector is not valid; the message is upstream's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SelectorError(pub String);
