//! `EventRules`: creates of events without Python objects.

use crate::new_bodies;
use crate::pod::Violated;
use crate::schema::PySchema;
use kfast_schema::event::{NewEvent, Prepared, prepare};
use kfast_schema::metadata::Creation;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

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
    #[pyo3(
        signature = (schema, *new),
        text_signature = "($self, schema, bodies, media_type, validation, namespace, timestamp, uids, suffixes, manager)"
    )]
    fn prepare(
        &self,
        py: Python<'_>,
        schema: &Bound<'_, PySchema>,
        new: &Bound<'_, PyTuple>,
    ) -> PyResult<Vec<Option<PreparedEvent>>> {
        let schema = schema.get();
        let api_version = if self.core { "v1" } else { "events.k8s.io/v1" };
        let prepared = new_bodies::prepare(py, new, |new| {
            let creation = Creation {
                namespace: Some(new.namespace),
                uid: new.uid,
                timestamp: new.timestamp,
                generation: false,
                drops_status: false,
            };
            let event = NewEvent {
                api_version,
                body: new.body,
                media: new.media,
                validation: new.validation,
                creation,
                suffix: new.suffix,
                manager: new.manager,
            };
            prepare(&schema.set, schema.validator(), &event)
        })?;
        let tuple = |p: Prepared| {
            let bytes = PyBytes::new(py, &p.bytes).unbind();
            PreparedEvent(p.name, p.generated, bytes, p.warnings, Vec::new(), None)
        };
        Ok(prepared.into_iter().map(|p| p.map(tuple)).collect())
    }
}
