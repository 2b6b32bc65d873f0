//! Texts with a form of their own, normalised as upstream writes them back.

use crate::time::{is_normal, parse, parse_micro};
use crate::value::Value;
use base64::DecodeError;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use kfast_core::quantity;
use std::borrow::Cow;

/// A canonical quantity.
pub(crate) fn quantity(text: Cow<'_, str>) -> Result<Cow<'_, str>, String> {
    let canonical = quantity::canonicalize(text.trim()).map_err(|e| e.to_string())?;
    Ok(if canonical == text {
        text
    } else {
        Cow::Owned(canonical)
    })
}

/// An instant in UTC; `None` for the zero instant.
pub(crate) fn time(text: Cow<'_, str>, micro: bool) -> Result<Option<Value<'_>>, String> {
    if !micro && is_normal(&text) {
        return Ok(Some(Value::Text(text)));
    }
    let instant = if micro {
        parse_micro(&text)?
    } else {
        parse(&text)?
    };
    if instant.is_zero() {
        return Ok(None);
    }
    Ok(Some(Value::Text(Cow::Owned(instant.format(micro)))))
}

/// Canonical base64.
pub(crate) fn bytes(text: Cow<'_, str>) -> Result<Cow<'_, str>, String> {
    let decoded = decode_base64(&text)?;
    let canonical = encode_base64(&decoded);
    Ok(if canonical == text {
        text
    } else {
        Cow::Owned(canonical)
    })
}

/// The bytes of base64 text; line breaks are ignored, as Go does.
pub(crate) fn decode_base64(text: &str) -> Result<Vec<u8>, String> {
    let stripped: Cow<'_, str> = if text.contains(['\n', '\r']) {
        text.replace(['\n', '\r'], "").into()
    } else {
        text.into()
    };
    BASE64_STANDARD.decode(stripped.as_bytes()).map_err(|e| {
        let at = match e {
            DecodeError::InvalidByte(at, _) | DecodeError::InvalidLastSymbol(at, _) => at,
            DecodeError::InvalidLength(_) | DecodeError::InvalidPadding => stripped.len() / 4 * 4,
        };
        format!("illegal base64 data at input byte {at}")
    })
}

/// Base64 text of bytes.
pub(crate) fn encode_base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}
