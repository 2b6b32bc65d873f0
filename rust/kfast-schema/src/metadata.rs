//! The metadata every object has: what a create writes into it, and what it may say.
//!
//! Source: apimachinery `api/validation/objectmeta.go` and `apis/meta/v1/validation`, apiserver `registry/rest/create.go`
//! of v0.36.

use crate::field::{Errors, Path};
use crate::model::NameId;
use crate::names as n;
use crate::value::Value;
use kfast_core::names::{
    dns_label, dns_label_1035, dns_subdomain, label_value, path_segment, qualified_name,
};
use kfast_core::quote;
use std::borrow::Cow;
use std::collections::BTreeSet;

const NAME_BASE: usize = 58;
const ANNOTATIONS_LIMIT: usize = 256 * 1024;
const SYSTEM_OWNED: [NameId; 7] = [
    n::UID,
    n::CREATION_TIMESTAMP,
    n::DELETION_TIMESTAMP,
    n::DELETION_GRACE_PERIOD_SECONDS,
    n::GENERATION,
    n::SELF_LINK,
    n::MANAGED_FIELDS,
];
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

/// Why the metadata of a body cannot be created from at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// 400.
    #[error(
        "the namespace of the provided object does not match the namespace sent on the request"
    )]
    OtherNamespace,
    /// 500, as upstream.
    #[error("resourceVersion should not be set on objects to be created")]
    Versioned,
}

impl Refused {
    /// The HTTP code.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::OtherNamespace => 400,
            Self::Versioned => 500,
        }
    }
}

/// What the system writes into a new object.
#[derive(Clone, Copy, Debug)]
pub struct Creation<'c> {
    /// The namespace of the path; `None` for kinds without.
    pub namespace: Option<&'c str>,
    /// The new uid.
    pub uid: &'c str,
    /// Now, as RFC 3339 with whole seconds.
    pub timestamp: &'c str,
    /// Whether the kind counts generations.
    pub generation: bool,
    /// Whether a status that was sent is taken out.
    pub drops_status: bool,
}

/// Fills in the namespace of the path and what the system owns, takes out what a client may not set, and drops repeated
/// owner references; returns warnings.
///
/// # Errors
/// [`Refused`] for another namespace or a resource version.
pub fn begin_create(
    object: &mut Value<'_>,
    creation: &Creation<'_>,
) -> Result<Vec<String>, Refused> {
    let metadata = object.object_at(n::METADATA);
    match creation.namespace {
        None => drop(metadata.remove(n::NAMESPACE)),
        Some(namespace) => {
            let stated = metadata.text(n::NAMESPACE);
            if !stated.is_empty() && stated != namespace {
                return Err(Refused::OtherNamespace);
            }
            metadata.set(n::NAMESPACE, text(namespace));
        }
    }
    let version = metadata.remove(n::RESOURCE_VERSION);
    if !matches!(
        version.as_ref().and_then(Value::as_text),
        None | Some("" | "0")
    ) {
        return Err(Refused::Versioned);
    }
    for name in SYSTEM_OWNED {
        metadata.remove(name);
    }
    metadata.set(n::UID, text(creation.uid));
    metadata.set(n::CREATION_TIMESTAMP, text(creation.timestamp));
    if creation.generation {
        metadata.set(n::GENERATION, Value::Int(1));
    }
    let warnings = unique_owners(metadata);
    if creation.drops_status {
        object.remove(n::STATUS);
    }
    Ok(warnings)
}

fn text(text: &str) -> Value<'static> {
    Value::Text(Cow::Owned(text.to_owned()))
}

fn unique_owners(metadata: &mut Value<'_>) -> Vec<String> {
    let Some(Value::List(owners)) = metadata.get_mut(n::OWNER_REFERENCES) else {
        return Vec::new();
    };
    let mut repeated = BTreeSet::new();
    let mut kept: Vec<Value<'_>> = Vec::with_capacity(owners.len());
    for owner in owners.drain(..) {
        if kept.contains(&owner) {
            repeated.insert(owner.text(n::UID).to_owned());
        } else {
            kept.push(owner);
        }
    }
    *owners = kept;
    if repeated.is_empty() {
        return Vec::new();
    }
    let uids: Vec<String> = repeated.into_iter().collect();
    vec![format!(
        ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject \
         such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {}",
        uids.join(", ")
    )]
}

/// Names an object that has a `generateName`: that, cut to 58 characters, and `suffix`. One with a name keeps it unless
/// it is to be named `again`. Whether it was named.
pub fn generate_name(object: &mut Value<'_>, suffix: &str, again: bool) -> bool {
    let metadata = object.object_at(n::METADATA);
    let named = !metadata.text(n::NAME).is_empty();
    if metadata.text(n::GENERATE_NAME).is_empty() || (named && !again) {
        return false;
    }
    rename(metadata, suffix);
    true
}

fn rename(metadata: &mut Value<'_>, suffix: &str) {
    let prefix = metadata.text(n::GENERATE_NAME);
    let cut = prefix.char_indices().map(|(at, _)| at).nth(NAME_BASE);
    let name = format!("{}{suffix}", &prefix[..cut.unwrap_or(prefix.len())]);
    metadata.set(n::NAME, Value::Text(name.into()));
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
