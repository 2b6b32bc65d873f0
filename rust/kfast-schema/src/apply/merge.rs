//! The applied configuration laid over the live object, and fields taken out of an object.

use super::shape::{Place, Shape, element, member};
use super::{FieldSet, PathElement};
use crate::model::{SchemaSet, Struct, TypeId};
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, BTreeSet};

/// `config` over `live`.
///
/// # Errors
/// `<path>: <fault>` of a configuration that does not fit its kind: list items without keys, or with the same ones.
pub fn merge(set: &SchemaSet, id: TypeId, live: &Json, config: &Json) -> Result<Json, String> {
    let Shape::Object(structure, others) = Place::root(set, id) else {
        return Ok(config.clone());
    };
    let merged = Merge { set }.members(structure, others, live.as_object(), config.as_object())?;
    Ok(merged.unwrap_or_else(|| Json::Object(Map::new())))
}

struct Merge<'s> {
    set: &'s SchemaSet,
}

impl<'s> Merge<'s> {
    fn value(
        &self,
        place: Place<'s>,
        live: Option<&Json>,
        config: Option<&Json>,
    ) -> Result<Option<Json>, String> {
        let either = || config.or(live).cloned();
        match place.shape(self.set, config.or(live)) {
            Shape::Leaf => Ok(either()),
            Shape::List(item, keys) => {
                let list = |v: Option<&Json>| {
                    v.and_then(Json::as_array)
                        .filter(|l| !l.is_empty())
                        .cloned()
                };
                match (list(live), list(config)) {
                    (None, None) => Ok(either()),
                    (live, config) => self.items(
                        item,
                        keys,
                        &live.unwrap_or_default(),
                        &config.unwrap_or_default(),
                    ),
                }
            }
            Shape::Object(structure, others) => {
                let object = |v: Option<&'_ Json>| {
                    v.and_then(Json::as_object)
                        .filter(|o| !o.is_empty())
                        .cloned()
                };
                match (object(live), object(config)) {
                    (None, None) => Ok(either()),
                    (live, config) => {
                        self.members(structure, others, live.as_ref(), config.as_ref())
                    }
                }
            }
        }
    }

    fn members(
        &self,
        structure: Option<&'s Struct>,
        others: Place<'s>,
        live: Option<&Map<String, Json>>,
        config: Option<&Map<String, Json>>,
    ) -> Result<Option<Json>, String> {
        let mut out = Map::new();
        let names = live.into_iter().flat_map(Map::keys);
        let new = config.into_iter().flat_map(Map::keys);
        let new = new.filter(|n| live.is_none_or(|l| !l.contains_key(*n)));
        for name in names.chain(new) {
            let place = member(structure, others, name);
            let (live, config) = (
                live.and_then(|l| l.get(name)),
                config.and_then(|c| c.get(name)),
            );
            let value = self
                .value(place, live, config)
                .map_err(|e| format!(".{name}{e}"))?;
            if let Some(value) = value {
                out.insert(name.clone(), value);
            }
        }
        Ok((!out.is_empty()).then(|| out.into()))
    }

    /// The order is that of `config` for its items; items of `live` alone keep their place between shared ones.
    fn items(
        &self,
        place: Place<'s>,
        keys: &[Box<str>],
        live: &[Json],
        config: &[Json],
    ) -> Result<Option<Json>, String> {
        let ours = self.elements(place, keys, live)?;
        let theirs = self.elements(place, keys, config)?;
        let mut wanted: BTreeMap<&PathElement, &Json> = BTreeMap::new();
        for (element, item) in theirs.iter().zip(config) {
            if wanted.insert(element, item).is_some() {
                return Err(format!(": duplicate entries for key {element}"));
            }
        }
        let mut present: BTreeMap<&PathElement, Option<&Json>> = BTreeMap::new();
        for (element, item) in ours.iter().zip(live) {
            // Repeated items are not merged with a new one.
            present
                .entry(element)
                .and_modify(|known| *known = None)
                .or_insert(Some(item));
        }
        let mut shared = theirs
            .iter()
            .filter(|e| present.contains_key(*e))
            .peekable();
        let (mut out, mut done) = (Vec::new(), BTreeSet::new());
        let mut push = |element: &PathElement,
                        live: Option<&Json>,
                        config: Option<&Json>|
         -> Result<(), String> {
            let merged = self
                .value(place, live, config)
                .map_err(|e| format!("{element}{e}"))?;
            out.extend(merged);
            Ok(())
        };
        let (mut at, mut next) = (0, 0);
        while at < ours.len() || next < theirs.len() {
            if let (Some(mine), Some(new)) = (ours.get(at), theirs.get(next)) {
                if mine == new {
                    push(mine, present[mine], Some(wanted[mine]))?;
                    done.insert(mine.clone());
                    (at, next) = (at + 1, next + 1);
                    shared.next();
                    continue;
                }
                if wanted.contains_key(mine) && shared.peek().is_some_and(|s| *s != mine) {
                    at += 1;
                    continue;
                }
            }
            if let Some(mine) = ours.get(at) {
                if !wanted.contains_key(mine) {
                    push(mine, Some(&live[at]), None)?;
                    at += 1;
                    continue;
                } else if done.contains(mine) {
                    at += 1;
                }
            }
            if let Some(new) = theirs.get(next) {
                push(new, present.get(new).copied().flatten(), Some(wanted[new]))?;
                done.insert(new.clone());
                next += 1;
                shared.next_if(|s| *s == new);
            }
        }
        Ok((!out.is_empty()).then(|| out.into()))
    }

    fn elements(
        &self,
        place: Place<'s>,
        keys: &[Box<str>],
        items: &[Json],
    ) -> Result<Vec<PathElement>, String> {
        let numbered = items.iter().enumerate();
        numbered
            .map(|(at, item)| {
                element(self.set, place, keys, item).map_err(|e| format!(": element {at}: {e}"))
            })
            .collect()
    }
}

/// The object without the fields of `gone`. Objects and lists that become empty by it stay where something below them
/// went.
#[must_use]
pub fn remove(set: &SchemaSet, id: TypeId, object: &Json, gone: &FieldSet) -> Json {
    let root = Place::root(set, id);
    Remove { set }
        .value(root, object, gone)
        .unwrap_or_else(|| Json::Object(Map::new()))
}

struct Remove<'s> {
    set: &'s SchemaSet,
}

impl<'s> Remove<'s> {
    fn value(&self, shape: Shape<'s>, value: &Json, gone: &FieldSet) -> Option<Json> {
        match (shape, value) {
            (Shape::List(place, keys), Json::Array(items)) if !items.is_empty() => {
                let mut out = Vec::new();
                let mut touched = false;
                for item in items {
                    let Ok(element) = element(self.set, place, keys, item) else {
                        out.push(item.clone());
                        continue;
                    };
                    if !gone.has(&element) {
                        out.push(self.inside(place, item, gone.below(&element), &mut touched));
                    }
                }
                (touched || !out.is_empty()).then(|| out.into())
            }
            (Shape::Object(structure, others), Json::Object(entries)) if !entries.is_empty() => {
                let mut out = Map::new();
                let mut touched = false;
                for (name, value) in entries {
                    let element = PathElement::Field(name.as_str().into());
                    if !gone.has(&element) {
                        let place = member(structure, others, name);
                        let value = self.inside(place, value, gone.below(&element), &mut touched);
                        out.insert(name.clone(), value);
                    }
                }
                (touched || !out.is_empty()).then(|| out.into())
            }
            (Shape::Leaf, value) if !value.is_array() && !value.is_object() => Some(value.clone()),
            _ => None,
        }
    }

    fn inside(
        &self,
        place: Place<'s>,
        value: &Json,
        gone: Option<&FieldSet>,
        touched: &mut bool,
    ) -> Json {
        let Some(gone) = gone else {
            return value.clone();
        };
        *touched = true;
        let left = self.value(place.shape(self.set, Some(value)), value, gone);
        left.unwrap_or_else(|| match value {
            Json::Object(_) => Json::Object(Map::new()),
            Json::Array(_) => Json::Array(Vec::new()),
            _ => Json::Null,
        })
    }
}

/// The set with every property the schema names that has a path below it.
#[must_use]
pub fn with_named_parents(set: &SchemaSet, id: TypeId, fields: &FieldSet) -> FieldSet {
    named(set, &Place::root(set, id), fields)
}

fn named<'s>(set: &'s SchemaSet, shape: &Shape<'s>, fields: &FieldSet) -> FieldSet {
    let structure = match shape {
        Shape::Object(structure, _) => *structure,
        _ => None,
    };
    fields.rebuilt(
        |element| matches!(element, PathElement::Field(name) if structure.is_some_and(|s| s.field(name).is_some())),
        |element, child| {
            let place = match (shape, element) {
                (Shape::Object(structure, others), PathElement::Field(name)) => member(*structure, *others, name),
                (Shape::List(item, _), _) => *item,
                _ => Place::Free,
            };
            named(set, &place.shape::<Json>(set, None), child)
        },
    )
}
