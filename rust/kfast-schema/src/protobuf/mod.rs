//! Protobuf bodies: the envelope around a message.

mod decode;
mod encode;
mod special;
mod wire;

pub use encode::EncodeError;
pub(crate) use encode::encode;

use crate::error::Failure;
use crate::model::{SchemaSet, TypeId};
use crate::value::Value;
use decode::Decoder;
use std::borrow::Cow;
use wire::{Wire, WireReader};

/// What every protobuf body starts with.
pub(crate) const PREFIX: &[u8] = b"k8s\0";

type Result<T> = std::result::Result<T, String>;

/// The envelope of a body: its kind and the message.
#[derive(Default)]
pub(crate) struct Envelope<'a> {
    pub(crate) api_version: Cow<'a, str>,
    pub(crate) kind: Cow<'a, str>,
    pub(crate) raw: &'a [u8],
}

/// Opens the envelope.
pub(crate) fn envelope(body: &[u8]) -> std::result::Result<Envelope<'_>, Failure> {
    let message = body.strip_prefix(PREFIX).ok_or_else(|| {
        Failure::Malformed(
            "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
                .into(),
        )
    })?;
    if message.is_empty() {
        return Err(Failure::Malformed("empty body".into()));
    }
    read_envelope(message).map_err(Failure::Malformed)
}

fn read_envelope(message: &[u8]) -> Result<Envelope<'_>> {
    let mut out = Envelope::default();
    let mut reader = WireReader::new(message);
    while let Some((tag, wire)) = reader.field()? {
        match (tag, wire) {
            (1, Wire::Bytes) => {
                let mut meta = WireReader::new(reader.content()?);
                while let Some((tag, wire)) = meta.field()? {
                    match (tag, wire) {
                        (1, Wire::Bytes) => {
                            out.api_version = String::from_utf8_lossy(meta.content()?)
                        }
                        (2, Wire::Bytes) => out.kind = String::from_utf8_lossy(meta.content()?),
                        _ => meta.skip(wire)?,
                    }
                }
            }
            (2, Wire::Bytes) => out.raw = reader.content()?,
            _ => reader.skip(wire)?,
        }
    }
    Ok(out)
}

/// Decodes a body; `apiVersion` and `kind` come from the envelope, or from `key` if it has none.
pub(crate) fn decode<'a>(
    set: &SchemaSet,
    id: TypeId,
    key: &str,
    body: &'a [u8],
) -> std::result::Result<Value<'a>, Failure> {
    let mut envelope = envelope(body)?;
    if envelope.kind.is_empty() {
        let (api_version, kind) = key.rsplit_once('/').unwrap_or_default();
        envelope.api_version = Cow::Owned(api_version.into());
        envelope.kind = Cow::Owned(kind.into());
    }
    let decoder = Decoder { set };
    decoder.root(id, envelope, 0).map_err(Failure::Unfit)
}
