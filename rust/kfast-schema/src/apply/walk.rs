//! The fields of an object, and the fields two objects differ in.

use super::document::Document;
use super::shape::{Place, Shape, element, member};
use super::{FieldSet, PathElement};
use crate::model::{SchemaSet, Struct, TypeId};
use std::collections::BTreeMap;

/// Every field an object states: what its author owns.
#[must_use]
pub fn fields_of<D: Document>(set: &SchemaSet, id: TypeId, object: &D) -> FieldSet {
    let mut walk = Fields {
        set,
        path: Vec::new(),
        found: FieldSet::default(),
    };
    walk.visit(Place::root(set, id), object);
    walk.found
}

struct Fields<'s> {
    set: &'s SchemaSet,
    path: Vec<PathElement>,
    found: FieldSet,
}

impl<'s> Fields<'s> {
    fn visit<D: Document>(&mut self, shape: Shape<'s>, value: &D) {
        match shape {
            Shape::Leaf => self.found.insert(&self.path),
            Shape::List(place, keys) => self.list(place, keys, value),
            Shape::Object(structure, others) => {
                for (name, value) in value.entries(self.set).unwrap_or_default() {
                    self.path.push(PathElement::Field(name.into()));
                    let shape = member(structure, others, name).shape(self.set, Some(value));
                    self.visit(shape, value);
                    let empty =
                        value.is_null() || value.entries(self.set).is_some_and(|e| e.is_empty());
                    if empty || structure.is_none_or(|s| s.field(name).is_none()) {
                        self.found.insert(&self.path);
                    }
                    self.path.pop();
                }
            }
        }
    }

    fn list<D: Document>(&mut self, place: Place<'s>, keys: &[Box<str>], value: &D) {
        let items = value.items().unwrap_or_default();
        let mut counts: BTreeMap<PathElement, usize> = BTreeMap::new();
        let elements: Vec<_> = items
            .iter()
            .filter_map(|item| Some((element(self.set, place, keys, item).ok()?, item)))
            .collect();
        for (element, _) in &elements {
            *counts.entry(element.clone()).or_default() += 1;
        }
        for (element, item) in elements {
            let repeated = counts[&element] > 1;
            self.path.push(element);
            self.found.insert(&self.path);
            // Items that cannot be told apart are owned together, as one value.
            if !repeated {
                let shape = place.shape(self.set, Some(item));
                if !matches!(shape, Shape::Leaf) {
                    self.visit(shape, item);
                }
            }
            self.path.pop();
        }
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
    let mut walk = Differences {
        set,
        path: Vec::new(),
        found: Comparison::default(),
    };
    let Shape::Object(structure, others) = Place::root(set, id) else {
        return walk.found;
    };
    walk.members(structure, others, old, new);
    walk.found
}

struct Differences<'s> {
    set: &'s SchemaSet,
    path: Vec<PathElement>,
    found: Comparison,
}

impl<'s> Differences<'s> {
    fn visit<D: Document>(&mut self, place: Place<'s>, old: Option<&D>, new: Option<&D>) {
        let set = self.set;
        let whole = |v: Option<&D>, none: bool| v.is_none_or(|v| v.is_null()) || none;
        match place.shape(set, new.or(old)) {
            Shape::Leaf => return self.leaf(old, new),
            Shape::List(item, keys) => {
                let empty =
                    |v: Option<&D>| whole(v, v.and_then(D::items).is_none_or(<[D]>::is_empty));
                if empty(old) && empty(new) {
                    return self.leaf(old, new);
                }
                self.items(item, keys, old, new);
            }
            Shape::Object(structure, others) => {
                let empty = |v: Option<&D>| {
                    whole(
                        v,
                        v.and_then(|v| v.entries(set)).is_none_or(|e| e.is_empty()),
                    )
                };
                if empty(old) && empty(new) {
                    return self.leaf(old, new);
                }
                self.members(structure, others, old, new);
            }
        }
        match (old, new) {
            (None, _) => self.found.added.insert(&self.path),
            (_, None) => self.found.removed.insert(&self.path),
            _ => {}
        }
    }

    fn leaf<D: Document>(&mut self, old: Option<&D>, new: Option<&D>) {
        match (old, new) {
            (None, _) => self.found.added.insert(&self.path),
            (_, None) => self.found.removed.insert(&self.path),
            (Some(old), Some(new)) if old != new => self.found.modified.insert(&self.path),
            _ => {}
        }
    }

    fn members<D: Document>(
        &mut self,
        structure: Option<&'s Struct>,
        others: Place<'s>,
        old: Option<&D>,
        new: Option<&D>,
    ) {
        let entries = |v: Option<&D>| -> Vec<_> {
            let entries = v.and_then(|v| v.entries(self.set)).unwrap_or_default();
            entries
                .into_iter()
                .map(|(n, _)| Box::<str>::from(n))
                .collect()
        };
        let mut names = entries(old);
        for name in entries(new) {
            if old.is_none_or(|old| old.member(self.set, &name).is_none()) {
                names.push(name);
            }
        }
        for name in names {
            let place = member(structure, others, &name);
            let (old, new) = (
                old.and_then(|v| v.member(self.set, &name)),
                new.and_then(|v| v.member(self.set, &name)),
            );
            self.path.push(PathElement::Field(name));
            self.visit(place, old, new);
            self.path.pop();
        }
    }

    fn items<D: Document>(
        &mut self,
        place: Place<'s>,
        keys: &[Box<str>],
        old: Option<&D>,
        new: Option<&D>,
    ) {
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
        for (element, (old, new)) in pairs {
            self.path.push(element);
            match (&old[..], &new[..]) {
                ([], [one]) => self.visit(place, None, Some(*one)),
                ([one], []) => self.visit(place, Some(*one), None),
                ([before], [after]) => self.visit(place, Some(*before), Some(*after)),
                ([_, _, ..], [_, _, ..]) => {
                    if old != new {
                        self.found.modified.insert(&self.path);
                    }
                }
                ([_, _, ..], [..]) => {
                    if let Some(one) = new.first() {
                        self.visit(place, None, Some(*one));
                    }
                    self.found.removed.insert(&self.path);
                }
                ([..], [..]) => {
                    if let Some(one) = old.first() {
                        self.visit(place, Some(*one), None);
                    }
                    self.found.added.insert(&self.path);
                }
            }
            self.path.pop();
        }
    }
}
