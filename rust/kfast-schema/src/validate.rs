//! Structural validation: fields that must be set and keys that must not repeat, where upstream's registries refuse them.
//!
//! The schema calls more fields required than upstream insists on: Go's zero value will do for numbers, times and the
//! fields of [`OPTIONAL`]. A required object that is absent is looked at as an empty one.

use crate::SchemaSet;
use crate::model::{Field, Struct, Type, TypeId};
use kfast_core::quote;
use serde_json::{Map, Value};

/// One violation, as upstream's `field.Error`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// `spec.template.spec.containers[0].name`.
    pub path: String,
    /// Cause reason, `FieldValueRequired`.
    pub reason: &'static str,
    /// The text after the path, `Required value`.
    pub message: String,
}

/// Called required by the schema, but upstream takes the empty value.
const OPTIONAL: &[(&str, &str)] = &[
    ("CSINodeSpec", "drivers"),
    ("HTTPHeader", "value"),
    ("LimitRangeSpec", "limits"),
    ("PodFailurePolicy", "rules"),
    ("Sysctl", "value"),
    ("TokenRequest", "audience"),
];

/// Not looked into: validated as metadata, as selectors, by their own handlers, or with an empty group of their own.
const SKIPPED: &[&str] = &[
    "FieldSelectorRequirement",
    "GroupResource",
    "JSONSchemaProps",
    "LabelSelectorRequirement",
    "NodeSelectorRequirement",
    "ObjectMeta",
    "OwnerReference",
    "SelfSubjectAccessReviewSpec",
    "SelfSubjectRulesReviewSpec",
    "SubjectAccessReviewSpec",
    "TokenReviewSpec",
];

/// Lists whose items must differ in a property: (type, list, property).
const UNIQUE: &[(&str, &str, &str)] = &[
    ("CSINodeSpec", "drivers", "name"),
    ("CustomResourceDefinitionSpec", "versions", "name"),
    ("MutatingWebhookConfiguration", "webhooks", "name"),
    ("PodSpec", "containers", "name"),
    ("PodSpec", "ephemeralContainers", "name"),
    ("PodSpec", "initContainers", "name"),
    ("PodSpec", "resourceClaims", "name"),
    ("PodSpec", "volumes", "name"),
    ("ValidatingWebhookConfiguration", "webhooks", "name"),
];

/// What is structurally wrong with an object of the kind `key`; its metadata and status are not looked at.
#[must_use]
pub fn validate(set: &SchemaSet, key: &str, object: &Value) -> Vec<Violation> {
    let mut walk = Walk {
        set,
        found: Vec::new(),
    };
    if let (Some(id), Some(object)) = (set.kind(key), object.as_object()) {
        walk.structure(id, object, "", true);
    }
    walk.found
}

struct Walk<'s> {
    set: &'s SchemaSet,
    found: Vec<Violation>,
}

impl Walk<'_> {
    fn structure(&mut self, id: TypeId, object: &Map<String, Value>, path: &str, root: bool) {
        let set = self.set;
        let ty = set.get(id);
        if SKIPPED.contains(&ty.short_name()) {
            return;
        }
        for field in &ty.fields {
            if root && matches!(field.name.as_ref(), "metadata" | "status") {
                continue;
            }
            let path = if root {
                field.name.to_string()
            } else {
                format!("{path}.{}", field.name)
            };
            match object.get(field.name.as_ref()) {
                Some(value) if !is_empty(value) => self.value(ty, field, value, &path),
                _ if must_be_set(ty, field) => self.absent(field, &path),
                _ => {}
            }
        }
    }

    fn absent(&mut self, field: &Field, path: &str) {
        match field.ty {
            Type::Struct(id) if !field.pointer => self.structure(id, &Map::new(), path, false),
            _ => self.found.push(Violation {
                path: path.to_owned(),
                reason: "FieldValueRequired",
                message: "Required value".to_owned(),
            }),
        }
    }

    fn value(&mut self, ty: &Struct, field: &Field, value: &Value, path: &str) {
        let unique = UNIQUE
            .iter()
            .find(|(owner, list, _)| *owner == ty.short_name() && *list == field.name.as_ref());
        if let (Some((_, _, property)), Value::Array(items)) = (unique, value) {
            self.duplicates(items, property, path);
        }
        self.nested(&field.ty, value, path);
    }

    fn nested(&mut self, ty: &Type, value: &Value, path: &str) {
        match (ty, value) {
            (Type::Struct(id), Value::Object(object)) => self.structure(*id, object, path, false),
            (Type::List(item) | Type::WrappedList(item), Value::Array(items))
                if has_structure(item) =>
            {
                for (i, value) in items.iter().enumerate() {
                    self.nested(item, value, &format!("{path}[{i}]"));
                }
            }
            (Type::Map(item), Value::Object(entries)) if has_structure(item) => {
                for (key, value) in entries {
                    self.nested(item, value, &format!("{path}[{key}]"));
                }
            }
            _ => {}
        }
    }

    fn duplicates(&mut self, items: &[Value], property: &str, path: &str) {
        for (i, item) in items.iter().enumerate() {
            let Some(value) = item.get(property).and_then(Value::as_str) else {
                continue;
            };
            let same = |other: &Value| other.get(property).and_then(Value::as_str) == Some(value);
            if !value.is_empty() && items[..i].iter().any(same) {
                self.found.push(Violation {
                    path: format!("{path}[{i}].{property}"),
                    reason: "FieldValueDuplicate",
                    message: format!("Duplicate value: {}", quote(value)),
                });
            }
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn must_be_set(ty: &Struct, field: &Field) -> bool {
    let has_zero_value = !matches!(
        field.ty,
        Type::String | Type::Bytes | Type::List(_) | Type::WrappedList(_) | Type::Struct(_)
    );
    let name = (ty.short_name(), field.name.as_ref());
    field.required && !has_zero_value && !OPTIONAL.contains(&name)
}

fn has_structure(ty: &Type) -> bool {
    match ty {
        Type::Struct(_) => true,
        Type::List(item) | Type::WrappedList(item) | Type::Map(item) => has_structure(item),
        _ => false,
    }
}
