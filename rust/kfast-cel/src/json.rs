//! Values back to JSON: what expressions that change objects give.

use crate::library::format::go_value;
use crate::types::Type;
use crate::value::{Map, Value};
use base64::Engine;
use kfast_schema::{Name, Value as Json};
use std::borrow::Cow;

impl Value<'_> {
    /// The value as JSON; what has none, such as quantities, as text.
    ///
    /// # Errors
    /// An object whose type is not that of the place it stands in, or what fits no declaration.
    pub fn to_tree(&self) -> Result<Json<'static>, String> {
        let text = |text: String| Json::Text(Cow::Owned(text));
        Ok(match self {
            Self::Null | Self::Optional(None) => Json::Null,
            Self::Bool(flag) => Json::Bool(*flag),
            Self::Int(number) => Json::Int(*number),
            #[allow(clippy::cast_precision_loss)] // larger numbers have no other notation here
            Self::Uint(number) => {
                i64::try_from(*number).map_or(Json::Double(*number as f64), Json::Int)
            }
            Self::Double(number) => Json::Double(*number),
            Self::String(value) => text((**value).to_owned()),
            Self::Bytes(bytes) => text(base64::engine::general_purpose::STANDARD.encode(bytes)),
            Self::List(list) => {
                let items: Result<_, String> = list.iter().map(|item| item?.to_tree()).collect();
                Json::List(items?)
            }
            Self::Map(map) => tree_of_map(map)?,
            Self::Optional(Some(value)) => value.to_tree()?,
            Self::Duration(_) | Self::Timestamp(_) | Self::Type(_) => text(go_value(self)),
            Self::Opaque(crate::OpaqueValue::Quantity(quantity)) => text(quantity.to_string()),
            Self::Opaque(_) => text(go_value(self)),
        })
    }
}

fn tree_of_map(map: &Map<'_>) -> Result<Json<'static>, String> {
    let own = match map.runtime_type() {
        Type::Object(object) => Some(object),
        _ => None,
    };
    let mut entries = Vec::with_capacity(map.len());
    for (key, value) in map.pairs()? {
        let name = match &key {
            Value::String(name) => (**name).to_owned(),
            other => go_value(other),
        };
        if let Some(parent) = &own {
            check_place(parent.name(), &name, &value)?;
        }
        // An optional that is absent is not there.
        if !matches!(value, Value::Optional(None)) {
            entries.push((Name::Free(Cow::Owned(name)), value.to_tree()?));
        }
    }
    Ok(Json::Object(entries))
}

/// Objects stand where their type's name says: `Object.spec` in the property `spec` of an `Object`.
fn check_place(parent: &str, field: &str, value: &Value<'_>) -> Result<(), String> {
    if parent != "Object" && !parent.starts_with("Object.") {
        return Ok(());
    }
    let expected = format!("{parent}.{field}");
    let items = match value {
        Value::List(list) => list.collect()?,
        other => vec![other.clone()],
    };
    for item in items {
        let Value::Map(map) = item else { continue };
        if let Type::Object(object) = map.runtime_type()
            && object.name() != expected
        {
            return Err(format!(
                "unexpected type name {:?}, expected {expected:?}, which matches field name path from root Object type",
                object.name()
            ));
        }
    }
    Ok(())
}
