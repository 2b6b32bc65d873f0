//! Empty lists and maps of optional fields. Upstream's Go objects have them from the body to the store, which knows no
//! difference between an empty and an absent one: rules and messages tell them apart, stored objects do not.

use crate::model::{Field, SchemaSet, Type, TypeId};
use crate::value::Value;

/// What a decoder does with empty lists and maps that are absent in storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Empties {
    /// They are left out, as storage does.
    Dropped,
    /// They stay; whether there are any.
    Kept(bool),
}

impl Field {
    /// Whether an empty value of the field is an absent one in storage.
    #[must_use]
    pub fn fades(&self) -> bool {
        let plain = matches!(self.ty, Type::List(_) | Type::WrappedList(_) | Type::Map(_));
        // An empty list of managed fields asks for their removal.
        plain && !self.pointer && &*self.name != "managedFields"
    }
}

/// Whether it is a list or an object with nothing in it.
pub(crate) fn hollow(value: &Value<'_>) -> bool {
    match value {
        Value::List(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        _ => false,
    }
}

impl SchemaSet {
    /// Takes out of an object of a built-in kind what storage does not keep.
    pub fn drop_empties(&self, id: TypeId, object: &mut Value<'_>) {
        self.drop_within(&Type::Struct(id), object);
    }

    fn drop_within(&self, ty: &Type, value: &mut Value<'_>) {
        match (ty, value) {
            (ty, Value::Object(entries)) if ty.structure().is_some() => {
                let structure = ty.structure().map(|id| self.get(id));
                entries.retain_mut(|(name, value)| {
                    if !matches!(value, Value::List(_) | Value::Object(_)) {
                        return true;
                    }
                    let field = structure.and_then(|s| s.field(name.text(self)));
                    let Some((_, field)) = field else {
                        return true;
                    };
                    if !(field.fades() && hollow(value)) {
                        self.drop_within(&field.ty, value);
                    } else if field.always {
                        *value = Value::Null;
                    } else {
                        return false;
                    }
                    true
                });
            }
            (Type::Map(item), Value::Object(entries)) => {
                for (_, value) in entries {
                    self.drop_within(item, value);
                }
            }
            (Type::SchemaOrArray(id), Value::List(items)) => {
                for value in items {
                    self.drop_within(&Type::Struct(*id), value);
                }
            }
            (ty, Value::List(items)) => {
                for value in items {
                    self.drop_within(ty.item().unwrap_or(&Type::Json), value);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load;

    #[test]
    fn what_storage_does_not_keep_goes() {
        let data = br#"{"types":[
            {"name":"A","kinds":["v1/A"],"fields":[{"name":"b","type":"B"},{"name":"bs","type":"[]B"},{"name":"m","type":"map[]B"},
              {"name":"always","type":"[]string","always":true},{"name":"free","type":"JSON"}]},
            {"name":"B","fields":[{"name":"l","type":"[]string"},{"name":"m","type":"map[]string"},{"name":"p","type":"B","pointer":true}]}]}"#;
        let set = load(data).unwrap();
        let text = r#"{"b":{"l":[],"m":{},"p":{}},"bs":[{"l":[]},{"l":["x"]}],"m":{"k":{"m":{}}},"always":[],"free":{"l":[]}}"#;
        let id = set.kind("v1/A").unwrap();
        let mut empties = Empties::Kept(false);
        let (mut object, _) = crate::decode::json(&set, id, text, false, &mut empties).unwrap();
        assert_eq!(empties, Empties::Kept(true));
        assert_eq!(object.to_json(&set).to_string(), text_of(text));
        set.drop_empties(id, &mut object);
        let (stored, _) =
            crate::decode::json(&set, id, text, false, &mut Empties::Dropped).unwrap();
        assert_eq!(object, stored);
        let kept =
            r#"{"b":{"p":{}},"bs":[{},{"l":["x"]}],"m":{"k":{}},"always":null,"free":{"l":[]}}"#;
        assert_eq!(object.to_json(&set).to_string(), text_of(kept));
    }

    fn text_of(json: &str) -> String {
        serde_json::from_str::<serde_json::Value>(json)
            .unwrap()
            .to_string()
    }
}
