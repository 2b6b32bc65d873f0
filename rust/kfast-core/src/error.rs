//! What can be wrong with the bytes of an object.

/// Result of reading an object's bytes.
pub type Result<T, E = ObjectError> = std::result::Result<T, E>;

/// The bytes given are no API object.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ObjectError {
    /// Not JSON at all, or not an object with a `metadata` object.
    #[error("not an API object: {0}")]
    Malformed(String),
    /// `metadata.resourceVersion` is no decimal integer.
    #[error("metadata.resourceVersion {0:?} is not a number")]
    ResourceVersion(String),
}
