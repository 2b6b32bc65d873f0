//! `metadata.managedFields`: who owns which fields.

use super::FieldSet;
use crate::model::NameId;
use crate::names as n;
use crate::time;
use crate::value::Value;
use serde_json::Value as Json;
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
    /// The managers of `metadata.managedFields`; `None` if an entry is malformed.
    #[must_use]
    pub fn read(entries: &[Json]) -> Option<Self> {
        let mut managers = BTreeMap::new();
        for entry in entries {
            let text = |key: &str| entry.get(key).and_then(Json::as_str).unwrap_or_default();
            let operation = match text("operation") {
                "Apply" => Operation::Apply,
                "Update" => Operation::Update,
                _ => return None,
            };
            if !matches!(text("fieldsType"), "FieldsV1" | "") || entry.get("fieldsV1").is_none() {
                return None;
            }
            let version: Box<str> = text("apiVersion").into();
            let manager = Manager {
                operation,
                name: text("manager").into(),
                version: match operation {
                    Operation::Apply => "".into(),
                    Operation::Update => version.clone(),
                },
                subresource: text("subresource").into(),
            };
            let owned = Owned {
                fields: FieldSet::from_fields_v1(&entry["fieldsV1"])?,
                version,
                time: entry.get("time").and_then(Json::as_str).map(Into::into),
            };
            managers.insert(manager, owned);
        }
        Some(Self(managers))
    }

    /// The entries as stored: appliers before updaters, then by time and name.
    #[must_use]
    pub fn write(&self) -> Value<'static> {
        let mut entries: Vec<_> = self.0.iter().collect();
        entries.sort_by_key(|(m, o)| {
            (
                m.operation,
                seconds(o.time.as_deref()),
                &m.name,
                &o.version,
                &m.subresource,
            )
        });
        let entries = entries.into_iter().map(|(m, o)| entry(m, o));
        Value::List(entries.collect())
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

fn seconds(time: Option<&str>) -> i64 {
    time.and_then(|t| time::parse(t).ok())
        .map_or(0, |t| t.seconds)
}

fn entry(manager: &Manager, owned: &Owned) -> Value<'static> {
    let mut entry = Value::EMPTY;
    let mut put = |name: NameId, text: &str| {
        if !text.is_empty() {
            entry.set(name, Value::Text(text.to_owned().into()));
        }
    };
    put(n::MANAGER, &manager.name);
    put(n::OPERATION, manager.operation.name());
    put(n::API_VERSION, &owned.version);
    put(n::TIME, owned.time.as_deref().unwrap_or_default());
    put(n::FIELDS_TYPE, "FieldsV1");
    entry.set(n::FIELDS_V1, owned.fields.to_fields_v1());
    if !manager.subresource.is_empty() {
        let subresource = Value::Text(String::from(&*manager.subresource).into());
        entry.set(n::SUBRESOURCE, subresource);
    }
    entry
}
