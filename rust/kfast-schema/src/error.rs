//! Why a body is no object of its kind, in upstream's words.

use crate::json::SyntaxError;
use std::fmt::Write as _;

/// A body that was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not readable at all, so that not even its kind is known.
    #[error("{}", unrecognized(kind, reason, summary))]
    Unrecognized {
        /// The expected kind; empty where messages tell the bare reason.
        kind: String,
        /// What is wrong.
        reason: String,
        /// The beginning of the body.
        summary: String,
    },
    /// Readable, but not as this kind.
    #[error("{kind} in version \"{version}\" cannot be handled as a {kind}: {reason}")]
    Unfit {
        /// The expected kind.
        kind: String,
        /// Its version, without the group.
        version: String,
        /// What is wrong.
        reason: String,
    },
    /// Unknown or duplicate fields under strict validation.
    #[error("{kind} in version \"{version}\" cannot be handled as a {kind}: strict decoding error: {}", findings.join(", "))]
    Strict {
        /// The expected kind.
        kind: String,
        /// Its version, without the group.
        version: String,
        /// What was found.
        findings: Vec<String>,
    },
    /// The schema has no such kind.
    #[error("no kind {0:?} is known to the schema")]
    UnknownKind(String),
    /// No decoder for the media type.
    #[error(
        "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf"
    )]
    MediaType(String),
}

fn unrecognized(kind: &str, reason: &str, summary: &str) -> String {
    if kind.is_empty() {
        return reason.to_owned();
    }
    format!("the object provided is unrecognized (must be of type {kind}): {reason} ({summary})")
}

/// What stopped a decoder, before the kind is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The bytes are malformed.
    Malformed(String),
    /// A value does not fit its field.
    Unfit(String),
}

impl From<SyntaxError> for Failure {
    fn from(error: SyntaxError) -> Self {
        Self::Malformed(format!(
            "couldn't get version/kind; json parse error: {error}"
        ))
    }
}

impl Failure {
    /// Names the kind of `key` (`apps/v1/Deployment`).
    pub(crate) fn of(self, key: &str, body: &[u8]) -> DecodeError {
        let (kind, version) = kind_and_version(key);
        match self {
            Self::Malformed(reason) => DecodeError::Unrecognized {
                kind,
                reason,
                summary: summary(body),
            },
            Self::Unfit(reason) => DecodeError::Unfit {
                kind,
                version,
                reason,
            },
        }
    }
}

/// Kind and version of a key.
pub(crate) fn kind_and_version(key: &str) -> (String, String) {
    let mut parts = key.rsplit('/');
    let kind = parts.next().unwrap_or_default().to_owned();
    (kind, parts.next().unwrap_or_default().to_owned())
}

/// The first 30 bytes: as text if they look like JSON, else in hexadecimal.
fn summary(body: &[u8]) -> String {
    const LENGTH: usize = 30;
    let head = &body[..body.len().min(LENGTH)];
    let mut out = match body.first() {
        None => return "<empty>".into(),
        Some(b'{') => String::from_utf8_lossy(head).into_owned(),
        Some(_) => head.iter().fold(String::new(), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        }),
    };
    if body.len() > LENGTH {
        out.push_str(" ...");
    }
    out
}
