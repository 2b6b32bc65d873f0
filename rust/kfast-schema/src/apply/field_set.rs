//! Sets of fields, and their form in `managedFields`.

use super::PathElement;
use serde_json::{Map, Value as Json};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// A set of paths. A path may be in the set without its children, and the other way round. No child is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSet {
    members: BTreeSet<PathElement>,
    children: BTreeMap<PathElement, FieldSet>,
}

impl FieldSet {
    /// Whether there is no path.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.children.is_empty()
    }

    /// Adds a path; the empty one stands for the whole object, which nobody owns.
    pub fn insert(&mut self, path: &[PathElement]) {
        match path {
            [] => {}
            [last] => drop(self.members.insert(last.clone())),
            [first, rest @ ..] => self.children.entry(first.clone()).or_default().insert(rest),
        }
    }

    /// The set of these paths of property names.
    #[must_use]
    pub fn of(paths: &[&[&str]]) -> Self {
        let mut set = Self::default();
        for path in paths {
            let path: Vec<_> = path
                .iter()
                .map(|n| PathElement::Field((*n).into()))
                .collect();
            set.insert(&path);
        }
        set
    }

    /// Whether the path of one element is in the set.
    #[must_use]
    pub fn has(&self, element: &PathElement) -> bool {
        self.members.contains(element)
    }

    /// The paths below an element.
    #[must_use]
    pub fn below(&self, element: &PathElement) -> Option<&Self> {
        self.children.get(element)
    }

    pub(super) fn rebuilt(
        &self,
        mut members: impl FnMut(&PathElement) -> bool,
        mut children: impl FnMut(&PathElement, &Self) -> Self,
    ) -> Self {
        let mut out = self.clone();
        for (element, child) in &self.children {
            if members(element) {
                out.members.insert(element.clone());
            }
            out.children
                .insert(element.clone(), children(element, child));
        }
        out
    }

    /// Paths in either.
    #[must_use]
    pub fn union(mut self, other: &Self) -> Self {
        self.members.extend(other.members.iter().cloned());
        for (element, child) in &other.children {
            match self.children.entry(element.clone()) {
                Entry::Vacant(slot) => drop(slot.insert(child.clone())),
                Entry::Occupied(mut slot) => {
                    let ours = std::mem::take(slot.get_mut());
                    slot.insert(ours.union(child));
                }
            }
        }
        self
    }

    /// Paths in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let members = self.members.intersection(&other.members).cloned().collect();
        let children = self.children.iter().filter_map(|(element, child)| {
            let both = child.intersection(other.children.get(element)?);
            (!both.is_empty()).then(|| (element.clone(), both))
        });
        Self {
            members,
            children: children.collect(),
        }
    }

    /// Paths that are not in `other`.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.without(other, false)
    }

    /// Paths that are not in `other`, nor below a path of it.
    #[must_use]
    pub fn recursive_difference(&self, other: &Self) -> Self {
        self.without(other, true)
    }

    fn without(&self, other: &Self, recursive: bool) -> Self {
        let members = self.members.difference(&other.members).cloned().collect();
        let children = self.children.iter().filter_map(|(element, child)| {
            if recursive && other.members.contains(element) {
                return None;
            }
            let left = match other.children.get(element) {
                Some(theirs) => child.without(theirs, recursive),
                None => child.clone(),
            };
            (!left.is_empty()).then(|| (element.clone(), left))
        });
        Self {
            members,
            children: children.collect(),
        }
    }

    /// Takes out one path of property names.
    pub fn remove(&mut self, path: &[&str]) {
        match path {
            [] => {}
            [last] => drop(self.members.remove(&PathElement::Field((*last).into()))),
            [first, rest @ ..] => {
                let first = PathElement::Field((*first).into());
                if let Some(child) = self.children.get_mut(&first) {
                    child.remove(rest);
                    if child.is_empty() {
                        self.children.remove(&first);
                    }
                }
            }
        }
    }

    /// Every path, in order.
    #[must_use]
    pub fn paths(&self) -> Vec<Vec<PathElement>> {
        let mut out = Vec::new();
        self.collect(&mut Vec::new(), &mut out);
        out
    }

    fn collect(&self, prefix: &mut Vec<PathElement>, out: &mut Vec<Vec<PathElement>>) {
        for element in &self.members {
            prefix.push(element.clone());
            out.push(prefix.clone());
            prefix.pop();
        }
        for (element, child) in &self.children {
            prefix.push(element.clone());
            child.collect(prefix, out);
            prefix.pop();
        }
    }

    /// The set a FieldsV1 stands for; `None` if it is malformed.
    #[must_use]
    pub fn from_fields_v1(fields: &Json) -> Option<Self> {
        let mut set = Self::default();
        for (key, below) in fields.as_object()? {
            if key == "." {
                continue;
            }
            let element = PathElement::parse(key)?;
            let below_entries = below.as_object()?;
            if below_entries.is_empty() || below_entries.contains_key(".") {
                set.members.insert(element.clone());
            }
            let child = Self::from_fields_v1(below)?;
            if !child.is_empty() {
                set.children.insert(element, child);
            }
        }
        Some(set)
    }

    /// The set as FieldsV1.
    #[must_use]
    pub fn to_fields_v1(&self) -> Json {
        let elements: BTreeSet<_> = self.members.iter().chain(self.children.keys()).collect();
        let entries = elements.into_iter().map(|element| {
            let below = match self.children.get(element) {
                None => Json::Object(Map::new()),
                Some(child) => {
                    let mut below = child.to_fields_v1();
                    if self.members.contains(element)
                        && let Json::Object(entries) = &mut below
                    {
                        let rest = std::mem::take(entries);
                        entries.insert(".".to_owned(), Json::Object(Map::new()));
                        entries.extend(rest);
                    }
                    below
                }
            };
            (element.spell(), below)
        });
        entries.collect::<Map<_, _>>().into()
    }
}
