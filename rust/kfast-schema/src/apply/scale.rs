//! Owners seen through the scale subresource: those of an object's replicas own `spec.replicas` of its Scale.

use super::{FieldSet, Manager, Managers, Operation, Owned};
use std::collections::BTreeMap;

/// Where the replicas are, by version of the object; an empty set in versions without a scale subresource.
pub type ReplicasPaths = BTreeMap<String, FieldSet>;

const SCALE_VERSION: &str = "autoscaling/v1";

fn replicas_in_scale() -> FieldSet {
    FieldSet::of(&[&["spec", "replicas"]])
}

impl Managers {
    /// The managers of the Scale of an object with these.
    #[must_use]
    pub fn to_scale(&self, paths: &ReplicasPaths) -> Self {
        let own = |owned: &&Owned| {
            paths
                .get(&*owned.version)
                .is_some_and(|path| owned.fields.meets(path))
        };
        let entries = self.0.iter().filter(|(_, owned)| own(owned));
        let entries = entries.map(|(manager, owned)| {
            let version = match manager.operation {
                Operation::Apply => "",
                Operation::Update => SCALE_VERSION,
            };
            let manager = Manager {
                version: version.into(),
                ..manager.clone()
            };
            let owned = Owned {
                fields: replicas_in_scale(),
                version: SCALE_VERSION.into(),
                time: owned.time.clone(),
            };
            (manager, owned)
        });
        Self(entries.collect())
    }

    /// The managers of the object after its Scale was written, which has those of `scale` now; `version` is the object's.
    /// As upstream does, those of other versions than there are `paths` for go, and who comes to own the replicas has no
    /// time. An updater who keeps them does so in an entry beside its other one.
    #[must_use]
    pub fn with_scale(&self, scale: &Self, paths: &ReplicasPaths, version: &str) -> Self {
        let mut managers = BTreeMap::new();
        let mut new = scale.0.clone();
        for (manager, owned) in &self.0 {
            let Some(path) = paths.get(&*owned.version) else {
                continue;
            };
            let mut owned = owned.clone();
            if owned.fields.meets(path) && new.remove(manager).is_none() {
                owned.fields = owned.fields.difference(path);
            }
            if !owned.fields.is_empty() {
                managers.insert(manager.clone(), owned);
            }
        }
        let replicas = replicas_in_scale();
        let path = paths.get(version).cloned().unwrap_or_default();
        for (manager, owned) in new {
            if owned.fields.meets(&replicas) && !path.is_empty() {
                let time = self.0.get(&manager).and_then(|o| o.time.clone());
                let owned = Owned {
                    fields: path.clone(),
                    version: version.into(),
                    time,
                };
                managers.insert(manager, owned);
            }
        }
        Self(managers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(managed: &str, write: impl FnOnce(&mut Managers)) -> Vec<(String, String, bool)> {
        let paths = BTreeMap::from([
            ("apps/v1".into(), FieldSet::of(&[&["spec", "replicas"]])),
            ("apps/v0".into(), FieldSet::default()),
        ]);
        let before = Managers::stored(managed).unwrap();
        let mut scale = before.to_scale(&paths);
        write(&mut scale);
        let after = before.with_scale(&scale, &paths, "apps/v1");
        let shown = |(m, o): (&Manager, &Owned)| {
            let fields: Vec<_> = o
                .fields
                .paths()
                .iter()
                .map(|p| p.last().unwrap().to_string())
                .collect();
            (m.name.to_string(), fields.concat(), o.time.is_some())
        };
        after.0.iter().map(shown).collect()
    }

    const MANAGED: &str = r#"[
        {"manager":"a","operation":"Apply","apiVersion":"apps/v1","time":"2020-01-01T00:00:00Z","fieldsV1":{"f:spec":{"f:replicas":{}}}},
        {"manager":"u","operation":"Update","apiVersion":"apps/v1","time":"2020-01-01T00:00:00Z","fieldsV1":{"f:spec":{"f:paused":{},"f:replicas":{}}}},
        {"manager":"n","operation":"Update","apiVersion":"apps/v0","fieldsV1":{"f:spec":{"f:replicas":{}}}},
        {"manager":"x","operation":"Update","apiVersion":"other/v1","fieldsV1":{"f:spec":{"f:replicas":{}}}}]"#;

    #[test]
    fn owners_of_replicas_pass_through_a_scale() {
        let row = |name: &str, fields: &str, time| (name.to_owned(), fields.to_owned(), time);
        assert_eq!(
            after(MANAGED, |_| ()),
            [
                row("a", ".replicas", true),
                row("n", ".replicas", false),
                row("u", ".paused", true),
                row("u", ".replicas", false),
            ]
        );
        assert_eq!(
            after(MANAGED, |scale| scale.0.clear()),
            [row("n", ".replicas", false), row("u", ".paused", true)]
        );
    }
}
