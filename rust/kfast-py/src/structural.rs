//! The structure of custom resources, as methods of `Schema`.

use crate::errors::decode_error;
use crate::schema::PySchema;
use kfast_schema::structural::{compile, reread};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

#[pymethods]
impl PySchema {
    /// The schema of one version of a custom resource, with the one kind `group/version/Kind`. `openapi` is its
    /// openAPIV3Schema as JSON; `preserve_unknown`: nothing is pruned. Metadata is that of this schema. ValueError if it is no
    /// schema.
    #[pyo3(signature = (group, version, kind, openapi, preserve_unknown = false))]
    fn structural(
        &self,
        py: Python<'_>,
        group: &str,
        version: &str,
        kind: &str,
        openapi: &[u8],
        preserve_unknown: bool,
    ) -> PyResult<Self> {
        let key = format!("{group}/{version}/{kind}");
        let set = py
            .detach(|| compile(&self.set, &key, openapi, preserve_unknown))
            .map_err(|e| PyValueError::new_err(e.to_string()))?;
        Ok(Self::of(py, set))
    }

    /// The JSON of a stored object as it is read now: pruned, with defaults unless it was only converted; None if it
    /// reads as it is stored.
    #[pyo3(signature = (key, data, defaults = true))]
    fn reread<'py>(
        &self,
        py: Python<'py>,
        key: &str,
        data: &[u8],
        defaults: bool,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let read = py.detach(|| reread(&self.set, key, data, defaults));
        let read = read.map_err(decode_error)?;
        Ok(read.map(|json| PyBytes::new(py, &json)))
    }
}
