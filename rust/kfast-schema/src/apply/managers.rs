//! `metadata.managedFields`: who owns which fields.

use super::FieldSet;
use crate::time;
use crate::write::write_text;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// How a manager came by its fields. Ordered as entries are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// By applying a configuration, which it owns as a whole.
    Apply,
    /// By changing them.
    Update,
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

/// What tells one entry from another. An applier is the same whatever version it applies in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Manager {
    /// How it manages.
    pub operation: Operation,
    /// `fieldManager` of the requests.
    pub name: Box<str>,
    /// Version of the updates; empty for appliers.
    pub version: Box<str>,
    /// The subresource written to, empty for the main resource.
    pub subresource: Box<str>,
}

/// The fields of one manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    /// The fields.
    pub fields: FieldSet,
    /// The version their paths are of.
    pub version: Box<str>,
    /// When they last changed, RFC 3339.
    pub time: Option<Box<str>>,
}

/// All managers of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Managers(pub BTreeMap<Manager, Owned>);

/// Updaters kept apart; the oldest beyond are merged.
const MAX_UPDATERS: usize = 10;
/// The manager that merged updaters become.
const MERGED_UPDATERS: &str = "ancient-changes";

impl Managers {
    /// The managers of stored `metadata.managedFields`, none for an empty text; `None` if an entry is malformed. The fields
    /// of a manager are read as far as they are asked for.
    #[must_use]
    pub fn stored(managed_fields: &str) -> Option<Self> {
        Self::entries(managed_fields, FieldSet::stored)
    }

    /// The managers of `metadata.managedFields` that a client wrote; `None` if an entry is malformed.
    #[must_use]
    pub fn read(managed_fields: &str) -> Option<Self> {
        Self::entries(managed_fields, FieldSet::read)
    }

    fn entries(text: &str, fields: impl Fn(&str) -> Option<FieldSet>) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::default());
        }
        let entries: Vec<Entry<'_>> = serde_json::from_str(text).ok()?;
        let managers = entries.into_iter().map(|entry| entry.read(&fields));
        managers.collect::<Option<_>>().map(Self)
    }

    /// The JSON of the entries, appliers before updaters, then by time and name; empty if there is no manager.
    #[must_use]
    pub fn to_json(&self) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        let mut entries: Vec<_> = self.0.iter().collect();
        if entries.len() > 1 {
            entries.sort_by_cached_key(|(m, o)| {
                (
                    m.operation,
                    seconds(o.time.as_deref()),
                    &m.name,
                    &o.version,
                    &m.subresource,
                )
            });
        }
        let mut out = Vec::with_capacity(512);
        for (at, (manager, owned)) in entries.into_iter().enumerate() {
            out.push(if at == 0 { b'[' } else { b',' });
            write_entry(manager, owned, &mut out);
        }
        out.push(b']');
        String::from_utf8(out).unwrap_or_default()
    }

    /// Merges the oldest updaters of a version until there are not too many.
    pub fn cap(&mut self) {
        let mut updaters: Vec<_> = self
            .0
            .iter()
            .filter(|(m, _)| m.operation == Operation::Update)
            .collect();
        let mut excess = updaters.len().saturating_sub(MAX_UPDATERS);
        if excess == 0 {
            return;
        }
        updaters.sort_by_key(|(m, o)| (seconds(o.time.as_deref()), *m));
        let updaters: Vec<Manager> = updaters.into_iter().map(|(m, _)| m.clone()).collect();
        let mut first: BTreeMap<Box<str>, Manager> = BTreeMap::new();
        for manager in updaters {
            if excess == 0 {
                break;
            }
            let version = self.0[&manager].version.clone();
            let Some(kept) = first.get(&version) else {
                first.insert(version, manager);
                continue;
            };
            let bucket = Manager {
                operation: Operation::Update,
                name: MERGED_UPDATERS.into(),
                version: version.clone(),
                subresource: "".into(),
            };
            if !self.0.contains_key(&bucket)
                && let Some(owned) = self.0.remove(kept)
            {
                self.0.insert(bucket.clone(), owned);
            }
            if let Some(merged) = self.0.remove(&manager)
                && let Some(owned) = self.0.get_mut(&bucket)
            {
                owned.fields = std::mem::take(&mut owned.fields).union(&merged.fields);
                owned.time = merged.time;
            }
            excess -= 1;
        }
    }
}

/// An entry as clients see it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    #[serde(borrow, default)]
    manager: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    operation: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    api_version: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    time: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    fields_type: Option<Cow<'a, str>>,
    #[serde(borrow)]
    fields_v1: &'a RawValue,
    #[serde(borrow, default)]
    subresource: Option<Cow<'a, str>>,
}

impl Entry<'_> {
    fn read(self, fields: impl Fn(&str) -> Option<FieldSet>) -> Option<(Manager, Owned)> {
        let text = |text: Option<Cow<'_, str>>| Box::<str>::from(text.unwrap_or_default());
        let operation = match self.operation.as_deref()? {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return None,
        };
        if !matches!(self.fields_type.as_deref(), None | Some("FieldsV1" | "")) {
            return None;
        }
        let version = text(self.api_version);
        let manager = Manager {
            operation,
            name: text(self.manager),
            version: match operation {
                Operation::Apply => "".into(),
                Operation::Update => version.clone(),
            },
            subresource: text(self.subresource),
        };
        let owned = Owned {
            fields: fields(self.fields_v1.get())?,
            version,
            time: self.time.map(|time| text(Some(time))),
        };
        Some((manager, owned))
    }
}

fn seconds(time: Option<&str>) -> i64 {
    time.and_then(|t| time::parse(t).ok())
        .map_or(0, |t| t.seconds)
}

fn write_entry(manager: &Manager, owned: &Owned, out: &mut Vec<u8>) {
    let texts = [
        ("\"manager\":", &*manager.name),
        ("\"operation\":", manager.operation.name()),
        ("\"apiVersion\":", &owned.version),
        ("\"time\":", owned.time.as_deref().unwrap_or_default()),
    ];
    out.push(b'{');
    for (key, text) in texts {
        if !text.is_empty() {
            out.extend_from_slice(key.as_bytes());
            write_text(text, out);
            out.push(b',');
        }
    }
    out.extend_from_slice(b"\"fieldsType\":\"FieldsV1\",\"fieldsV1\":");
    owned.fields.write_below(false, out);
    if !manager.subresource.is_empty() {
        out.extend_from_slice(b",\"subresource\":");
        write_text(&manager.subresource, out);
    }
    out.push(b'}');
}
