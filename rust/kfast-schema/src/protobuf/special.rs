//! Messages that stand for scalars.

use super::Result;
use super::wire::{Wire, WireReader};
use crate::time::Instant;
use crate::value::Value;
use std::borrow::Cow;

/// The last length-delimited field with that tag.
pub(super) fn first(bytes: &[u8], wanted: u32) -> Result<Option<&[u8]>> {
    let mut found = None;
    let mut reader = WireReader::new(bytes);
    while let Some((tag, wire)) = reader.field()? {
        if tag == wanted && wire == Wire::Bytes {
            found = Some(reader.content()?);
        } else {
            reader.skip(wire)?;
        }
    }
    Ok(found)
}

#[allow(clippy::cast_possible_wrap, clippy::cast_possible_truncation)] // two's complement is the wire form
pub(super) fn instant(bytes: &[u8], micro: bool) -> Result<Value<'static>> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let (mut seconds, mut nanos) = (0i64, 0i64);
    let mut reader = WireReader::new(bytes);
    while let Some((tag, wire)) = reader.field()? {
        match (tag, wire) {
            (1, Wire::Varint) => seconds = reader.varint()? as i64,
            (2, Wire::Varint) => nanos = reader.varint()? as i64,
            _ => reader.skip(wire)?,
        }
    }
    let nanos = u32::try_from(nanos)
        .ok()
        .filter(|n| micro && *n < 1_000_000_000);
    let instant = Instant {
        seconds,
        nanos: nanos.unwrap_or(0),
    };
    // Years of four digits, as RFC 3339 has them.
    if !(-62_167_219_200..253_402_300_800).contains(&seconds) {
        return Err("Time.MarshalJSON: year outside of range [0,9999]".into());
    }
    Ok(if instant.is_zero() {
        Value::Null
    } else {
        Value::Text(Cow::Owned(instant.format(micro)))
    })
}

#[allow(clippy::cast_possible_truncation)] // two's complement is the wire form
pub(super) fn int_or_string(bytes: &[u8]) -> Result<Value<'_>> {
    let (mut textual, mut number, mut text) = (false, 0i32, Cow::Borrowed(""));
    let mut reader = WireReader::new(bytes);
    while let Some((tag, wire)) = reader.field()? {
        match (tag, wire) {
            (1, Wire::Varint) => textual = reader.varint()? == 1,
            (2, Wire::Varint) => number = reader.varint()? as i32,
            (3, Wire::Bytes) => text = String::from_utf8_lossy(reader.content()?),
            _ => reader.skip(wire)?,
        }
    }
    Ok(if textual {
        Value::Text(text)
    } else {
        Value::Int(number.into())
    })
}
