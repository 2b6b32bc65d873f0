//! `EventRules`: creates of events without Python objects.

use crate::errors::decode_error;
use crate::pod::Violated;
use crate::schema::PySchema;
use kfast_schema::event::{NewEvent, Prepared, prepare};
use kfast_schema::metadata::Creation;
use kfast_schema::{MediaType, Validation};
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::PyBytes;

/// Adds the class.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<EventRules>()
}

/// An event to be stored.
#[derive(IntoPyObject)]
struct PreparedEvent(
    String,
    bool,
    Py<PyBytes>,
    Vec<String>,
    Vec<Violated>,
    Option<()>,
);

/// The rules of events of one group.
#[pyclass(frozen, name = "EventRules", module = "kfast._native")]
struct EventRules {
    core: bool,
}

#[pymethods]
impl EventRules {
    #[new]
    fn new(core: bool) -> Self {
        Self { core }
    }

    /// As `PodAdmission.prepare`, of events that are right; None for the others.
    #[allow(clippy::too_many_arguments)] // what a create needs
    fn prepare(
        &self,
        py: Python<'_>,
        schema: &Bound<'_, PySchema>,
        bodies: Vec<PyBackedBytes>,
        media_type: &str,
        validation: &str,
        namespace: &str,
        timestamp: &str,
        uids: Vec<PyBackedStr>,
        suffixes: Vec<PyBackedStr>,
        manager: &str,
    ) -> PyResult<Vec<Option<PreparedEvent>>> {
        let media = MediaType::parse(media_type).map_err(decode_error)?;
        let validation = Validation::parse(validation);
        let schema = schema.get();
        let api_version = if self.core { "v1" } else { "events.k8s.io/v1" };
        let each = |((body, uid), suffix): ((&PyBackedBytes, &PyBackedStr), &PyBackedStr)| {
            let creation = Creation {
                namespace: Some(namespace),
                uid,
                timestamp,
                generation: false,
                drops_status: false,
            };
            let new = NewEvent {
                api_version,
                body,
                media,
                validation,
                creation,
                suffix,
                manager,
            };
            prepare(&schema.set, schema.validator(), &new)
        };
        let prepared: Vec<_> = py.detach(|| {
            let bodies = bodies.iter().zip(&uids).zip(&suffixes);
            bodies.map(each).collect()
        });
        let tuple = |p: Prepared| {
            let bytes = PyBytes::new(py, &p.bytes).unbind();
            PreparedEvent(p.name, p.generated, bytes, p.warnings, Vec::new(), None)
        };
        Ok(prepared.into_iter().map(|p| p.map(tuple)).collect())
    }
}
