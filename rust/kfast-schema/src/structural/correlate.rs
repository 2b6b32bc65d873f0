//! What was in the place of a value before an update: only what can be told for sure is compared.

use super::validate::same_json;
use super::{JsonType, Schema};
use crate::model::{ListType, SchemaSet};
use crate::value::{Name, Value};

/// The old value in the place of a new one.
#[derive(Clone, Copy)]
pub struct Old<'v> {
    /// The value.
    pub value: &'v Value<'v>,
}

impl<'v> Old<'v> {
    /// The old value as its own.
    #[must_use]
    pub fn of<'a: 'v>(value: &'v Value<'a>) -> Self {
        Self { value }
    }

    /// The old value of a member.
    #[must_use]
    pub fn member(self, set: &SchemaSet, name: &Name<'_>) -> Option<Self> {
        find(set, self.value.entries(), name).map(|value| Self { value })
    }
}

fn find<'v, 'a>(
    set: &SchemaSet,
    entries: &'v [(Name<'a>, Value<'a>)],
    name: &Name<'_>,
) -> Option<&'v Value<'a>> {
    let same = |other: &Name<'_>| match (other, name) {
        (Name::Known(a), Name::Known(b)) => a == b,
        _ => other.text(set) == name.text(set),
    };
    entries.iter().find(|(n, _)| same(n)).map(|(_, v)| v)
}

/// The items of an old list by the keys of a list of type map; empty for other lists.
pub struct Items<'v, 's> {
    schema: &'s Schema,
    keyed: Vec<(Vec<Value<'v>>, &'v Value<'v>)>,
}

/// Reads the items of an old list.
#[must_use]
pub fn items<'v, 's>(set: &SchemaSet, schema: &'s Schema, old: &'v Value<'v>) -> Items<'v, 's> {
    let map = schema.ty == Some(JsonType::Array) && schema.list == ListType::Map;
    let mut items = Items {
        schema,
        keyed: Vec::new(),
    };
    if map && !schema.list_keys.is_empty() {
        for item in old.items() {
            if let Some(keys) = items.keys(set, item) {
                items.keyed.push((keys, item));
            }
        }
        // The first of equal ones counts: the order is kept.
        items.keyed.sort_by(|a, b| order(&a.0, &b.0));
    }
    items
}

impl<'v> Items<'v, '_> {
    /// The values of an item's keys; `None` if it lacks one or one is no scalar.
    fn keys<'a>(&self, set: &SchemaSet, item: &Value<'a>) -> Option<Vec<Value<'a>>> {
        let key = |name: &str| {
            let value = find(set, item.entries(), &Name::Free(name.into()))?;
            let scalar = !matches!(value, Value::Null | Value::List(_) | Value::Object(_));
            scalar.then(|| value.clone())
        };
        self.schema.list_keys.iter().map(|k| key(k)).collect()
    }

    /// The old item with the keys of a new one.
    #[must_use]
    pub fn get(&self, set: &SchemaSet, item: &Value<'_>) -> Option<Old<'v>> {
        if self.keyed.is_empty() {
            return None;
        }
        let keys = self.keys(set, item)?;
        let at = self.keyed.partition_point(|(k, _)| order(k, &keys).is_lt());
        let (found, value) = self.keyed.get(at)?;
        order(found, &keys).is_eq().then_some(Old { value })
    }
}

fn order(a: &[Value<'_>], b: &[Value<'_>]) -> std::cmp::Ordering {
    let rank = |v: &Value<'_>| match v {
        Value::Bool(_) => 0,
        Value::Int(_) => 1,
        Value::Double(_) => 2,
        _ => 3,
    };
    let one = |a: &Value<'_>, b: &Value<'_>| match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Double(a), Value::Double(b)) => a.total_cmp(b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        _ => rank(a).cmp(&rank(b)),
    };
    let each = a.iter().zip(b).map(|(a, b)| one(a, b));
    each.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
}

/// Whether a value is what it was. Members the schema does not know cannot be compared: with them it is not.
#[must_use]
pub fn same(set: &SchemaSet, schema: &Schema, new: &Value<'_>, old: &Value<'_>) -> bool {
    match (new, old) {
        (Value::List(items), Value::List(before)) => {
            if items.len() != before.len() {
                return false;
            }
            let map = schema.ty == Some(JsonType::Array)
                && schema.list == ListType::Map
                && !schema.list_keys.is_empty();
            let Some(of) = schema.items.as_deref().filter(|_| map) else {
                return same_json(set, new, old);
            };
            let known = self::items(set, schema, old);
            let held = |item: &Value<'_>| {
                let old = known.get(set, item);
                old.is_some_and(|old| same(set, of, item, old.value))
            };
            items.iter().all(held)
        }
        (Value::Object(entries), Value::Object(before)) => {
            let held = |(name, value): &(Name<'_>, Value<'_>)| {
                let found = find(set, before, name).zip(schema.entry(name));
                found.is_some_and(|(old, of)| same(set, of, value, old))
            };
            entries.len() == before.len() && entries.iter().all(held)
        }
        (new, old) => new == old,
    }
}
