//! Custom resources: objects whose structure is the `openAPIV3Schema` of a CustomResourceDefinition, known at run time.
//!
//! A [`Structure`] is compiled once for each version of a definition. Its objects are decoded, pruned and defaulted in
//! one go; trees, patches and server-side apply work on them as on objects of built-in kinds, through a [`SchemaSet`]
//! of their own that [`compile`] makes.

mod checks;
mod compile;
mod complete;
mod correlate;
mod decode;
pub mod definition;
mod embedded;
mod formats;
mod lists;
mod numbers;
mod outcome;
mod schema;
mod validate;

pub use checks::{Checks, Format, Pattern};
pub use compile::compile;
pub use correlate::{Old, items, same};
pub(crate) use decode::json as decode;
pub use schema::{Additional, JsonType, Property, Rule, Schema};

use crate::error::DecodeError;
use crate::field::{Errors, Path};
use crate::model::{SchemaSet, TypeId};
use crate::validate::Violation;
use crate::value::Value;

/// What [`compile`] refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("openAPIV3Schema: {0}")]
pub struct StructureError(pub String);

/// The structure of one version of a custom resource.
#[derive(Debug)]
pub struct Structure {
    /// Its schema.
    pub schema: Schema,
    /// The type of its objects' metadata.
    pub(crate) metadata: TypeId,
    /// `spec.preserveUnknownFields`: nothing is pruned.
    pub(crate) preserve_unknown: bool,
}

/// The canonical JSON of a stored object as it is read now, pruned and with `defaults`; `None` if it reads as it is
/// stored, or is of a built-in kind. An object that was converted is pruned without defaults.
///
/// # Errors
/// [`DecodeError`] if it is no object of the kind.
pub fn reread(
    set: &SchemaSet,
    key: &str,
    data: &[u8],
    defaults: bool,
) -> Result<Option<Vec<u8>>, DecodeError> {
    let Some(structure) = set.structure() else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(data);
    let read = decode(set, structure, &text, false, defaults).map_err(|e| e.of(key, data))?;
    Ok(read.changed.then(|| read.value.canonical(set)))
}

/// What is wrong with an object to be created, besides its metadata: values, embedded resources, repeated items.
#[must_use]
pub fn validate(set: &SchemaSet, object: &Value<'_>) -> Vec<Violation> {
    updated(set, object, None)
}

/// What is wrong with an object that takes the place of `old`. What did not change is let pass, as far as that can be
/// told: items of lists of type map are known by their keys, those of other lists are not.
#[must_use]
pub fn validate_update(set: &SchemaSet, object: &Value<'_>, old: &Value<'_>) -> Vec<Violation> {
    updated(set, object, Some(old))
}

fn updated(set: &SchemaSet, object: &Value<'_>, old: Option<&Value<'_>>) -> Vec<Violation> {
    let Some(Structure { schema, .. }) = set.structure() else {
        return Vec::new();
    };
    let walk = validate::Walk { set, base: "" };
    let outcome = walk.value(schema, object, &Path::Root, old.map(Old::of));
    let mut found: Vec<Violation> = outcome.faults.into_iter().map(|f| f.violation).collect();
    let mut errors = Errors::new(set);
    embedded::check(set, schema, object, &Path::Root, &mut errors);
    found.append(&mut errors.found());
    repeated(set, schema, object, old, &mut found);
    found
}

/// What is wrong with an object that takes the place of `old` by a write of its status.
#[must_use]
pub fn validate_status(set: &SchemaSet, object: &Value<'_>, old: &Value<'_>) -> Vec<Violation> {
    let Some(Structure { schema, .. }) = set.structure() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let entry = |object| checks::entry(set, object, "status");
    if let (Some(property), Some(status)) = (schema.property("status"), entry(object)) {
        let walk = validate::Walk {
            set,
            base: "status",
        };
        let before = entry(old).map(Old::of);
        let outcome = walk.value(&property.schema, status, &Path::Root, before);
        found.extend(outcome.faults.into_iter().map(|f| f.violation));
    }
    repeated(set, schema, object, Some(old), &mut found);
    found
}

/// Items of sets and maps that are there twice, unless there were such before.
fn repeated(
    set: &SchemaSet,
    schema: &Schema,
    object: &Value<'_>,
    old: Option<&Value<'_>>,
    found: &mut Vec<Violation>,
) {
    let mut new = Vec::new();
    lists::check(set, schema, object, &Path::Root, &mut new);
    let mut before = Vec::new();
    if let (false, Some(old)) = (new.is_empty(), old) {
        lists::check(set, schema, old, &Path::Root, &mut before);
    }
    if before.is_empty() {
        found.append(&mut new);
    }
}
