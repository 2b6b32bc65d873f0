//! What a create of many objects is given.

use crate::errors::decode_error;
use kfast_schema::{MediaType, Validation};
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::PyTuple;

/// Arguments of `prepare` after the schema: bodies, media type, validation, namespace, timestamp, uids, endings of
/// generated names, field manager.
type Arguments = (
    Vec<PyBackedBytes>,
    PyBackedStr,
    PyBackedStr,
    PyBackedStr,
    PyBackedStr,
    Vec<PyBackedStr>,
    Vec<PyBackedStr>,
    PyBackedStr,
);

/// One of the bodies, with what the system owns of its object.
pub struct NewBody<'b> {
    pub body: &'b [u8],
    pub media: MediaType,
    pub validation: Validation,
    pub namespace: &'b str,
    pub timestamp: &'b str,
    pub uid: &'b str,
    pub suffix: &'b str,
    pub manager: &'b str,
}

/// Prepares each body, without the GIL. DecodeError for an unknown media type.
pub fn prepare<P: Send>(
    py: Python<'_>,
    arguments: &Bound<'_, PyTuple>,
    prepare: impl Fn(&NewBody<'_>) -> Option<P> + Send + Sync,
) -> PyResult<Vec<Option<P>>> {
    let (bodies, media_type, validation, namespace, timestamp, uids, suffixes, manager): Arguments =
        arguments.extract()?;
    let media = MediaType::parse(&media_type).map_err(decode_error)?;
    let validation = Validation::parse(&validation);
    Ok(py.detach(|| {
        let each = bodies.iter().zip(&uids).zip(&suffixes);
        each.map(|((body, uid), suffix)| {
            prepare(&NewBody {
                body,
                media,
                validation,
                namespace: &namespace,
                timestamp: &timestamp,
                uid,
                suffix,
                manager: &manager,
            })
        })
        .collect()
    }))
}
