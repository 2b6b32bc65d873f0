//! The patches of the API: JSON patch, JSON merge patch, strategic merge patch.

mod directives;
mod json_patch;
mod merge;
mod order;
mod strategic;
mod strict;

use crate::SchemaSet;
use serde_json::Value;

/// Media type of a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchKind {
    /// `application/json-patch+json`, RFC 6902.
    Json,
    /// `application/merge-patch+json`, RFC 7386.
    Merge,
    /// `application/strategic-merge-patch+json`.
    Strategic,
}

impl PatchKind {
    /// The kind of a media type.
    #[must_use]
    pub fn of(media_type: &str) -> Option<Self> {
        match media_type {
            "application/json-patch+json" => Some(Self::Json),
            "application/merge-patch+json" => Some(Self::Merge),
            "application/strategic-merge-patch+json" => Some(Self::Strategic),
            _ => None,
        }
    }
}

/// Why a patch was refused; messages are upstream's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// The patch is malformed: 400.
    #[error("{0}")]
    BadRequest(String),
    /// The patch does not apply to this object: 422.
    #[error("{0}")]
    Invalid(String),
    /// More operations than a patch may have: 413.
    #[error("{0}")]
    TooLarge(String),
    /// A strategic merge patch at odds with the schema: 500 upstream.
    #[error("{0}")]
    Internal(String),
}

impl PatchError {
    /// The reason of the `Status`.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::BadRequest(_) => "BadRequest",
            Self::Invalid(_) => "Invalid",
            Self::TooLarge(_) => "RequestEntityTooLarge",
            Self::Internal(_) => "InternalError",
        }
    }
}

type Result<T, E = PatchError> = std::result::Result<T, E>;

/// A patched object, neither pruned nor typed, and what strict decoding of the patch itself complains about.
#[derive(Debug, PartialEq)]
pub struct Patched {
    /// The object.
    pub value: Value,
    /// `duplicate field "spec.replicas"`; upstream's texts.
    pub warnings: Vec<String>,
}

/// Applies `patch` to the JSON of an object of the kind `key`.
///
/// # Errors
/// If the patch is malformed, does not apply, or the original is no JSON object.
pub fn apply(
    set: &SchemaSet,
    key: &str,
    kind: PatchKind,
    original: &[u8],
    patch: &[u8],
) -> Result<Patched> {
    let mut value: Value = serde_json::from_slice(original)
        .map_err(|e| PatchError::Internal(format!("stored object: {e}")))?;
    let context = if kind == PatchKind::Strategic {
        ""
    } else {
        "error decoding patch: "
    };
    let bad = |reason: &str| PatchError::BadRequest(format!("{context}{reason}"));
    let (patch, mut warnings) = strict::read(patch).map_err(|e| bad(&e.0))?;
    let mismatch = |found: &Value, wanted: &str| bad(&mismatch(found, wanted));
    match (kind, patch) {
        (PatchKind::Json, Value::Array(operations)) => {
            json_patch::apply(&mut value, operations)?;
            for warning in &mut warnings {
                warning.insert_str(0, "json patch ");
            }
        }
        (PatchKind::Json, other) => return Err(mismatch(&other, "[]handlers.jsonPatchOp")),
        (PatchKind::Merge, patch @ Value::Object(_)) => merge::apply(&mut value, patch),
        (PatchKind::Merge, Value::Null) => {
            return Err(PatchError::BadRequest("Invalid JSON Patch".into()));
        }
        (PatchKind::Strategic, Value::Object(patch)) => {
            let original = value
                .as_object_mut()
                .map(std::mem::take)
                .unwrap_or_default();
            value = Value::Object(strategic::apply(set, key, original, patch)?);
        }
        (PatchKind::Strategic, Value::Null) => {}
        (_, other) => return Err(mismatch(&other, "map[string]interface {}")),
    }
    Ok(Patched { value, warnings })
}

/// Go's complaint about a value of the wrong type.
fn mismatch(found: &Value, wanted: &str) -> String {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    format!("json: cannot unmarshal {found} into Go value of type {wanted}")
}
