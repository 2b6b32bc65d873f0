//! Custom resources: objects whose structure is the `openAPIV3Schema` of a CustomResourceDefinition, known at run time.
//!
//! A [`Structure`] is compiled once for each version of a definition. Its objects are decoded, pruned and defaulted in
//! one go; trees, patches and server-side apply work on them as on objects of built-in kinds, through a [`SchemaSet`]
//! of their own that [`compile`] makes.

mod compile;
mod complete;
mod decode;
mod schema;

pub use compile::compile;
pub(crate) use decode::json as decode;
pub use schema::{Additional, JsonType, Property, Schema};

use crate::error::DecodeError;
use crate::model::{SchemaSet, TypeId};

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
