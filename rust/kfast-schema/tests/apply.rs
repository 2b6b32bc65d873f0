//! Server-side apply on a small schema with every way of owning a place.

use kfast_schema::apply::{
    ApplyError, FieldSet, Kind, Managers, PathElement, Write, compare, conflict_causes, fields_of,
};
use kfast_schema::{MediaType, Validation, decode};
use kfast_schema::{SchemaSet, load};
use proptest::prelude::*;
use serde_json::{Value, json};

fn schema() -> SchemaSet {
    let types = json!({"types": [
        {"name": "x.v1.Toy", "kinds": ["toys/v1/Toy"], "fields": [
            {"name": "apiVersion", "type": "string"}, {"name": "kind", "type": "string"},
            {"name": "metadata", "type": "x.v1.Meta", "always": true},
            {"name": "count", "type": "int32", "pointer": true},
            {"name": "sizes", "type": "map[]string"},
            {"name": "whole", "type": "map[]string", "atomic": true},
            {"name": "tags", "type": "[]string", "list": "set"},
            {"name": "steps", "type": "[]string"},
            {"name": "parts", "type": "[]x.v1.Part", "list": "map", "keys": ["name"]},
            {"name": "inner", "type": "x.v1.Part", "pointer": true},
            {"name": "raw", "type": "RawExtension", "pointer": true}
        ]},
        {"name": "x.v1.Meta", "fields": [{"name": "name", "type": "string"}]},
        {"name": "x.v1.Part", "fields": [
            {"name": "name", "type": "string", "always": true}, {"name": "size", "type": "int64", "pointer": true},
            {"name": "sizes", "type": "map[]string"}
        ]}
    ]});
    load(types.to_string().as_bytes()).unwrap()
}

struct Cluster {
    set: SchemaSet,
    live: Option<Value>,
    managers: Managers,
}

impl Cluster {
    fn new() -> Self {
        Self {
            set: schema(),
            live: None,
            managers: Managers::default(),
        }
    }

    fn kind(&self) -> Kind<'_> {
        let id = self.set.kind("toys/v1/Toy").unwrap();
        Kind { set: &self.set, id }
    }

    /// Whether the object was written, or the fields in conflict.
    fn apply(&mut self, manager: &str, config: &Value, force: bool) -> Result<bool, Vec<String>> {
        let mut managers = self.managers.clone();
        let outcome = self.kind().apply(
            self.live.as_ref(),
            config,
            &mut managers,
            &write(manager),
            force,
        );
        match outcome {
            Ok(merged) => {
                let wrote = merged.is_some();
                self.live = merged.or(self.live.take());
                self.managers = managers;
                Ok(wrote)
            }
            Err(ApplyError::Conflicts(found)) => Err(conflict_causes(&found)
                .into_iter()
                .map(|(path, by)| format!("{path} {by}"))
                .collect()),
            Err(ApplyError::Malformed(why)) => Err(vec![why]),
            Err(ApplyError::Halted(halt)) => Err(vec![format!("{halt:?}")]),
        }
    }

    fn update(&mut self, manager: &str, new: &Value) {
        let mut managers = self.managers.clone();
        let old = self
            .live
            .clone()
            .unwrap_or_else(|| self.kind().blank().to_json(&self.set));
        self.kind()
            .update(&old, new, &mut managers, &write(manager));
        self.live = Some(new.clone());
        self.managers = managers;
    }

    /// FieldsV1 of every manager by name.
    fn owned(&self) -> Value {
        let entries = self.managers.0.iter();
        entries
            .map(|(m, o)| {
                (
                    m.name.to_string(),
                    serde_json::from_str::<Value>(&o.fields.to_fields_v1()).unwrap(),
                )
            })
            .collect()
    }
}

fn write(manager: &str) -> Write<'_> {
    static NOTHING: std::sync::OnceLock<FieldSet> = std::sync::OnceLock::new();
    Write {
        manager,
        version: "toys/v1",
        subresource: "",
        now: "2026-01-01T00:00:00Z",
        ignored: NOTHING.get_or_init(FieldSet::default),
    }
}

fn toy(fields: Value) -> Value {
    let mut toy = json!({"apiVersion": "toys/v1", "kind": "Toy", "metadata": {"name": "t"}});
    toy.as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    toy
}

#[test]
fn what_is_applied_is_owned_merged_and_given_up() {
    let mut cluster = Cluster::new();
    let first = toy(
        json!({"count": 1, "sizes": {"a": "1"}, "whole": {"x": "1"}, "tags": ["p"], "steps": ["s"],
        "parts": [{"name": "one", "size": 1}]}),
    );
    assert_eq!(cluster.apply("ann", &first, false), Ok(true));
    assert_eq!(cluster.apply("ann", &first, false), Ok(false));
    assert_eq!(
        cluster.owned()["ann"],
        json!({"f:count": {}, "f:parts": {"k:{\"name\":\"one\"}": {".": {}, "f:name": {}, "f:size": {}}},
            "f:sizes": {"f:a": {}}, "f:steps": {}, "f:tags": {"v:\"p\"": {}}, "f:whole": {}})
    );
    let second =
        toy(json!({"count": 1, "sizes": {"b": "2"}, "tags": ["q"], "parts": [{"name": "two"}]}));
    assert_eq!(cluster.apply("bob", &second, false), Ok(true));
    let live = cluster.live.clone().unwrap();
    assert_eq!(live["sizes"], json!({"a": "1", "b": "2"}));
    assert_eq!(live["tags"], json!(["p", "q"]));
    assert_eq!(
        live["parts"],
        json!([{"name": "one", "size": 1}, {"name": "two"}])
    );
    // Shared, so it stays; owned alone, so it goes.
    assert_eq!(cluster.apply("ann", &toy(json!({})), false), Ok(true));
    let live = cluster.live.clone().unwrap();
    assert_eq!(live["count"], 1);
    assert_eq!(live["sizes"], json!({"b": "2"}));
    assert_eq!(live["parts"], json!([{"name": "two"}]));
    assert_eq!((live.get("whole"), live.get("steps")), (None, None));
    assert_eq!(cluster.owned().get("ann"), None);
    assert_eq!(live["metadata"], json!({"name": "t"}));
}

#[test]
fn other_values_of_owned_fields_conflict_unless_forced() {
    let mut cluster = Cluster::new();
    cluster
        .apply(
            "ann",
            &toy(json!({"count": 1, "parts": [{"name": "one", "size": 1}]})),
            false,
        )
        .unwrap();
    let other = toy(json!({"count": 2, "parts": [{"name": "one", "size": 2}]}));
    let conflicts = vec![
        ".count \"ann\"".to_owned(),
        ".parts[name=\"one\"].size \"ann\"".to_owned(),
    ];
    assert_eq!(cluster.apply("bob", &other, false), Err(conflicts));
    assert_eq!(cluster.apply("bob", &other, true), Ok(true));
    assert_eq!(cluster.live.as_ref().unwrap()["count"], 2);
    assert_eq!(
        cluster.owned()["ann"],
        json!({"f:parts": {"k:{\"name\":\"one\"}": {".": {}, "f:name": {}}}})
    );
    let mut changed = cluster.live.clone().unwrap();
    changed["count"] = 9.into();
    cluster.update("eve", &changed);
    assert_eq!(cluster.owned()["eve"], json!({"f:count": {}}));
    let refused = cluster.apply("bob", &toy(json!({"count": 2})), false);
    assert_eq!(
        refused,
        Err(vec![".count \"eve\" using toys/v1".to_owned()])
    );
}

#[test]
fn an_object_nobody_applied_belongs_to_its_past() {
    let mut cluster = Cluster::new();
    cluster.live = Some(toy(json!({"count": 1, "sizes": {"a": "1"}})));
    assert_eq!(
        cluster.apply("ann", &toy(json!({"count": 1})), false),
        Ok(true)
    );
    let owned = cluster.owned();
    assert_eq!(
        owned["before-first-apply"],
        json!({"f:count": {}, "f:sizes": {".": {}, "f:a": {}}})
    );
    assert_eq!(owned["ann"], json!({"f:count": {}}));
}

#[test]
fn configurations_that_do_not_fit_are_refused_with_the_place() {
    let mut cluster = Cluster::new();
    let twice = toy(json!({"parts": [{"name": "one"}, {"name": "one"}]}));
    let refused = cluster.apply("ann", &twice, false);
    assert_eq!(
        refused,
        Err(vec![
            ".parts: duplicate entries for key [name=\"one\"]".to_owned()
        ])
    );
    let refused = cluster.apply("ann", &toy(json!({"tags": [null]})), false);
    let why =
        ".tags: element 0: associative list without keys has an element that's an explicit null";
    assert_eq!(refused, Err(vec![why.to_owned()]));
}

#[test]
fn only_so_many_updaters_are_kept_apart() {
    let mut cluster = Cluster::new();
    cluster
        .apply("ann", &toy(json!({"steps": ["s"]})), false)
        .unwrap();
    for number in 0..15 {
        let mut changed = cluster.live.clone().unwrap();
        changed["sizes"][format!("k{number}")] = "v".into();
        cluster.update(&format!("u{number:02}"), &changed);
    }
    let owned = cluster.owned();
    assert_eq!(owned.as_object().unwrap().len(), 11);
    assert_eq!(
        owned["ancient-changes"]["f:sizes"]
            .as_object()
            .unwrap()
            .len(),
        7
    );
}

#[test]
fn path_elements_are_read_as_they_are_spelled() {
    for text in [
        "f:a.b",
        "k:{\"a\":1,\"b\":\"x\"}",
        "v:true",
        "v:\"\"",
        "i:3",
        "v:1.5",
        "v:null",
    ] {
        assert_eq!(PathElement::parse(text).unwrap().spell(), text);
    }
    for text in ["", "x", "f", "é:", "k:[]", "v:{}", "i:x", "q:a"] {
        assert_eq!(PathElement::parse(text), None, "{text}");
    }
}

fn configurations() -> impl Strategy<Value = Value> {
    let name = || prop::sample::select(vec!["a", "b", "c"]);
    let text = || prop::sample::select(vec!["1", "2"]);
    let map = || prop::collection::btree_map(name(), text(), 1..3);
    let part = (name(), prop::option::of(0..2i64), prop::option::of(map()));
    (
        prop::option::of(0..3i32),
        prop::option::of(map()),
        prop::option::of(map()),
        prop::option::of(prop::collection::btree_set(name(), 1..3)),
        prop::option::of(prop::collection::vec(text(), 1..3)),
        prop::option::of(prop::collection::vec(part, 1..3)),
        prop::option::of(map()),
    )
        .prop_map(|(count, sizes, whole, tags, steps, parts, raw)| {
            let mut fields = serde_json::Map::new();
            let mut put = |name: &str, value: Option<Value>| {
                fields.extend(value.map(|v| (name.to_owned(), v)))
            };
            put("count", count.map(Into::into));
            put("sizes", sizes.map(|v| json!(v)));
            put("whole", whole.map(|v| json!(v)));
            put("tags", tags.map(|v| json!(v)));
            put("steps", steps.map(|v| json!(v)));
            put("raw", raw.map(|v| json!(v)));
            let parts = parts.map(|parts| {
                let mut seen = std::collections::BTreeSet::new();
                let parts = parts.into_iter().filter(|(name, ..)| seen.insert(*name));
                let parts = parts.map(|(name, size, sizes)| {
                    let mut part = json!({ "name": name });
                    if let Some(size) = size {
                        part["size"] = size.into();
                    }
                    if let Some(sizes) = sizes {
                        part["sizes"] = json!(sizes);
                    }
                    part
                });
                Value::Array(parts.collect())
            });
            put("parts", parts);
            toy(fields.into())
        })
}

/// Every value the configuration states is in the object: sets and keyed lists contain, all else is equal.
fn holds(object: &Value, config: &Value, keyed: bool) -> bool {
    match (object, config) {
        (Value::Object(object), Value::Object(config)) => config.iter().all(|(name, value)| {
            let keyed = matches!(name.as_str(), "parts" | "tags");
            let empty = value.as_object().is_some_and(|v| v.is_empty())
                || value.as_array().is_some_and(|v| v.is_empty());
            empty
                || object.get(name).is_some_and(|found| {
                    name == "whole" && found == value
                        || name != "whole" && holds(found, value, keyed)
                })
        }),
        (Value::Array(object), Value::Array(config)) if keyed => config.iter().all(|item| {
            object.iter().any(|found| match item.get("name") {
                Some(name) => found["name"] == *name && holds(found, item, false),
                None => found == item,
            })
        }),
        _ => object == config,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn applies_keep_their_promises(steps in prop::collection::vec((0..3usize, configurations(), any::<bool>()), 1..8)) {
        let mut cluster = Cluster::new();
        for (who, config, force) in steps {
            let manager = ["ann", "bob", "cy"][who];
            let before = (cluster.live.clone(), cluster.managers.clone());
            match cluster.apply(manager, &config, force) {
                Ok(_) => {
                    let live = cluster.live.clone().unwrap();
                    prop_assert!(holds(&live, &config, false), "{live} lacks {config}");
                    let mut stated = fields_of(&cluster.set, cluster.kind().id, &config);
                    for path in [&["apiVersion"][..], &["kind"], &["metadata", "name"]] {
                        stated.remove(path);
                    }
                    // Idempotent, unless nobody is left to be tracked; and the manager owns just what it stated, but for
                    // what the system owns.
                    if !stated.is_empty() {
                        prop_assert_eq!(cluster.apply(manager, &config, false), Ok(false));
                    }
                    let owned = cluster.managers.0.iter().find(|(m, _)| &*m.name == manager);
                    prop_assert_eq!(owned.map(|(_, o)| o.fields.clone()).unwrap_or_default(), stated);
                }
                Err(_) => {
                    prop_assert!(!force);
                    prop_assert_eq!(before, (cluster.live.clone(), cluster.managers.clone()));
                }
            }
            let entries = cluster.managers.to_json();
            prop_assert_eq!(Managers::read(&entries).unwrap(), cluster.managers.clone());
            // The next write works on what is stored, which is read where it looks.
            cluster.managers = Managers::stored(&entries).unwrap();
            prop_assert_eq!(cluster.managers.to_json(), entries);
        }
    }

    #[test]
    fn a_comparison_tells_objects_apart(old in configurations(), new in configurations()) {
        let set = schema();
        let id = set.kind("toys/v1/Toy").unwrap();
        let there = compare(&set, id, Some(&old), Some(&new));
        let back = compare(&set, id, Some(&new), Some(&old));
        prop_assert_eq!(&there.added, &back.removed);
        prop_assert_eq!(&there.removed, &back.added);
        prop_assert_eq!(&there.modified, &back.modified);
        let same = there.added.is_empty() && there.removed.is_empty() && there.modified.is_empty();
        let sorted = |v: &Value| { let mut v = v.clone(); if let Some(p) = v["parts"].as_array_mut() { p.sort_by_key(|p| p["name"].to_string()); } v };
        if old == new {
            prop_assert!(same);
        } else if same {
            prop_assert_eq!(sorted(&old), sorted(&new));
        }
    }

    #[test]
    fn what_a_creator_owns_is_written_without_a_set(config in configurations()) {
        let set = schema();
        let kind = Kind { set: &set, id: set.kind("toys/v1/Toy").unwrap() };
        let body = config.to_string();
        decode(&set, "toys/v1/Toy", body.as_bytes(), MediaType::Json, Validation::Ignore, |(value, _)| {
            let mut managers = Managers::default();
            kind.update(&kind.blank(), &value, &mut managers, &write("ann"));
            let direct = kind.creation(&value, "ann", write("ann").version, write("ann").now);
            assert_eq!(direct, managers.to_json());
        }).unwrap();
    }

    #[test]
    fn sets_behave(a in configurations(), b in configurations()) {
        let set = schema();
        let id = set.kind("toys/v1/Toy").unwrap();
        let (a, b) = (fields_of(&set, id, &a), fields_of(&set, id, &b));
        let (both, left) = (a.intersection(&b), a.difference(&b));
        prop_assert_eq!(both.clone().union(&left), a.clone());
        prop_assert!(both.intersection(&left).is_empty());
        let stored = |set: &FieldSet| FieldSet::stored(&set.to_fields_v1()).unwrap();
        prop_assert_eq!(FieldSet::read(&a.to_fields_v1()).unwrap(), a.clone());
        prop_assert_eq!(stored(&a).meets(&stored(&b)), !both.is_empty());
        prop_assert_eq!(stored(&a).intersection(&stored(&b)).to_fields_v1(), both.to_fields_v1());
        prop_assert_eq!(stored(&a).difference(&stored(&b)).to_fields_v1(), left.to_fields_v1());
        prop_assert_eq!(stored(&a).union(&stored(&b)).to_fields_v1(), a.clone().union(&b).to_fields_v1());
        prop_assert_eq!(stored(&a), a);
    }
}
