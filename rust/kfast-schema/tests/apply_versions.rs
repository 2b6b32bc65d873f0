//! Managers that wrote in another version than the one of a write.

use kfast_schema::apply::{
    ApplyError, Conversion, FieldSet, Halt, Kind, Managers, Version, Versions, Write,
    conflict_causes,
};
use kfast_schema::{SchemaSet, load};
use serde_json::{Value, json};

/// `count` of v1 is `size` in v2, and v1 alone has `note`.
const DATA: &[u8] = br#"{"types":[
    {"name":"v1.Toy","kinds":["toys/v1/Toy"],"fields":[{"name":"apiVersion","type":"string"},{"name":"kind","type":"string"},
      {"name":"count","type":"int32"},{"name":"note","type":"string"},{"name":"text","type":"string"}]},
    {"name":"v2.Toy","kinds":["toys/v2/Toy"],"fields":[{"name":"apiVersion","type":"string"},{"name":"kind","type":"string"},
      {"name":"size","type":"int32"},{"name":"text","type":"string"}]}]}"#;

fn converted(object: &Value, to: &str) -> Result<Value, String> {
    let mut out = object.as_object().cloned().unwrap_or_default();
    let (old, new) = if to == "toys/v1" {
        ("size", "count")
    } else {
        ("count", "size")
    };
    if let Some(value) = out.remove(old) {
        out.insert(new.to_owned(), value);
    }
    if out.get("text") == Some(&json!("bad")) {
        return Err("no such text".into());
    }
    out.insert("apiVersion".to_owned(), to.into());
    Ok(out.into())
}

struct Toys {
    set: SchemaSet,
}

impl Toys {
    fn new() -> Self {
        Self {
            set: load(DATA).unwrap(),
        }
    }

    fn kind(&self, version: &str) -> Kind<'_> {
        let id = self.set.kind(&format!("{version}/Toy")).unwrap();
        Kind { set: &self.set, id }
    }

    fn versions(&self) -> Versions<'_> {
        let mut versions = Versions::default();
        for version in ["toys/v1", "toys/v2"] {
            let found = Version {
                kind: self.kind(version),
                ignored: FieldSet::default(),
            };
            versions.served.insert(version.into(), found);
        }
        versions
    }

    /// Runs an operation until it wants no more conversions.
    fn run<T>(
        &self,
        mut attempt: impl FnMut(&Versions<'_>) -> Result<T, Halt>,
    ) -> Result<T, String> {
        let mut versions = self.versions();
        loop {
            match attempt(&versions) {
                Ok(outcome) => return Ok(outcome),
                Err(Halt::Failed(why)) => return Err(why),
                Err(Halt::Wanted { from, to, object }) => {
                    let outcome = converted(&object, &to);
                    versions.done.push(Conversion {
                        from,
                        to,
                        object: *object,
                        outcome,
                    });
                }
            }
        }
    }

    fn update(
        &self,
        version: &str,
        (old, new): (&Value, &Value),
        managers: &mut Managers,
    ) -> Result<(), String> {
        let ignored = FieldSet::default();
        let write = write("upd", version, &ignored);
        self.run(|versions| {
            self.kind(version)
                .update_across((old, new), managers, &write, versions)
        })
    }

    fn apply(
        &self,
        version: &str,
        live: &Value,
        config: &Value,
        managers: &mut Managers,
        force: bool,
    ) -> Result<Option<Value>, String> {
        let ignored = FieldSet::default();
        let write = write("app", version, &ignored);
        self.run(|versions| {
            let kind = self.kind(version);
            let versions = Some(versions);
            match kind.apply_across(Some(live), config, managers, &write, force, versions) {
                Err(ApplyError::Halted(halt)) => Err(halt),
                Err(ApplyError::Conflicts(found)) => {
                    Err(Halt::Failed(format!("{:?}", conflict_causes(&found))))
                }
                Err(ApplyError::Malformed(why)) => Err(Halt::Failed(why)),
                Ok(merged) => Ok(merged),
            }
        })
    }
}

fn write<'a>(manager: &'a str, version: &'a str, ignored: &'a FieldSet) -> Write<'a> {
    Write {
        manager,
        version,
        subresource: "",
        now: "2024-01-01T00:00:00Z",
        ignored,
    }
}

fn managers(entries: &[(&str, &str, &str, Value)]) -> Managers {
    let entry = |(manager, operation, version, fields): &(&str, &str, &str, Value)| {
        json!({"manager": manager, "operation": operation, "apiVersion": version, "fieldsType": "FieldsV1",
               "fieldsV1": fields, "time": "2024-01-01T00:00:00Z"})
    };
    let entries: Vec<Value> = entries.iter().map(entry).collect();
    Managers::read(&Value::from(entries).to_string()).unwrap()
}

fn owned(managers: &Managers) -> Vec<(String, Value)> {
    let text = managers.to_json();
    let entries: Vec<Value> =
        serde_json::from_str(if text.is_empty() { "[]" } else { &text }).unwrap();
    let pair = |e: Value| {
        let name = format!(
            "{} {}",
            e["manager"].as_str().unwrap(),
            e["apiVersion"].as_str().unwrap()
        );
        (name, e["fieldsV1"].clone())
    };
    entries.into_iter().map(pair).collect()
}

fn v1(count: i32, text: &str) -> Value {
    json!({"apiVersion": "toys/v1", "kind": "Toy", "count": count, "text": text})
}

fn v2(size: i32, text: &str) -> Value {
    json!({"apiVersion": "toys/v2", "kind": "Toy", "size": size, "text": text})
}

#[test]
fn an_update_takes_fields_under_the_names_of_the_other_version() {
    let toys = Toys::new();
    let mut found = managers(&[
        (
            "ann",
            "Apply",
            "toys/v1",
            json!({"f:count": {}, "f:text": {}}),
        ),
        ("old", "Update", "toys/v0", json!({"f:text": {}})),
    ]);
    toys.update("toys/v2", (&v2(1, "a"), &v2(2, "a")), &mut found)
        .unwrap();
    assert_eq!(
        owned(&found),
        [
            ("ann toys/v1".to_owned(), json!({"f:text": {}})),
            ("upd toys/v2".to_owned(), json!({"f:size": {}})),
        ]
    );
}

#[test]
fn what_does_not_fit_a_manager_s_version_cannot_be_written() {
    let toys = Toys::new();
    let before = managers(&[("ann", "Apply", "toys/v2", json!({"f:size": {}}))]);
    let mut found = before.clone();
    let mut noted = v1(2, "a");
    noted["note"] = "n".into();
    let refused = toys.update("toys/v1", (&v1(1, "a"), &noted), &mut found);
    assert_eq!(
        refused,
        Err("failed to convert new object: .note: field not declared in schema".into())
    );
    let refused = toys.update("toys/v1", (&v1(1, "a"), &v1(1, "bad")), &mut found);
    assert_eq!(
        refused,
        Err("failed to convert new object: no such text".into())
    );
    assert_eq!(found, before);
}

#[test]
fn conflicts_are_told_in_the_version_of_their_owner() {
    let toys = Toys::new();
    let mut found = managers(&[("ann", "Update", "toys/v1", json!({"f:count": {}}))]);
    let (live, config) = (
        v2(1, "a"),
        json!({"apiVersion": "toys/v2", "kind": "Toy", "size": 5}),
    );
    let refused = toys.apply("toys/v2", &live, &config, &mut found, false);
    assert_eq!(
        refused,
        Err(r#"[(".count", "\"ann\" using toys/v1")]"#.into())
    );
    let merged = toys.apply("toys/v2", &live, &config, &mut found, true);
    assert_eq!(merged, Ok(Some(v2(5, "a"))));
    assert_eq!(
        owned(&found),
        [("app toys/v2".to_owned(), json!({"f:size": {}}))]
    );
}

#[test]
fn an_applier_gives_up_what_it_applied_in_another_version() {
    let toys = Toys::new();
    let mine = (
        "app",
        "Apply",
        "toys/v1",
        json!({"f:count": {}, "f:text": {}}),
    );
    let mut found = managers(std::slice::from_ref(&mine));
    let config = json!({"apiVersion": "toys/v2", "kind": "Toy", "text": "a"});
    let merged = toys.apply("toys/v2", &v2(1, "a"), &config, &mut found, false);
    assert_eq!(
        merged,
        Ok(Some(
            json!({"apiVersion": "toys/v2", "kind": "Toy", "text": "a"})
        ))
    );
    assert_eq!(
        owned(&found),
        [("app toys/v2".to_owned(), json!({"f:text": {}}))]
    );
    // What somebody owns in yet another version stays.
    let mut found = managers(&[mine, ("eve", "Update", "toys/v2", json!({"f:size": {}}))]);
    let merged = toys.apply("toys/v2", &v2(1, "a"), &config, &mut found, false);
    assert!(merged.unwrap().is_some_and(|object| object["size"] == 1));
}
