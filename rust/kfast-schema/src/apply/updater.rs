//! Ownership through writes: what an update takes, and how a configuration is applied.

use super::document::Document;
use super::managers::{Manager, Managers, Operation, Owned};
use super::merge::{merge, remove, with_named_parents};
use super::versions::{Changes, Halt, Versions};
use super::walk::{compare, fields_of};
use super::{FieldSet, PathElement};
use crate::model::{SchemaSet, TypeId};
use crate::value::{Value, object};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// What the system sets on every object, so that nobody owns it.
pub(super) const SYSTEM: [&[&str]; 12] = [
    &["apiVersion"],
    &["kind"],
    &["metadata"],
    &["metadata", "name"],
    &["metadata", "namespace"],
    &["metadata", "creationTimestamp"],
    &["metadata", "selfLink"],
    &["metadata", "uid"],
    &["metadata", "clusterName"],
    &["metadata", "generation"],
    &["metadata", "managedFields"],
    &["metadata", "resourceVersion"],
];

/// The manager an object's fields belong to that was never tracked before it is applied to.
const BEFORE_FIRST_APPLY: &str = "before-first-apply";

/// Who writes, in which version, when.
pub struct Write<'a> {
    /// `fieldManager`.
    pub manager: &'a str,
    /// The version of the object.
    pub version: &'a str,
    /// The subresource written to, empty for the main resource.
    pub subresource: &'a str,
    /// RFC 3339.
    pub now: &'a str,
    /// Fields the write does not reach.
    pub ignored: &'a FieldSet,
}

impl Write<'_> {
    fn manager(&self, operation: Operation) -> Manager {
        Manager {
            operation,
            name: if self.manager.is_empty() {
                "unknown"
            } else {
                self.manager
            }
            .into(),
            version: match operation {
                Operation::Apply => "",
                Operation::Update => self.version,
            }
            .into(),
            subresource: self.subresource.into(),
        }
    }
}

/// Fields that other managers own with other values.
pub type Conflicts = BTreeMap<Manager, (Owned, FieldSet)>;

/// Why a configuration was not applied.
#[derive(Debug)]
pub enum ApplyError {
    /// Others own what it sets.
    Conflicts(Conflicts),
    /// It does not fit its kind.
    Malformed(String),
    /// Managers wrote in versions the objects are not converted to.
    Halted(Halt),
}

/// A kind of the schema.
#[derive(Clone, Copy)]
pub struct Kind<'s> {
    /// The schema.
    pub set: &'s SchemaSet,
    /// The kind's type.
    pub id: TypeId,
}

impl Kind<'_> {
    /// An object without any field set, as upstream writes it: what a created object is compared with.
    #[must_use]
    pub fn blank(self) -> Value<'static> {
        object(self.set, self.id, Vec::new())
    }

    /// Records that `new` takes the place of `old`: what changed belongs to the writer, what went belongs to nobody.
    pub fn update<D: Document>(self, old: &D, new: &D, managers: &mut Managers, write: &Write<'_>) {
        let changes = compare(self.set, self.id, Some(old), Some(new)).without(write.ignored);
        self.record(&Changes::only(changes), managers, write);
    }

    /// The same for what has changed.
    pub(super) fn record(self, changes: &Changes, managers: &mut Managers, write: &Write<'_>) {
        self.disown(changes, managers, None);
        let changes = &changes.own;
        let mut taken = changes.modified.clone().union(&changes.added);
        for path in SYSTEM {
            taken.remove(path);
        }
        let manager = write.manager(Operation::Update);
        if !taken.is_empty() {
            let fields = managers
                .0
                .remove(&manager)
                .map(|o| o.fields)
                .unwrap_or_default();
            let owned = Owned {
                fields: taken.union(&fields),
                version: write.version.into(),
                time: Some(write.now.into()),
            };
            managers.0.insert(manager, owned);
        }
        managers.cap();
    }

    /// Takes changed and removed fields from all managers but `except`.
    fn disown(self, changes: &Changes, managers: &mut Managers, except: Option<&Manager>) {
        for (manager, owned) in &mut managers.0 {
            if except != Some(manager) {
                let changes = changes.other(owned).unwrap_or(&changes.own);
                for lost in [&changes.modified, &changes.added, &changes.removed] {
                    if owned.fields.meets(lost) {
                        owned.fields = owned.fields.difference(lost);
                    }
                }
            }
        }
        managers.0.retain(|_, owned| !owned.fields.is_empty());
    }

    fn conflicts(changes: &Changes, managers: &Managers, except: &Manager) -> Conflicts {
        let touched = changes.own.modified.clone().union(&changes.own.added);
        let others = managers.0.iter().filter(|(m, _)| *m != except);
        others
            .filter_map(|(manager, owned)| {
                let both = match changes.other(owned) {
                    Some(other) => {
                        let touched = other.modified.clone().union(&other.added);
                        owned.fields.intersection(&touched)
                    }
                    None => owned.fields.intersection(&touched),
                };
                (!both.is_empty()).then(|| (manager.clone(), (owned.clone(), both)))
            })
            .collect()
    }

    /// Applies `config` to `live` (none: it is created). The merged object, or `None` if that is `live` itself.
    ///
    /// # Errors
    /// `Conflicts` unless `force`, `Malformed`.
    pub fn apply(
        self,
        live: Option<&Json>,
        config: &Json,
        managers: &mut Managers,
        write: &Write<'_>,
        force: bool,
    ) -> Result<Option<Json>, ApplyError> {
        self.apply_across(live, config, managers, write, force, None)
    }

    /// The same, with managers of other `versions`.
    ///
    /// # Errors
    /// `Halted` besides.
    pub fn apply_across(
        self,
        live: Option<&Json>,
        config: &Json,
        managers: &mut Managers,
        write: &Write<'_>,
        force: bool,
        versions: Option<&Versions<'_>>,
    ) -> Result<Option<Json>, ApplyError> {
        if let (true, Some(live)) = (managers.0.is_empty(), live) {
            let before = Write {
                manager: BEFORE_FIRST_APPLY,
                ..*write
            };
            self.update(&self.blank().to_json(self.set), live, managers, &before);
        }
        let empty = Json::Object(serde_json::Map::new());
        let base = live.unwrap_or(&empty);
        let merged = merge(self.set, self.id, base, config).map_err(ApplyError::Malformed)?;
        let manager = write.manager(Operation::Apply);
        let stated = fields_of(self.set, self.id, config).recursive_difference(write.ignored);
        let mut next = managers.clone();
        let across = versions.zip(live);
        if let Some((versions, live)) = across {
            let reconciled = versions.reconcile(live, &mut next, write.version);
            reconciled.map_err(ApplyError::Halted)?;
        }
        let last = next.0.remove(&manager);
        let owned = Owned {
            fields: stated,
            version: write.version.into(),
            time: last.as_ref().and_then(|o| o.time.clone()),
        };
        next.0.insert(manager.clone(), owned);
        let merged = match (&last, versions) {
            (Some(last), _) if last.fields.is_empty() => merged,
            (Some(last), Some(versions)) => versions
                .prune(&merged, last, &next, write.version)
                .map_err(ApplyError::Halted)?,
            (Some(last), None) => self.prune(&merged, &last.fields, &next),
            (None, _) => merged,
        };
        let changes = compare(self.set, self.id, live, Some(&merged)).without(write.ignored);
        let changes = match across {
            Some((versions, live)) => versions
                .changes(
                    changes,
                    (live, &merged),
                    &next,
                    Some(&manager),
                    write.version,
                )
                .map_err(ApplyError::Halted)?,
            None => Changes::only(changes),
        };
        let conflicts = Self::conflicts(&changes, &next, &manager);
        if !force && !conflicts.is_empty() {
            return Err(ApplyError::Conflicts(conflicts));
        }
        self.disown(&changes, &mut next, Some(&manager));
        // Only now: what the configuration says of its name and kind holds the object's metadata while it is pruned.
        if let Some(owned) = next.0.get_mut(&manager) {
            for path in SYSTEM {
                owned.fields.remove(path);
            }
        }
        next.0.retain(|_, owned| !owned.fields.is_empty());
        let same = live == Some(&merged) && *managers == next;
        // As upstream does: who takes over fields as they are has no time.
        if live != Some(&merged)
            && let Some(owned) = next.0.get_mut(&manager)
        {
            owned.time = Some(write.now.into());
        }
        *managers = next;
        Ok((!same).then_some(merged))
    }

    /// Takes out of the merged object what the manager applied last time, not this time, and nobody else owns.
    fn prune(self, merged: &Json, last: &FieldSet, managers: &Managers) -> Json {
        let named = |fields: &FieldSet| with_named_parents(self.set, self.id, fields);
        let fields = |object: &Json| named(&fields_of(self.set, self.id, object));
        let last = named(last);
        let pruned = remove(self.set, self.id, merged, &last);
        let all = fields(merged);
        let owned = managers
            .0
            .values()
            .fold(FieldSet::default(), |all, o| all.union(&o.fields));
        let gone = all.difference(&fields(&pruned).union(&named(&owned)));
        let pruned = remove(self.set, self.id, merged, &gone);
        let dangling = all.difference(&fields(&pruned)).intersection(&last);
        remove(self.set, self.id, merged, &dangling)
    }

    /// Fields which kubectl's client-side apply set last, as the annotation `last_applied` tells, and which the live
    /// object still has so: kubectl's server-side apply may take them.
    #[must_use]
    pub fn last_applied(self, live: &Json, last_applied: &Json) -> FieldSet {
        let changes = compare(self.set, self.id, Some(last_applied), Some(live));
        fields_of(self.set, self.id, last_applied)
            .difference(&changes.modified)
            .difference(&changes.added)
            .difference(&changes.removed)
    }
}

/// All fields in conflict.
#[must_use]
pub fn conflicting(conflicts: &Conflicts) -> FieldSet {
    let sets = conflicts.values().map(|(_, fields)| fields);
    sets.fold(FieldSet::default(), FieldSet::union)
}

/// Every field in conflict and the manager it conflicts with: (`.spec.replicas`, `"kubectl" using apps/v1`), in order.
#[must_use]
pub fn conflict_causes(conflicts: &Conflicts) -> Vec<(String, String)> {
    let mut causes = Vec::new();
    for (manager, (owned, fields)) in conflicts {
        let mut text = format!("{:?}", manager.name);
        if !manager.subresource.is_empty() {
            text.push_str(&format!(" with subresource {:?}", manager.subresource));
        }
        if manager.operation == Operation::Update {
            text.push_str(&format!(" using {}", owned.version));
        }
        for path in fields.paths() {
            causes.push((
                path.iter().map(PathElement::to_string).collect(),
                text.clone(),
            ));
        }
    }
    causes
}
