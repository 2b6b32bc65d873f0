//! What a new object's creator owns, straight to JSON: every create writes it, and nobody asks for the set.

use super::document::Document;
use super::fields_v1::{write_field, write_key};
use super::path::PathElement;
use super::shape::{Place, Shape, element, member};
use super::updater::{Kind, SYSTEM};
use crate::model::Struct;
use crate::value::Value;
use crate::write::write_text;

/// A path element whose name is borrowed: most are properties.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key<'e> {
    Field(&'e str),
    Other(PathElement),
}

/// An element of an object or list, before and now.
struct Entry<'e, 's> {
    key: Key<'e>,
    place: Place<'s>,
    old: Option<&'e Value<'e>>,
    new: &'e Value<'e>,
    /// One of several items that cannot be told apart.
    repeated: bool,
}

impl Entry<'_, '_> {
    fn is(&self, field: &str) -> bool {
        self.key == Key::Field(field)
    }

    /// Whether a path of one property leads here.
    fn at(&self, path: &[&str]) -> bool {
        matches!(path, [field] if self.is(field))
    }
}

impl Kind<'_> {
    /// The JSON of the managed fields of a new object, all of it written by `manager` in `version`, now (RFC 3339); empty
    /// if there is nothing anybody can own. The same as `create` and `Managers::to_json`.
    #[must_use]
    pub fn creation(self, new: &Value<'_>, manager: &str, version: &str, now: &str) -> String {
        let blank = self.blank();
        let mut fields = Writer {
            kind: self,
            out: Vec::with_capacity(1024),
        };
        if !fields.root(&blank, new) {
            return String::new();
        }
        let mut out = Vec::with_capacity(fields.out.len() + 160);
        out.extend_from_slice(b"[{\"manager\":");
        write_text(
            if manager.is_empty() {
                "unknown"
            } else {
                manager
            },
            &mut out,
        );
        out.extend_from_slice(b",\"operation\":\"Update\",\"apiVersion\":");
        write_text(version, &mut out);
        out.extend_from_slice(b",\"time\":");
        write_text(now, &mut out);
        out.extend_from_slice(b",\"fieldsType\":\"FieldsV1\",\"fieldsV1\":");
        out.extend_from_slice(&fields.out);
        out.extend_from_slice(b"}]");
        String::from_utf8(out).unwrap_or_default()
    }
}

struct Writer<'s> {
    kind: Kind<'s>,
    out: Vec<u8>,
}

impl<'s> Writer<'s> {
    /// Writes what is owned of a whole object; whether that is anything.
    fn root(&mut self, blank: &Value<'_>, new: &Value<'_>) -> bool {
        let set = self.kind.set;
        let Shape::Object(structure, others) = Place::root(set, self.kind.id) else {
            return false;
        };
        let mut entries = self.members(structure, others, Some(blank), new);
        entries.retain(|entry| entry.is("metadata") || !SYSTEM.iter().any(|path| entry.at(path)));
        self.entries(entries, |writer, entry| {
            if !entry.is("metadata") {
                return writer.value(entry.place, entry.old, entry.new);
            }
            let Shape::Object(structure, others) = entry.place.shape(set, Some(entry.new)) else {
                return false;
            };
            let mut inner = writer.members(structure, others, entry.old, entry.new);
            let system = SYSTEM.iter().filter_map(|path| path.split_first());
            let system = system.filter(|(top, _)| **top == "metadata");
            inner.retain(|inner| !system.clone().any(|(_, path)| inner.at(path)));
            writer.entries(inner, |writer, e| writer.value(e.place, e.old, e.new))
        })
    }

    /// Writes what is owned of a value and what is below it; nothing if it is as it was.
    fn value(&mut self, place: Place<'s>, old: Option<&Value<'_>>, new: &Value<'_>) -> bool {
        let set = self.kind.set;
        if old == Some(new) {
            return false;
        }
        let no_items =
            |v: Option<&Value<'_>>| v.and_then(Document::items).is_none_or(<[_]>::is_empty);
        let no_entries = |v: Option<&Value<'_>>| v.is_none_or(|v| v.has_no_entries(set));
        let entries = match place.shape(set, Some(new)) {
            Shape::List(item, keys) if !(no_items(old) && no_items(Some(new))) => {
                self.items(item, keys, new)
            }
            Shape::Object(structure, others) if !(no_entries(old) && no_entries(Some(new))) => {
                self.members(structure, others, old, new)
            }
            _ => {
                self.out.extend_from_slice(b"{}");
                return true;
            }
        };
        let start = self.out.len();
        let own = old.is_none();
        let some = self.entries(entries, |writer, entry| {
            if entry.repeated {
                writer.out.extend_from_slice(b"{}");
                return true;
            }
            writer.value(entry.place, entry.old, entry.new)
        });
        if own {
            let dot: &[u8] = if some { b"\".\":{}," } else { b"{}" };
            let at = start + usize::from(some);
            self.out.splice(at..at, dot.iter().copied());
        }
        some || own
    }

    /// Writes an object of the entries that `write` writes anything of; whether it did.
    fn entries(
        &mut self,
        mut entries: Vec<Entry<'_, 's>>,
        mut write: impl FnMut(&mut Self, &Entry<'_, 's>) -> bool,
    ) -> bool {
        entries.sort_by(|a, b| a.key.cmp(&b.key));
        let start = self.out.len();
        self.out.push(b'{');
        for entry in &entries {
            let before = self.out.len();
            if before > start + 1 {
                self.out.push(b',');
            }
            match &entry.key {
                Key::Field(name) => write_field(name, &mut self.out),
                Key::Other(element) => write_key(element, &mut self.out),
            }
            self.out.push(b':');
            if !write(self, entry) {
                self.out.truncate(before);
            }
        }
        if self.out.len() == start + 1 {
            self.out.truncate(start);
            return false;
        }
        self.out.push(b'}');
        true
    }

    fn members<'e>(
        &self,
        structure: Option<&'s Struct>,
        others: Place<'s>,
        old: Option<&'e Value<'e>>,
        new: &'e Value<'e>,
    ) -> Vec<Entry<'e, 's>>
    where
        's: 'e,
    {
        let set = self.kind.set;
        let entries = new.entries().iter().map(|(name, value)| {
            let text = name.text(set);
            let before = old.and_then(|old| old.entries().iter().find(|(n, _)| n == name));
            Entry {
                key: Key::Field(text),
                place: member(structure, others, text),
                old: before.map(|(_, value)| value),
                new: value,
                repeated: false,
            }
        });
        entries.collect()
    }

    /// The items of a list that has no items in blank objects.
    fn items<'e>(
        &self,
        place: Place<'s>,
        keys: &[Box<str>],
        new: &'e Value<'e>,
    ) -> Vec<Entry<'e, 's>> {
        let items = Document::items(new).unwrap_or_default();
        let mut entries: Vec<Entry<'e, 's>> = Vec::with_capacity(items.len());
        for item in items {
            let Ok(element) = element(self.kind.set, place, keys, item) else {
                continue;
            };
            let key = Key::Other(element);
            if let Some(first) = entries.iter_mut().find(|e| e.key == key) {
                first.repeated = true;
                continue;
            }
            entries.push(Entry {
                key,
                place,
                old: None,
                new: item,
                repeated: false,
            });
        }
        entries
    }
}
