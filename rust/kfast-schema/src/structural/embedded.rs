//! Resources embedded in an object: their kind, version and metadata.

use super::Schema;
use crate::field::{Errors, Path};
use crate::metadata::validate_embedded;
use crate::model::SchemaSet;
use crate::names as n;
use crate::value::Value;
use kfast_core::names::dns_label_1035;

/// Adds what is wrong with the resources below a value.
pub(super) fn check(
    set: &SchemaSet,
    schema: &Schema,
    value: &Value<'_>,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    match value {
        Value::Object(entries) => {
            if schema.embedded {
                resource(value, path, errors);
            }
            for (name, value) in entries {
                let key = name.text(set);
                if let Some(property) = schema.known(name) {
                    check(set, &property.schema, value, &path.named(key), errors);
                } else if let Some(of) = schema.others() {
                    check(set, of, value, &path.key(key), errors);
                }
            }
        }
        Value::List(items) => {
            if let Some(of) = &schema.items {
                for (i, item) in items.iter().enumerate() {
                    check(set, of, item, &path.item(i), errors);
                }
            }
        }
        _ => {}
    }
}

fn resource(object: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    for name in [n::API_VERSION, n::KIND] {
        if object.get(name).is_none() {
            errors.required(&path.child(name), "");
        }
    }
    let (version, kind) = (path.child(n::API_VERSION), path.child(n::KIND));
    if let Some(text) = object.get(n::API_VERSION).and_then(Value::as_text) {
        if text.is_empty() {
            errors.invalid(&version, text, "must not be empty");
        } else if text.matches('/').count() > 1 {
            let detail = format!("unexpected GroupVersion string: {text}");
            errors.invalid(&version, text, &detail);
        }
    }
    if let Some(text) = object.get(n::KIND).and_then(Value::as_text) {
        if text.is_empty() {
            errors.invalid(&kind, text, "must not be empty");
        } else {
            let problems = dns_label_1035(&text.to_lowercase());
            if !problems.is_empty() {
                let rule = problems.join(",");
                let detail = format!("may have mixed case, but should otherwise match: {rule}");
                errors.invalid(&kind, text, &detail);
            }
        }
    }
    if let Some(metadata) = object.get(n::METADATA) {
        validate_embedded(metadata, &path.child(n::METADATA), errors);
    }
}
