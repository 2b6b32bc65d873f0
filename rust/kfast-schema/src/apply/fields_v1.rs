//! FieldsV1, the JSON of a set of fields. What is stored is read level by level, when somebody looks: most writes touch
//! few of the fields, and the rest of the text is written as it was.

use super::field_set::{FieldSet, Node};
use super::path::PathElement;
use crate::write::{write_inner, write_text};
use kfast_core::path::members;
use std::ops::{Deref, DerefMut};
use std::sync::OnceLock;

/// How deep a client's fields may be nested.
const MAX_DEPTH: usize = 128;

/// The key of the path itself among those below it; the first in what this module writes.
const OWN: &str = ".";
const OWN_ENTRY: &str = "\".\":{}";
const LATE_OWN_KEY: &str = ",\".\":";

/// The nodes of a set, as text until they are looked at.
#[derive(Clone, Debug, Default)]
pub(super) struct Nodes {
    /// The entries of their FieldsV1 without the path itself; empty once they were looked at to be changed.
    text: Box<str>,
    read: OnceLock<Vec<Node>>,
}

impl Nodes {
    /// Whether there is none. Does not read the text.
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.read.get().is_none_or(Vec::is_empty)
    }

    pub(super) fn into_vec(mut self) -> Vec<Node> {
        std::mem::take(&mut *self)
    }
}

impl Deref for Nodes {
    type Target = Vec<Node>;

    fn deref(&self) -> &Vec<Node> {
        self.read.get_or_init(|| {
            let braced = format!("{{{}}}", self.text);
            level(&braced, &mut lazy).map_or_else(Vec::new, |(_, nodes)| nodes)
        })
    }
}

impl DerefMut for Nodes {
    fn deref_mut(&mut self) -> &mut Vec<Node> {
        let _: &Vec<Node> = self;
        self.text = Box::default();
        self.read.get_mut().expect("read in the first line")
    }
}

impl From<Vec<Node>> for Nodes {
    fn from(nodes: Vec<Node>) -> Self {
        Self {
            text: Box::default(),
            read: nodes.into(),
        }
    }
}

impl PartialEq for Nodes {
    fn eq(&self, other: &Self) -> bool {
        let same_text = !self.text.is_empty() && self.text == other.text;
        same_text || **self == **other
    }
}

impl Eq for Nodes {}

/// Whether a path itself is in the set, and the set below it.
type Place = (bool, FieldSet);

/// The entries of a level in order of their elements, those of the same element as one, and whether the path above them
/// is in the set. `None` if a key spells no element or `below` cannot read a value.
fn level(text: &str, below: &mut impl FnMut(&str) -> Option<Place>) -> Option<(bool, Vec<Node>)> {
    let (mut own, mut nodes) = (false, Vec::new());
    for (key, at) in members(text.as_bytes()) {
        if key == OWN {
            own = true;
            continue;
        }
        let element = PathElement::parse(&key)?;
        let (member, below) = below(&text[at])?;
        nodes.push(Node {
            element,
            member,
            below,
        });
    }
    if !nodes.is_sorted_by(|a, b| a.element < b.element) {
        nodes.sort_by(|a, b| a.element.cmp(&b.element));
        nodes.dedup_by(|later, first| {
            let same = later.element == first.element;
            if same {
                first.member |= later.member;
                first.below = std::mem::take(&mut first.below).union(&later.below);
            }
            same
        });
    }
    Some((own, nodes))
}

/// What a value of a level says, without reading what is below it.
fn lazy(value: &str) -> Option<Place> {
    let inner = value.strip_prefix('{')?.strip_suffix('}')?;
    let rest = inner.strip_prefix(OWN_ENTRY);
    let text = rest.map_or(inner, |rest| rest.strip_prefix(',').unwrap_or(rest));
    let below = FieldSet {
        nodes: Nodes {
            text: text.into(),
            read: OnceLock::new(),
        },
    };
    Some((rest.is_some() || inner.is_empty(), below))
}

/// What a value of a level says, all of it.
fn whole(value: &str, depth: usize) -> Option<Place> {
    if depth > MAX_DEPTH || !value.starts_with('{') {
        return None;
    }
    let (own, nodes) = level(value, &mut |value| whole(value, depth + 1))?;
    Some((own || nodes.is_empty(), nodes.into()))
}

impl FieldSet {
    /// Reads compact FieldsV1; `None` if it is none. Of what this module wrote it reads no more than asked for.
    #[must_use]
    pub fn stored(text: &str) -> Option<Self> {
        if text.contains(LATE_OWN_KEY) {
            return Self::read(text);
        }
        lazy(text).map(|(_, set)| set)
    }

    /// Reads the whole of any FieldsV1; `None` if it is none.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        whole(text, 0).map(|(_, set)| set)
    }

    /// The set as compact FieldsV1.
    #[must_use]
    pub fn to_fields_v1(&self) -> String {
        let mut out = Vec::new();
        self.write_below(false, &mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    /// Writes what is below a path, which may be in the set itself.
    pub(super) fn write_below(&self, member: bool, out: &mut Vec<u8>) {
        out.push(b'{');
        if member && !self.is_empty() {
            out.extend_from_slice(OWN_ENTRY.as_bytes());
            out.push(b',');
        }
        if self.nodes.text.is_empty() {
            for (at, node) in self.nodes.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_key(&node.element, out);
                out.push(b':');
                node.below.write_below(node.member, out);
            }
        } else {
            out.extend_from_slice(self.nodes.text.as_bytes());
        }
        out.push(b'}');
    }
}

/// Writes the key of an element.
pub(super) fn write_key(element: &PathElement, out: &mut Vec<u8>) {
    match element {
        PathElement::Field(name) => write_field(name, out),
        other => write_text(&other.spell(), out),
    }
}

/// Writes the key of a property.
pub(super) fn write_field(name: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\"f:");
    write_inner(name, out);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORED: &str = r#"{"f:metadata":{"f:labels":{".":{},"f:a":{},"f:b":{}}},"f:spec":{"f:ports":{"k:{\"port\":80}":{".":{},"f:port":{}}},"f:x":{}}}"#;

    #[test]
    fn what_is_not_touched_is_written_as_it_was() {
        let mut set = FieldSet::stored(STORED).unwrap();
        assert_eq!(set.to_fields_v1(), STORED);
        set.remove(&["metadata", "labels", "a"]);
        assert_eq!(set.to_fields_v1(), STORED.replace(r#""f:a":{},"#, ""));
        set.remove(&["metadata", "labels"]);
        let bare = STORED.replace(r#"".":{},"f:a":{},"f:b""#, r#""f:b""#);
        assert_eq!(set.to_fields_v1(), bare);
        assert!(!set.is_empty());
        assert_eq!(set, FieldSet::read(&bare).unwrap());
    }

    #[test]
    fn clients_may_write_in_any_order_and_twice() {
        let text = r#"{ "f:b":{"f:c":{}, ".":{}}, "f:a":{}, "f:b":{"f:d":{}} }"#;
        let want = r#"{"f:a":{},"f:b":{".":{},"f:c":{},"f:d":{}}}"#;
        assert_eq!(FieldSet::read(text).unwrap().to_fields_v1(), want);
        let late = r#"{"f:b":{"f:c":{},".":{}}}"#;
        assert_eq!(
            FieldSet::stored(late).unwrap().to_fields_v1(),
            r#"{"f:b":{".":{},"f:c":{}}}"#
        );
    }

    #[test]
    fn what_is_no_set_is_refused() {
        for bad in [
            r#"{"f:a":1}"#,
            r#"{"a":{}}"#,
            "[]",
            "",
            r#"{"f:a":{"x:":{}}}"#,
        ] {
            assert!(FieldSet::read(bad).is_none(), "{bad}");
        }
        let deep = "{\"f:a\":".repeat(200) + "{}" + &"}".repeat(200);
        assert!(FieldSet::read(&deep).is_none());
    }
}
