//! The metadata every object has: what a create writes into it, and what it may say.
//!
//! Source: apimachinery `api/validation/objectmeta.go` and `apis/meta/v1/validation`, apiserver `registry/rest/create.go`
//! of v0.36.

mod validation;

use crate::model::NameId;
use crate::names as n;
use crate::value::Value;
use std::borrow::Cow;
use std::collections::BTreeSet;

pub use validation::{
    NameRule, validate_annotations, validate_create, validate_embedded, validate_labels,
    validate_selector, validate_update,
};

const NAME_BASE: usize = 58;
const SYSTEM_OWNED: [NameId; 7] = [
    n::UID,
    n::CREATION_TIMESTAMP,
    n::DELETION_TIMESTAMP,
    n::DELETION_GRACE_PERIOD_SECONDS,
    n::GENERATION,
    n::SELF_LINK,
    n::MANAGED_FIELDS,
];

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
