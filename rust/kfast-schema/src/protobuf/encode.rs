//! Objects to protobuf, byte for byte as upstream's generated code writes them.

use super::PREFIX;
use super::wire::{Wire, put_bytes, put_int, put_key, put_message};
use crate::model::{Field, SchemaSet, Slot, Type, TypeId};
use crate::scalar::decode_base64;
use crate::time::parse;
use crate::value::MAX_DEPTH;
use serde_json::{Map, Value};

/// An object that is not of its kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot encode {key}: {reason}")]
pub struct EncodeError {
    /// The kind.
    pub key: String,
    /// What does not fit.
    pub reason: String,
}

type Result<T> = std::result::Result<T, String>;

/// Encodes an object with its envelope.
pub(crate) fn encode(
    set: &SchemaSet,
    key: &str,
    object: &Value,
) -> std::result::Result<Vec<u8>, EncodeError> {
    let refuse = |reason: String| EncodeError {
        key: key.to_owned(),
        reason,
    };
    let id = set.kind(key).ok_or_else(|| refuse("unknown kind".into()))?;
    let Value::Object(map) = object else {
        return Err(refuse("not an object".into()));
    };
    let text = |name| map.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut out = PREFIX.to_vec();
    put_message(&mut out, 1, |out| {
        put_bytes(out, 1, text("apiVersion").as_bytes());
        put_bytes(out, 2, text("kind").as_bytes());
        Ok::<_, String>(())
    })
    .map_err(refuse)?;
    put_message(&mut out, 2, |out| message(set, id, map, out, 0)).map_err(refuse)?;
    put_bytes(&mut out, 3, b"");
    put_bytes(&mut out, 4, b"");
    Ok(out)
}

fn message(
    set: &SchemaSet,
    id: TypeId,
    map: &Map<String, Value>,
    out: &mut Vec<u8>,
    depth: usize,
) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err("exceeded max depth".into());
    }
    let structure = set.get(id);
    for (tag, slot) in &structure.by_tag {
        match slot {
            Slot::Embedded(inner, _) => {
                put_message(out, *tag, |out| message(set, *inner, map, out, depth + 1))?;
            }
            Slot::Field(at) => {
                let field = &structure.fields[*at as usize];
                match map.get(field.name.as_ref()).filter(|v| !v.is_null()) {
                    Some(given) => value(set, &field.ty, *tag, given, out, depth)
                        .map_err(|e| format!("{}.{e}", field.name))?,
                    None if field.pointer => {}
                    None => absent(set, field, *tag, out, depth)?,
                }
            }
        }
    }
    Ok(())
}

/// Writes the zero value of a field that Go holds by value.
fn absent(set: &SchemaSet, field: &Field, tag: u32, out: &mut Vec<u8>, depth: usize) -> Result<()> {
    let zero = match &field.ty {
        Type::Bool => Value::Bool(false),
        Type::Int32 | Type::Int64 | Type::IntOrString | Type::Double => Value::from(0),
        Type::String => Value::from(""),
        Type::Quantity => Value::from("0"),
        Type::SchemaOrBool(_) => Value::Bool(false),
        Type::Struct(_) => Value::Object(Map::new()),
        Type::Time
        | Type::MicroTime
        | Type::Json
        | Type::RawExtension
        | Type::FieldsV1
        | Type::SchemaOrArray(_)
        | Type::SchemaOrStrings(_) => {
            put_bytes(out, tag, b"");
            return Ok(());
        }
        Type::Bytes | Type::List(_) | Type::WrappedList(_) | Type::Map(_) => return Ok(()),
    };
    value(set, &field.ty, tag, &zero, out, depth)
}

/// Writes one field.
fn value(
    set: &SchemaSet,
    ty: &Type,
    tag: u32,
    given: &Value,
    out: &mut Vec<u8>,
    depth: usize,
) -> Result<()> {
    match (ty, given) {
        (Type::Bool, Value::Bool(b)) => put_int(out, tag, (*b).into()),
        (Type::Int32 | Type::Int64, Value::Number(n)) => {
            put_int(out, tag, n.as_i64().ok_or("not an integer")?);
        }
        (Type::Double, Value::Number(n)) => {
            put_key(out, tag, Wire::Fixed64);
            out.extend_from_slice(&n.as_f64().unwrap_or(0.0).to_le_bytes());
        }
        (Type::String, Value::String(s)) => put_bytes(out, tag, s.as_bytes()),
        (Type::Bytes, Value::String(s)) => put_bytes(out, tag, &decode_base64(s)?),
        (Type::List(item), Value::Array(items)) => {
            for (i, given) in items.iter().enumerate() {
                value(set, item, tag, given, out, depth).map_err(|e| format!("[{i}].{e}"))?;
            }
        }
        (Type::Map(item), Value::Object(map)) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            for (key, given) in entries {
                put_message(out, tag, |out| {
                    put_bytes(out, 1, key.as_bytes());
                    value(set, item, 2, given, out, depth)
                })
                .map_err(|e: String| format!("{key}.{e}"))?;
            }
        }
        _ => put_message(out, tag, |out| content(set, ty, given, out, depth))?,
    }
    Ok(())
}

/// Writes the content of a value that is a message of its own.
fn content(
    set: &SchemaSet,
    ty: &Type,
    given: &Value,
    out: &mut Vec<u8>,
    depth: usize,
) -> Result<()> {
    match (ty, given) {
        (Type::Struct(id), Value::Object(map)) => message(set, *id, map, out, depth + 1)?,
        (Type::Time | Type::MicroTime, Value::String(s)) => {
            let instant = parse(s)?;
            put_int(out, 1, instant.seconds);
            put_int(
                out,
                2,
                if *ty == Type::MicroTime {
                    instant.nanos.into()
                } else {
                    0
                },
            );
        }
        (Type::Time | Type::MicroTime, Value::Null) => {}
        (Type::Quantity, Value::String(s)) => put_bytes(out, 1, s.as_bytes()),
        (Type::IntOrString, Value::String(s)) => {
            put_int(out, 1, 1);
            put_int(out, 2, 0);
            put_bytes(out, 3, s.as_bytes());
        }
        (Type::IntOrString, Value::Number(n)) => {
            put_int(out, 1, 0);
            put_int(out, 2, n.as_i64().ok_or("not an integer")?);
            put_bytes(out, 3, b"");
        }
        (Type::Json | Type::RawExtension | Type::FieldsV1, any) => {
            put_bytes(out, 1, any.to_string().as_bytes());
        }
        (Type::SchemaOrBool(_), Value::Bool(b)) => put_int(out, 1, (*b).into()),
        (Type::SchemaOrBool(id), Value::Object(map)) => {
            put_int(out, 1, 1);
            put_message(out, 2, |out| message(set, *id, map, out, depth + 1))?;
        }
        (Type::SchemaOrArray(id) | Type::SchemaOrStrings(id), Value::Object(map)) => {
            put_message(out, 1, |out| message(set, *id, map, out, depth + 1))?;
        }
        (Type::SchemaOrArray(id), Value::Array(_)) => {
            value(
                set,
                &Type::List(Box::new(Type::Struct(*id))),
                2,
                given,
                out,
                depth,
            )?;
        }
        (Type::SchemaOrStrings(_), Value::Array(_)) => {
            value(
                set,
                &Type::List(Box::new(Type::String)),
                2,
                given,
                out,
                depth,
            )?;
        }
        (Type::WrappedList(item), Value::Array(_)) => {
            value(set, &Type::List(item.clone()), 1, given, out, depth)?;
        }
        _ => return Err("value does not fit its type".into()),
    }
    Ok(())
}
