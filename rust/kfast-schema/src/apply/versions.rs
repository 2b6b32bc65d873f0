//! Managers that wrote in another version than the one of a write: what changed for them is found out in theirs.
//!
//! Objects are converted by the caller: an operation that needs a conversion not made yet ends with what it wants, and
//! is asked again with it.

use super::managers::{Manager, Managers, Owned};
use super::merge::{remove, with_named_parents};
use super::misfit::misfit;
use super::updater::Kind;
use super::walk::{Comparison, compare, fields_of};
use super::{FieldSet, Write};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// A version objects can be converted to.
pub struct Version<'s> {
    /// The kind in that version.
    pub kind: Kind<'s>,
    /// Fields the write does not reach, there.
    pub ignored: FieldSet,
}

/// A conversion that was made.
pub struct Conversion {
    /// The version of the object.
    pub from: Box<str>,
    /// The version wanted.
    pub to: Box<str>,
    /// The object.
    pub object: Json,
    /// What became of it, or why it cannot be converted.
    pub outcome: Result<Json, String>,
}

/// The versions of a kind, and what was converted between them.
#[derive(Default)]
pub struct Versions<'s> {
    /// Those that exist.
    pub served: BTreeMap<Box<str>, Version<'s>>,
    /// Conversions so far.
    pub done: Vec<Conversion>,
    /// Managers of versions that exist no more are an error, as they are of custom resources; others are dropped.
    pub strict: bool,
}

/// Why an operation ended.
#[derive(Debug, PartialEq)]
pub enum Halt {
    /// It needs this conversion.
    Wanted {
        /// The version of the object.
        from: Box<str>,
        /// The version wanted.
        to: Box<str>,
        /// The object.
        object: Box<Json>,
    },
    /// An object cannot be converted, in upstream's words.
    Failed(String),
}

impl Halt {
    fn about(self, what: &str) -> Self {
        match self {
            Self::Failed(why) => Self::Failed(format!("{what}: {why}")),
            wanted @ Self::Wanted { .. } => wanted,
        }
    }
}

type Result<T, E = Halt> = std::result::Result<T, E>;

/// What changed, in the version of a write and in others.
pub(super) struct Changes {
    pub own: Comparison,
    others: BTreeMap<Box<str>, Comparison>,
}

impl Changes {
    /// In one version only.
    pub fn only(own: Comparison) -> Self {
        Self {
            own,
            others: BTreeMap::new(),
        }
    }

    /// In the version of what is owned, if it is another one.
    pub fn other(&self, owned: &Owned) -> Option<&Comparison> {
        self.others.get(&owned.version)
    }
}

impl Managers {
    /// Whether any wrote in another version.
    #[must_use]
    pub fn in_other_versions(&self, version: &str) -> bool {
        self.0.values().any(|owned| *owned.version != *version)
    }
}

impl Versions<'_> {
    fn convert(&self, object: &Json, from: &str, to: &str) -> Result<Json> {
        if from == to {
            return Ok(object.clone());
        }
        let made =
            |done: &&Conversion| *done.from == *from && *done.to == *to && done.object == *object;
        let Some(done) = self.done.iter().find(made) else {
            return Err(Halt::Wanted {
                from: from.into(),
                to: to.into(),
                object: Box::new(object.clone()),
            });
        };
        let converted = done.outcome.clone().map_err(Halt::Failed)?;
        let kind = self.served.get(to).map(|version| version.kind);
        match kind.and_then(|kind| misfit(kind.set, kind.id, &converted)) {
            Some(why) => Err(Halt::Failed(why)),
            None => Ok(converted),
        }
    }

    /// Drops managers of versions that exist no more, unless that is an error; every other version must be able to hold the object.
    pub(super) fn reconcile(
        &self,
        live: &Json,
        managers: &mut Managers,
        version: &str,
    ) -> Result<()> {
        managers.0.retain(|_, owned| {
            let known = *owned.version == *version || self.served.contains_key(&owned.version);
            known || self.strict
        });
        for owned in managers.0.values() {
            self.convert(live, version, &owned.version)?;
        }
        Ok(())
    }

    /// What changed for each manager but `except`; `own` is what changed in the version of the write.
    pub(super) fn changes(
        &self,
        own: Comparison,
        (old, new): (&Json, &Json),
        managers: &Managers,
        except: Option<&Manager>,
        version: &str,
    ) -> Result<Changes> {
        let mut changes = Changes::only(own);
        for (manager, owned) in &managers.0 {
            let known = *owned.version == *version || changes.others.contains_key(&owned.version);
            let Some(other) = self.served.get(&owned.version) else {
                continue;
            };
            if known || Some(manager) == except {
                continue;
            }
            let converted = |object, what| {
                self.convert(object, version, &owned.version)
                    .map_err(|halt| halt.about(what))
            };
            let old = converted(old, "failed to convert old object")?;
            let new = converted(new, "failed to convert new object")?;
            let comparison = compare(other.kind.set, other.kind.id, Some(&old), Some(&new));
            let comparison = comparison.without(&other.ignored);
            changes.others.insert(owned.version.clone(), comparison);
        }
        Ok(changes)
    }

    /// Takes out of the merged object what the manager applied last time, not this time, and nobody else owns.
    pub(super) fn prune(
        &self,
        merged: &Json,
        last: &Owned,
        managers: &Managers,
        version: &str,
    ) -> Result<Json> {
        let Some(before) = self.served.get(&last.version) else {
            return Ok(merged.clone());
        };
        let pruned = self.pruned(before, merged, last, managers, version);
        pruned.map_err(|halt| halt.about("failed to prune fields"))
    }

    fn pruned(
        &self,
        before: &Version<'_>,
        merged: &Json,
        last: &Owned,
        managers: &Managers,
        version: &str,
    ) -> Result<Json> {
        let what = "failed to convert merged object to last applied version";
        let converted = self.convert(merged, version, &last.version);
        let converted = converted.map_err(|halt| halt.about(what))?;
        let gone = before.kind.named(&last.fields);
        let pruned = remove(before.kind.set, before.kind.id, &converted, &gone);
        let (at, pruned) = self
            .with_owned(&converted, pruned, &last.version, managers)
            .map_err(|halt| halt.about("failed add back owned items"))?;
        let what = "failed add back dangling items: failed to convert pruned object to last applied version";
        let pruned = self.convert(&pruned, &at, &last.version);
        let pruned = pruned.map_err(|halt| halt.about(what))?;
        let kept = before.kind.named_fields(&pruned);
        let dangling = before.kind.named_fields(&converted).difference(&kept);
        let result = remove(
            before.kind.set,
            before.kind.id,
            &converted,
            &dangling.intersection(&gone),
        );
        self.convert(&result, &last.version, version)
    }

    /// What is left with what managers own, version by version, and the version it is in then.
    fn with_owned(
        &self,
        merged: &Json,
        pruned: Json,
        first: &str,
        managers: &Managers,
    ) -> Result<(Box<str>, Json)> {
        let mut owned: BTreeMap<&str, FieldSet> = BTreeMap::new();
        for manager in managers.0.values() {
            let all = owned.remove(&*manager.version).unwrap_or_default();
            owned.insert(&manager.version, all.union(&manager.fields));
        }
        let mut order: Vec<(&str, FieldSet)> = owned.into_iter().collect();
        order.sort_by_key(|(version, _)| *version != first);
        let (mut at, mut merged, mut pruned) = (Box::<str>::from(first), merged.clone(), pruned);
        for (version, fields) in order {
            let Some(Version { kind, .. }) = self.served.get(version) else {
                continue;
            };
            let converted = |object: &Json, what: &str| {
                let what = format!("failed to convert {what} object at version {version}");
                self.convert(object, &at, version)
                    .map_err(|halt| halt.about(&what))
            };
            (merged, pruned) = (converted(&merged, "merged")?, converted(&pruned, "pruned")?);
            at = version.into();
            let kept = kind.named_fields(&pruned).union(&kind.named(&fields));
            let gone = kind.named_fields(&merged).difference(&kept);
            pruned = remove(kind.set, kind.id, &merged, &gone);
        }
        Ok((at, pruned))
    }
}

impl Kind<'_> {
    /// The same as [`Kind::update`], with managers of other versions.
    ///
    /// # Errors
    /// [`Halt`]; the managers are as they were then.
    pub fn update_across(
        self,
        (old, new): (&Json, &Json),
        managers: &mut Managers,
        write: &Write<'_>,
        versions: &Versions<'_>,
    ) -> Result<()> {
        let mut next = managers.clone();
        versions.reconcile(old, &mut next, write.version)?;
        let own = compare(self.set, self.id, Some(old), Some(new)).without(write.ignored);
        let changes = versions.changes(own, (old, new), &next, None, write.version)?;
        self.record(&changes, &mut next, write);
        *managers = next;
        Ok(())
    }

    fn named(self, fields: &FieldSet) -> FieldSet {
        with_named_parents(self.set, self.id, fields)
    }

    fn named_fields(self, object: &Json) -> FieldSet {
        self.named(&fields_of(self.set, self.id, object))
    }
}
