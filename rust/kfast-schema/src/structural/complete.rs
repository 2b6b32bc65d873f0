//! Nulls and defaults, as upstream's `defaulting` package treats them.

use super::Schema;
use crate::value::{Name, Value};

/// Takes out the nulls of properties that are neither nullable nor have a default. Whether there were any.
pub(super) fn prune_nulls(value: &mut Value<'_>, schema: &Schema) -> bool {
    let mut changed = false;
    match value {
        Value::Object(entries) => entries.retain_mut(|(name, value)| match schema.entry(name) {
            Some(of) if matches!(value, Value::Null) => {
                let kept = of.nullable || of.default.is_some();
                changed |= !kept;
                kept
            }
            Some(of) => {
                changed |= prune_nulls(value, of);
                true
            }
            None => true,
        }),
        Value::List(items) => {
            if let Some(of) = &schema.items {
                for item in items {
                    changed |= prune_nulls(item, of);
                }
            }
        }
        _ => {}
    }
    changed
}

/// Fills in defaults: where nothing is, or a null that may not be there. Whether there was such a place.
pub(super) fn default(value: &mut Value<'_>, schema: &Schema) -> bool {
    if !schema.defaults_below {
        return false;
    }
    let mut changed = false;
    match value {
        Value::Object(entries) => {
            for property in &schema.properties {
                let Some(default) = &property.schema.default else {
                    continue;
                };
                let name = Name::Known(property.key);
                match entries.iter_mut().find(|(n, _)| *n == name) {
                    None => {
                        entries.push((name, default.clone()));
                        changed = true;
                    }
                    Some((_, value)) => changed |= fill(value, &property.schema),
                }
            }
            for (name, value) in entries {
                if let Some(property) = schema.known(name) {
                    changed |= default(value, &property.schema);
                } else if let Some(of) = schema.others() {
                    changed |= fill(value, of);
                    changed |= default(value, of);
                }
            }
        }
        Value::List(items) => {
            if let Some(of) = &schema.items {
                for item in items {
                    changed |= fill(item, of);
                    changed |= default(item, of);
                }
            }
        }
        _ => {}
    }
    changed
}

/// Puts the default in the place of a null that may not be there.
fn fill(value: &mut Value<'_>, schema: &Schema) -> bool {
    if let (Value::Null, false, Some(default)) = (&*value, schema.nullable, &schema.default) {
        *value = default.clone();
        return true;
    }
    false
}
