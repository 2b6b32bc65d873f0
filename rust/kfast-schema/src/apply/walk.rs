//! The fields of an object, and the fields two objects differ in.

use super::document::Document;
use super::shape::{Place, Shape, element, member};
use super::{FieldSet, PathElement};
use crate::model::{SchemaSet, Struct, TypeId};
use std::collections::BTreeMap;

/// A place in a set: whether its own path is in it, and the paths below.
type Part = (bool, FieldSet);

/// Every field an object states: what its author owns.
#[must_use]
pub fn fields_of<D: Document>(set: &SchemaSet, id: TypeId, object: &D) -> FieldSet {
    Fields { set }.visit(Place::root(set, id), object).1
}

struct Fields<'s> {
    set: &'s SchemaSet,
}

impl<'s> Fields<'s> {
    fn visit<D: Document>(&self, shape: Shape<'s>, value: &D) -> Part {
        match shape {
            Shape::Leaf => (true, FieldSet::default()),
            Shape::List(place, keys) => (false, self.list(place, keys, value)),
            Shape::Object(structure, others) => (false, self.members(structure, others, value)),
        }
    }

    fn members<D: Document>(
        &self,
        structure: Option<&'s Struct>,
        others: Place<'s>,
        value: &D,
    ) -> FieldSet {
        let entries = value.entries(self.set).unwrap_or_default();
        let fields = entries.into_iter().map(|(name, value)| {
            let shape = member(structure, others, name).shape(self.set, Some(value));
            let (leaf, below) = self.visit(shape, value);
            let empty = value.is_null() || value.entries(self.set).is_some_and(|e| e.is_empty());
            let named = structure.is_some_and(|s| s.field(name).is_some());
            let element = PathElement::Field(name.into());
            (element, leaf || empty || !named, below)
        });
        FieldSet::collect(fields.collect())
    }

    fn list<D: Document>(&self, place: Place<'s>, keys: &[Box<str>], value: &D) -> FieldSet {
        let mut found: BTreeMap<PathElement, Vec<&D>> = BTreeMap::new();
        for item in value.items().unwrap_or_default() {
            if let Ok(element) = element(self.set, place, keys, item) {
                found.entry(element).or_default().push(item);
            }
        }
        let fields = found.into_iter().map(|(element, items)| {
            let below = match items[..] {
                [item] => self.visit(place.shape(self.set, Some(item)), item).1,
                // Items that cannot be told apart are owned together, as one value.
                _ => FieldSet::default(),
            };
            (element, true, below)
        });
        FieldSet::collect(fields.collect())
    }
}

/// The fields in which a new object differs from an old one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Only in the old one.
    pub removed: FieldSet,
    /// In both, with different values.
    pub modified: FieldSet,
    /// Only in the new one.
    pub added: FieldSet,
}

impl Comparison {
    /// Leaves out fields, and what is below them.
    #[must_use]
    pub fn without(self, ignored: &FieldSet) -> Self {
        Self {
            removed: self.removed.recursive_difference(ignored),
            modified: self.modified.recursive_difference(ignored),
            added: self.added.recursive_difference(ignored),
        }
    }
}

/// Compares two objects of a kind; none stands for an object without fields.
#[must_use]
pub fn compare<D: Document>(
    set: &SchemaSet,
    id: TypeId,
    old: Option<&D>,
    new: Option<&D>,
) -> Comparison {
    let Shape::Object(structure, others) = Place::root(set, id) else {
        return Comparison::default();
    };
    let found = Differences { set }.members(structure, others, old, new);
    Comparison {
        removed: found.removed.1,
        modified: found.modified.1,
        added: found.added.1,
    }
}

struct Differences<'s> {
    set: &'s SchemaSet,
}

/// How a place differs.
#[derive(Default)]
struct Change {
    removed: Part,
    modified: Part,
    added: Part,
}

impl Change {
    fn whole<D>(mut self, old: Option<&D>, new: Option<&D>) -> Self {
        match (old, new) {
            (None, _) => self.added.0 = true,
            (_, None) => self.removed.0 = true,
            _ => {}
        }
        self
    }
}

/// The changes below a place, by element.
#[derive(Default)]
struct Changes {
    removed: Vec<(PathElement, bool, FieldSet)>,
    modified: Vec<(PathElement, bool, FieldSet)>,
    added: Vec<(PathElement, bool, FieldSet)>,
}

impl Changes {
    fn add(&mut self, change: Change, element: impl Fn() -> PathElement) {
        for (to, (member, below)) in [
            (&mut self.removed, change.removed),
            (&mut self.modified, change.modified),
            (&mut self.added, change.added),
        ] {
            if member || !below.is_empty() {
                to.push((element(), member, below));
            }
        }
    }

    fn collect(self) -> Change {
        let part = |elements| (false, FieldSet::collect(elements));
        Change {
            removed: part(self.removed),
            modified: part(self.modified),
            added: part(self.added),
        }
    }
}

impl<'s> Differences<'s> {
    fn visit<D: Document>(&self, place: Place<'s>, old: Option<&D>, new: Option<&D>) -> Change {
        if old.is_some() && old == new {
            return Change::default();
        }
        let set = self.set;
        let found = match place.shape(set, new.or(old)) {
            Shape::Leaf => {
                let mut change = leaf(old, new);
                // Free-form JSON that was an object loses what was below it.
                if let (Place::Free, Some(before), Some(_)) = (place, old, new)
                    && !before.has_no_entries(set)
                {
                    let lost = self.members(None, Place::Free, Some(before), None);
                    change.removed.1 = lost.removed.1;
                }
                return change;
            }
            Shape::List(item, keys) => {
                let empty = |v: Option<&D>| v.and_then(D::items).is_none_or(<[D]>::is_empty);
                if empty(old) && empty(new) {
                    return leaf(old, new);
                }
                self.items(item, keys, old, new)
            }
            Shape::Object(structure, others) => {
                let empty = |v: Option<&D>| v.is_none_or(|v| v.has_no_entries(set));
                if empty(old) && empty(new) {
                    return leaf(old, new);
                }
                self.members(structure, others, old, new)
            }
        };
        found.whole(old, new)
    }

    fn members<D: Document>(
        &self,
        structure: Option<&'s Struct>,
        others: Place<'s>,
        old: Option<&D>,
        new: Option<&D>,
    ) -> Change {
        let before = old.and_then(|v| v.entries(self.set)).unwrap_or_default();
        let after = new.and_then(|v| v.entries(self.set)).unwrap_or_default();
        let mut changes = Changes::default();
        let mut visit = |name: &str, old: Option<&D>, new: Option<&D>| {
            let change = self.visit(member(structure, others, name), old, new);
            changes.add(change, || PathElement::Field(name.into()));
        };
        for (name, old) in &before {
            let new = after.iter().find(|(n, _)| n == name).map(|(_, v)| *v);
            visit(name, Some(old), new);
        }
        for (name, new) in &after {
            if !before.iter().any(|(n, _)| n == name) {
                visit(name, None, Some(new));
            }
        }
        changes.collect()
    }

    fn items<D: Document>(
        &self,
        place: Place<'s>,
        keys: &[Box<str>],
        old: Option<&D>,
        new: Option<&D>,
    ) -> Change {
        let mut pairs: BTreeMap<PathElement, (Vec<&D>, Vec<&D>)> = BTreeMap::new();
        for item in old.and_then(D::items).unwrap_or_default() {
            if let Ok(element) = element(self.set, place, keys, item) {
                pairs.entry(element).or_default().0.push(item);
            }
        }
        for item in new.and_then(D::items).unwrap_or_default() {
            if let Ok(element) = element(self.set, place, keys, item) {
                pairs.entry(element).or_default().1.push(item);
            }
        }
        let mut changes = Changes::default();
        for (element, (old, new)) in pairs {
            let change = match (&old[..], &new[..]) {
                ([_, _, ..], [_, _, ..]) => {
                    let mut change = Change::default();
                    change.modified.0 = old != new;
                    change
                }
                // Items that cannot be told apart came or went.
                ([_, _, ..], _) => {
                    let mut change = new
                        .first()
                        .map_or_else(Change::default, |new| self.visit(place, None, Some(*new)));
                    change.removed.0 = true;
                    change
                }
                (_, [_, _, ..]) => {
                    let mut change = old
                        .first()
                        .map_or_else(Change::default, |old| self.visit(place, Some(*old), None));
                    change.added.0 = true;
                    change
                }
                (old, new) => self.visit(place, old.first().copied(), new.first().copied()),
            };
            changes.add(change, || element.clone());
        }
        changes.collect()
    }
}

fn leaf<D: Document>(old: Option<&D>, new: Option<&D>) -> Change {
    let mut change = Change::default().whole(old, new);
    change.modified.0 = matches!((old, new), (Some(old), Some(new)) if old != new);
    change
}
