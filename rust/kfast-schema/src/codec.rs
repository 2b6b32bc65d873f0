//! One entry for all media types.

use crate::empties::Empties;
use crate::error::{DecodeError, Failure, kind_and_version};
use crate::model::SchemaSet;
use crate::protobuf::EncodeError;
use crate::value::Value;
use crate::{decode as typed, json, protobuf, structural, yaml};
use std::borrow::Cow;

/// A format of bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// `application/json`
    Json,
    /// `application/yaml`
    Yaml,
    /// `application/vnd.kubernetes.protobuf`
    Protobuf,
}

impl MediaType {
    /// Reads the name, parameters aside.
    ///
    /// # Errors
    /// `MediaType` for formats without a codec.
    pub fn parse(name: &str) -> Result<Self, DecodeError> {
        match name.split(';').next().unwrap_or_default().trim() {
            "application/json" => Ok(Self::Json),
            "application/yaml" => Ok(Self::Yaml),
            "application/vnd.kubernetes.protobuf" => Ok(Self::Protobuf),
            other => Err(DecodeError::MediaType(other.to_owned())),
        }
    }
}

/// What to do about unknown and duplicate fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validation {
    /// Nothing.
    Ignore,
    /// Name them.
    Warn,
    /// Refuse the body.
    Strict,
}

impl Validation {
    /// Reads `Ignore`, `Warn` or `Strict`; anything else warns, as the default does.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        match name {
            "Ignore" => Self::Ignore,
            "Strict" => Self::Strict,
            _ => Self::Warn,
        }
    }
}

/// A decoded body and what strict validation would have said.
pub type Decoded<'a> = (Value<'a>, Vec<String>);

/// Decodes the text of a body as the kind of `key` and hands the result to `then`; unknown fields are gone,
/// properties are in the schema's order, values as upstream stores them.
///
/// # Errors
/// [`DecodeError`] with upstream's message.
pub fn decode<T>(
    set: &SchemaSet,
    key: &str,
    body: &[u8],
    media: MediaType,
    validation: Validation,
    then: impl FnOnce(Decoded<'_>) -> T,
) -> Result<T, DecodeError> {
    let source = Source::read(key, body, media)?;
    let dropped = &mut Empties::Dropped;
    source.decode(set, key, body, validation, dropped).map(then)
}

/// A body as text or message that a decoded object borrows from.
pub enum Source<'b> {
    /// JSON text.
    Json(Cow<'b, str>),
    /// YAML turned into JSON, and its duplicate keys.
    Yaml(String, Option<String>),
    /// A protobuf message with its envelope.
    Protobuf(Cow<'b, [u8]>),
}

impl<'b> Source<'b> {
    /// Reads a body as far as its format goes; `key` names the kind in messages.
    ///
    /// # Errors
    /// [`DecodeError::Unrecognized`] for malformed YAML; other formats are judged by [`Source::decode`].
    pub fn read(key: &str, body: &'b [u8], media: MediaType) -> Result<Self, DecodeError> {
        Ok(match media {
            MediaType::Json => Self::Json(json::text(body)),
            MediaType::Yaml => {
                let (text, duplicates) = yaml_text(body).map_err(|e| e.of(key, body))?;
                Self::Yaml(text, duplicates)
            }
            MediaType::Protobuf => Self::Protobuf(Cow::Borrowed(body)),
        })
    }

    /// The same, owning its bytes.
    #[must_use]
    pub fn into_owned(self) -> Source<'static> {
        match self {
            Self::Json(text) => Source::Json(Cow::Owned(text.into_owned())),
            Self::Yaml(text, duplicates) => Source::Yaml(text, duplicates),
            Self::Protobuf(body) => Source::Protobuf(Cow::Owned(body.into_owned())),
        }
    }

    /// The JSON text, empty for protobuf.
    fn text(&self) -> &str {
        match self {
            Self::Json(text) => text,
            Self::Yaml(text, _) => text,
            Self::Protobuf(_) => "",
        }
    }

    /// The object; `body` is what was read, for messages. Custom resources keep what is empty in any case, messages of
    /// protobuf never have any.
    ///
    /// # Errors
    /// [`DecodeError`] with upstream's message.
    pub fn decode(
        &self,
        set: &SchemaSet,
        key: &str,
        body: &[u8],
        validation: Validation,
        empties: &mut Empties,
    ) -> Result<Decoded<'_>, DecodeError> {
        let id = set
            .kind(key)
            .ok_or_else(|| DecodeError::UnknownKind(key.to_owned()))?;
        let strict = validation != Validation::Ignore;
        let refuse = |failure: Failure| failure.of(key, body);
        let (value, mut findings) = match (self, set.structure()) {
            (Self::Protobuf(_), Some(_)) => {
                let name = "application/vnd.kubernetes.protobuf".into();
                return Err(DecodeError::MediaType(name));
            }
            (_, Some(structure)) => {
                let read = structural::decode(set, structure, self.text(), strict, true);
                let read = read.map_err(refuse)?;
                (read.value, read.findings)
            }
            (Self::Json(_) | Self::Yaml(..), None) => {
                typed::json(set, id, self.text(), strict, empties).map_err(refuse)?
            }
            // Upstream knows no unknown fields in protobuf: they are dropped without a word.
            (Self::Protobuf(body), None) => {
                let value = protobuf::decode(set, id, key, body).map_err(refuse)?;
                (value, Vec::new())
            }
        };
        if let (Self::Yaml(_, Some(duplicates)), true) = (self, strict) {
            findings.insert(0, duplicates.clone());
        }
        if validation == Validation::Strict && !findings.is_empty() {
            let (kind, version) = kind_and_version(key);
            return Err(DecodeError::Strict {
                kind,
                version,
                findings,
            });
        }
        Ok((value, findings))
    }
}

/// A YAML (or JSON) body of no known kind as JSON, and its duplicate keys in the words of the strict reader.
///
/// # Errors
/// What is malformed.
pub fn read_yaml(body: &[u8]) -> Result<(serde_json::Value, Option<String>), String> {
    yaml::to_json(&json::text(body))
}

/// A YAML body as JSON text, and its duplicate keys.
fn yaml_text(body: &[u8]) -> Result<(String, Option<String>), Failure> {
    let (value, duplicates) = yaml::to_json(&json::text(body)).map_err(Failure::Malformed)?;
    Ok((value.to_string(), duplicates))
}

/// `apiVersion` and `kind` of a body, empty if absent.
///
/// # Errors
/// [`DecodeError`] if the body is malformed; `expected` is the kind its message names.
pub fn sniff(
    body: &[u8],
    media: MediaType,
    expected: &str,
) -> Result<(String, String), DecodeError> {
    let found = match media {
        MediaType::Json => json::type_meta(&json::text(body)).map_err(Failure::from),
        MediaType::Yaml => {
            yaml_text(body).and_then(|(text, _)| json::type_meta(&text).map_err(Failure::from))
        }
        MediaType::Protobuf => {
            protobuf::envelope(body).map(|e| (e.api_version.into_owned(), e.kind.into_owned()))
        }
    };
    found.map_err(|failure| failure.of(expected, body))
}

/// Encodes an object of the kind `key` as a body of that media type.
///
/// # Errors
/// For protobuf (JSON is YAML), if the kind is unknown or a value does not fit its field.
pub fn encode(
    set: &SchemaSet,
    key: &str,
    object: &serde_json::Value,
    media: MediaType,
) -> Result<Vec<u8>, EncodeError> {
    match media {
        MediaType::Json | MediaType::Yaml => Ok(object.to_string().into_bytes()),
        MediaType::Protobuf => protobuf::encode(set, key, object),
    }
}
