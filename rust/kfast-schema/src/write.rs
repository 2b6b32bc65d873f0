//! A decoded object as compact JSON.

use crate::model::SchemaSet;
use crate::names as n;
use crate::value::{Name, Value};
use std::io::Write as _;

impl Value<'_> {
    /// Appends the compact JSON.
    pub fn write_json(&self, set: &SchemaSet, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Bool(true) => out.extend_from_slice(b"true"),
            Self::Bool(false) => out.extend_from_slice(b"false"),
            Self::Int(number) => drop(write!(out, "{number}")),
            Self::Double(number) if number.is_finite() => {
                out.extend_from_slice(kfast_core::float::json(*number).as_bytes());
            }
            Self::Double(_) => out.push(b'0'),
            Self::Text(text) => write_text(text, out),
            Self::List(items) => {
                out.push(b'[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    item.write_json(set, out);
                }
                out.push(b']');
            }
            Self::Object(entries) => {
                out.push(b'{');
                for (at, (name, value)) in entries.iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    write_entry(set, name, value, out);
                }
                out.push(b'}');
            }
        }
    }

    /// The JSON the store keeps: `apiVersion`, `kind` and `metadata` first, no `metadata.resourceVersion`.
    #[must_use]
    pub fn canonical(&self, set: &SchemaSet) -> Vec<u8> {
        const FIRST: [crate::NameId; 3] = [n::API_VERSION, n::KIND, n::METADATA];
        let mut out = Vec::with_capacity(2048);
        out.push(b'{');
        for name in FIRST {
            let Some(value) = self.get(name) else {
                continue;
            };
            if out.len() > 1 {
                out.push(b',');
            }
            if name == n::METADATA {
                out.extend_from_slice(b"\"metadata\":");
                write_metadata(set, value, &mut out);
            } else {
                write_entry(set, &Name::Known(name), value, &mut out);
            }
        }
        for (name, value) in self.entries() {
            if matches!(name, Name::Known(id) if FIRST.contains(id)) {
                continue;
            }
            if out.len() > 1 {
                out.push(b',');
            }
            write_entry(set, name, value, &mut out);
        }
        out.push(b'}');
        out
    }
}

fn write_metadata(set: &SchemaSet, metadata: &Value<'_>, out: &mut Vec<u8>) {
    let versioned = Name::Known(n::RESOURCE_VERSION);
    out.push(b'{');
    let kept = metadata
        .entries()
        .iter()
        .filter(|(name, _)| *name != versioned);
    for (at, (name, value)) in kept.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_entry(set, name, value, out);
    }
    out.push(b'}');
}

fn write_entry(set: &SchemaSet, name: &Name<'_>, value: &Value<'_>, out: &mut Vec<u8>) {
    match name {
        Name::Known(_) => {
            out.push(b'"');
            out.extend_from_slice(name.text(set).as_bytes());
            out.push(b'"');
        }
        Name::Free(text) => write_text(text, out),
    }
    out.push(b':');
    value.write_json(set, out);
}

pub(crate) fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    write_inner(text, out);
    out.push(b'"');
}

/// The text inside its quotes.
pub(crate) fn write_inner(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let bytes = text.as_bytes();
    let mut from = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if *byte >= 0x20 && *byte != b'"' && *byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[from..at]);
        from = at + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            8 => out.extend_from_slice(b"\\b"),
            12 => out.extend_from_slice(b"\\f"),
            _ => {
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
        }
    }
    out.extend_from_slice(&bytes[from..]);
}
