//! What metadata may say: the rules of names, labels, annotations, owners, finalizers and selectors.

use crate::field::{Errors, Path};
use crate::names as n;
use crate::value::Value;
use kfast_core::names::{
    dns_label, dns_label_1035, dns_subdomain, label_value, path_segment, qualified_name,
};
use kfast_core::quote;
use std::borrow::Cow;
use std::collections::BTreeSet;

const ANNOTATIONS_LIMIT: usize = 256 * 1024;
const STANDARD_FINALIZERS: [&str; 3] = ["kubernetes", "orphan", "foregroundDeletion"];

/// What `metadata.name` must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameRule {
    /// A DNS-1123 subdomain.
    Subdomain,
    /// A DNS-1123 label.
    Label,
    /// A DNS-1035 label.
    Label1035,
    /// A segment of a URL's path.
    Path,
}

impl NameRule {
    /// By the names kinds are declared with: `subdomain`, `label`, `label1035`, `path`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "subdomain" => Self::Subdomain,
            "label" => Self::Label,
            "label1035" => Self::Label1035,
            "path" => Self::Path,
            _ => return None,
        })
    }

    fn check(self, text: &str) -> Vec<String> {
        match self {
            Self::Subdomain => dns_subdomain(text),
            Self::Label => dns_label(text),
            Self::Label1035 => dns_label_1035(text),
            Self::Path => path_segment(text),
        }
    }

    /// What is wrong with a prefix: it may end in a dash, which the suffix follows.
    fn check_prefix(self, prefix: &str) -> Vec<String> {
        let base = prefix.strip_suffix('-').filter(|base| !base.is_empty());
        match base {
            Some(base) if self != Self::Path => {
                let cut = base.char_indices().next_back().map_or(0, |(at, _)| at);
                self.check(&format!("{}a", &base[..cut]))
            }
            _ => self.check(prefix),
        }
    }
}

/// The rules of the metadata of an object to be created; its name is generated already.
pub fn validate_create(
    object: &Value<'_>,
    namespaced: bool,
    rule: NameRule,
    errors: &mut Errors<'_>,
) {
    let at = Path::Root.child(n::METADATA);
    let metadata = object.get(n::METADATA).unwrap_or(&Value::Null);
    let named = !metadata.text(n::NAME).is_empty();
    validate_prefix(metadata, &at, rule, errors);
    if !named {
        errors.required(&at.child(n::NAME), "name or generateName is required");
    }
    validate_named(metadata, &at, namespaced, named.then_some(rule), errors);
    let path = at.child(n::FINALIZERS);
    validate_finalizers(metadata.list(n::FINALIZERS), &path, errors);
}

/// The rules of the metadata of a resource embedded in another: it needs no name, and may have a namespace or not.
pub fn validate_embedded(metadata: &Value<'_>, at: &Path<'_>, errors: &mut Errors<'_>) {
    let namespaced = !metadata.text(n::NAMESPACE).is_empty();
    let named = !metadata.text(n::NAME).is_empty();
    validate_prefix(metadata, at, NameRule::Path, errors);
    validate_named(
        metadata,
        at,
        namespaced,
        named.then_some(NameRule::Path),
        errors,
    );
    let path = at.child(n::FINALIZERS);
    validate_finalizer_names(metadata.list(n::FINALIZERS), &path, errors);
}

fn validate_prefix(metadata: &Value<'_>, at: &Path<'_>, rule: NameRule, errors: &mut Errors<'_>) {
    let prefix = metadata.text(n::GENERATE_NAME);
    if !prefix.is_empty() {
        for problem in rule.check_prefix(prefix) {
            errors.invalid(&at.child(n::GENERATE_NAME), prefix, &problem);
        }
    }
}

fn validate_named(
    metadata: &Value<'_>,
    at: &Path<'_>,
    namespaced: bool,
    rule: Option<NameRule>,
    errors: &mut Errors<'_>,
) {
    let (name, namespace) = (metadata.text(n::NAME), metadata.text(n::NAMESPACE));
    if let Some(rule) = rule {
        for problem in rule.check(name) {
            errors.invalid(&at.child(n::NAME), name, &problem);
        }
    }
    let place = at.child(n::NAMESPACE);
    if namespaced && namespace.is_empty() {
        errors.required(&place, "");
    } else if namespaced {
        errors.check(&place, namespace, dns_label);
    } else if !namespace.is_empty() {
        errors.forbidden(&place, "not allowed on this type");
    }
    errors.non_negative(
        &at.child(n::GENERATION),
        metadata.int(n::GENERATION).unwrap_or(0),
    );
    validate_common(metadata, at, errors);
}

/// The rules of the metadata of an update: identity is fixed, no finalizers are added during deletion. `version` is the
/// resource version the update is based on.
pub fn validate_update(new: &Value<'_>, old: &Value<'_>, version: &str, errors: &mut Errors<'_>) {
    let at = Path::Root.child(n::METADATA);
    let new = new.get(n::METADATA).unwrap_or(&Value::Null);
    let old = old.get(n::METADATA).unwrap_or(&Value::Null);
    if old.get(n::DELETION_TIMESTAMP).is_some() {
        validate_added_finalizers(new, old, &at, errors);
    }
    if version.is_empty() {
        errors.invalid(
            &at.child(n::RESOURCE_VERSION),
            "",
            "must be specified for an update",
        );
    }
    let generation = new.int(n::GENERATION).unwrap_or(0);
    if generation < old.int(n::GENERATION).unwrap_or(0) {
        errors.invalid(
            &at.child(n::GENERATION),
            &generation,
            "must not be decremented",
        );
    }
    for name in [
        n::NAME,
        n::NAMESPACE,
        n::UID,
        n::CREATION_TIMESTAMP,
        n::DELETION_TIMESTAMP,
        n::DELETION_GRACE_PERIOD_SECONDS,
    ] {
        let stated = new.get(name).filter(|v| !v.is_empty());
        if stated != old.get(name).filter(|v| !v.is_empty()) {
            match new.get(name) {
                Some(value) => errors.invalid(&at.child(name), value, "field is immutable"),
                None => errors.invalid_null(&at.child(name), "field is immutable"),
            }
        }
    }
    validate_common(new, &at, errors);
}

fn validate_added_finalizers(
    new: &Value<'_>,
    old: &Value<'_>,
    at: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    let kept = old.list(n::FINALIZERS);
    let added: BTreeSet<&str> = new
        .list(n::FINALIZERS)
        .iter()
        .filter(|finalizer| !kept.contains(finalizer))
        .filter_map(Value::as_text)
        .collect();
    if !added.is_empty() {
        let quoted: Vec<String> = added.into_iter().map(quote).collect();
        let detail = format!(
            "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
            quoted.join(", ")
        );
        errors.forbidden(&at.child(n::FINALIZERS), &detail);
    }
}

/// What both creates and updates check.
fn validate_common(metadata: &Value<'_>, at: &Path<'_>, errors: &mut Errors<'_>) {
    if let Some(labels) = metadata.get(n::LABELS) {
        validate_labels(labels, &at.child(n::LABELS), errors);
    }
    if let Some(annotations) = metadata.get(n::ANNOTATIONS) {
        validate_annotations(annotations, &at.child(n::ANNOTATIONS), errors);
    }
    if let Some(owners) = metadata.get(n::OWNER_REFERENCES) {
        validate_owners(owners, &at.child(n::OWNER_REFERENCES), errors);
    }
    let fields = at.child(n::MANAGED_FIELDS);
    for (i, entry) in metadata.list(n::MANAGED_FIELDS).iter().enumerate() {
        let (here, operation) = (fields.item(i), entry.text(n::OPERATION));
        if !matches!(operation, "Apply" | "Update") {
            errors.invalid(
                &here.child(n::OPERATION),
                operation,
                "must be `Apply` or `Update`",
            );
        }
        let form = entry.text(n::FIELDS_TYPE);
        if !matches!(form, "" | "FieldsV1") {
            errors.invalid(&here.child(n::FIELDS_TYPE), form, "must be `FieldsV1`");
        }
    }
}

/// Keys are qualified names, values label values.
pub fn validate_labels(labels: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    for (key, value) in labels.texts() {
        errors.check(path, key, qualified_name);
        errors.check(path, value, label_value);
    }
}

/// Keys are qualified names in any case; 256 KiB in all.
pub fn validate_annotations(annotations: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let mut size = 0;
    for (key, value) in annotations.texts() {
        size += key.len() + value.len();
        for problem in qualified_name(&lower(key)) {
            errors.invalid(path, key, &problem);
        }
    }
    if size > ANNOTATIONS_LIMIT {
        errors.too_long(path, ANNOTATIONS_LIMIT);
    }
}

fn lower(key: &str) -> Cow<'_, str> {
    if key.bytes().any(|b| b.is_ascii_uppercase() || !b.is_ascii()) {
        key.to_lowercase().into()
    } else {
        key.into()
    }
}

/// All four identifying fields set, no Event as owner, at most one controller.
fn validate_owners(owners: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let mut controller: Option<String> = None;
    for owner in owners.items() {
        let api_version = owner.text(n::API_VERSION);
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
        if version.is_empty() {
            errors.invalid(
                &path.child(n::API_VERSION),
                api_version,
                "version must not be empty",
            );
        }
        for name in [n::KIND, n::NAME, n::UID] {
            if owner.text(name).is_empty() {
                errors.invalid(&path.child(name), "", "must not be empty");
            }
        }
        if (group, version, owner.text(n::KIND)) == ("", "v1", "Event") {
            let detail = "/v1, Kind=Event is disallowed from being an owner";
            errors.invalid(path, owner, detail);
        }
        if owner.flag(n::CONTROLLER) {
            let this = format!("{}/{}", owner.text(n::KIND), owner.text(n::NAME));
            if let Some(first) = &controller {
                let detail = format!(
                    "Only one reference can have Controller set to true. Found \"true\" in references for {first} and {this}"
                );
                errors.invalid(path, owners, &detail);
            } else {
                controller = Some(this);
            }
        }
    }
}

/// Qualified names; `orphan` and `foregroundDeletion` exclude each other.
fn validate_finalizers(finalizers: &[Value<'_>], path: &Path<'_>, errors: &mut Errors<'_>) {
    let texts = finalizers.iter().filter_map(Value::as_text);
    for finalizer in texts.clone() {
        errors.check(path, finalizer, qualified_name);
    }
    for (i, finalizer) in texts.enumerate() {
        if !finalizer.contains('/') && !STANDARD_FINALIZERS.contains(&finalizer) {
            let detail = "name is neither a standard finalizer name nor is it fully qualified";
            errors.invalid(&path.item(i), finalizer, detail);
        }
    }
    exclusive_finalizers(finalizers, path, errors);
}

/// The same for resources of other kinds than the built-in ones, whose names need not be qualified.
fn validate_finalizer_names(finalizers: &[Value<'_>], path: &Path<'_>, errors: &mut Errors<'_>) {
    for finalizer in finalizers.iter().filter_map(Value::as_text) {
        errors.check(path, finalizer, qualified_name);
    }
    exclusive_finalizers(finalizers, path, errors);
}

fn exclusive_finalizers(finalizers: &[Value<'_>], path: &Path<'_>, errors: &mut Errors<'_>) {
    let texts: Vec<&str> = finalizers.iter().filter_map(Value::as_text).collect();
    if texts.contains(&"orphan") && texts.contains(&"foregroundDeletion") {
        let all = Value::List(finalizers.to_vec());
        errors.invalid(
            path,
            &all,
            "finalizer orphan and foregroundDeletion cannot be both set",
        );
    }
}

/// A LabelSelector object; `any_values`: values that are no label values are let pass.
pub fn validate_selector(
    selector: &Value<'_>,
    path: &Path<'_>,
    any_values: bool,
    errors: &mut Errors<'_>,
) {
    if let Some(labels) = selector.get(n::MATCH_LABELS) {
        validate_labels(labels, &path.child(n::MATCH_LABELS), errors);
    }
    let expressions = path.child(n::MATCH_EXPRESSIONS);
    for (i, expression) in selector.list(n::MATCH_EXPRESSIONS).iter().enumerate() {
        let at = expressions.item(i);
        let (operator, values) = (expression.text(n::OPERATOR), expression.list(n::VALUES));
        let place = at.child(n::VALUES);
        match operator {
            "In" | "NotIn" if values.is_empty() => {
                errors.required(
                    &place,
                    "must be specified when `operator` is 'In' or 'NotIn'",
                );
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                errors.forbidden(&place, detail);
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            _ => errors.invalid(
                &at.child(n::OPERATOR),
                operator,
                "not a valid selector operator",
            ),
        }
        errors.check(&at.child(n::KEY), expression.text(n::KEY), qualified_name);
        if !any_values {
            for (j, value) in values.iter().filter_map(Value::as_text).enumerate() {
                errors.check(&place.item(j), value, label_value);
            }
        }
    }
}
