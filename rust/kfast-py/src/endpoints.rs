//! Planning of EndpointSlices and Endpoints.

use crate::json::value_to_py;
use crate::object::PyObjectHandle;
use kfast_core::Object;
use kfast_endpoints::{EndpointsError, plan_endpoints as plan, plan_slices};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::collections::HashMap;

/// Adds the functions to the module.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(plan_endpoint_slices, m)?)?;
    m.add_function(wrap_pyfunction!(plan_endpoints, m)?)
}

type Dicts<'py> = Vec<Bound<'py, PyAny>>;

/// The slices to create and to update, and the names of those to delete, for a service, its selected pods and its
/// existing slices; `zones` maps every node to its zone, or to "". ValueError if an object is malformed.
#[pyfunction]
fn plan_endpoint_slices<'py>(
    py: Python<'py>,
    service: PyRef<'_, PyObjectHandle>,
    pods: Vec<PyRef<'_, PyObjectHandle>>,
    existing: Vec<PyRef<'_, PyObjectHandle>>,
    zones: HashMap<String, String>,
) -> PyResult<(Dicts<'py>, Dicts<'py>, Vec<String>)> {
    let (service, pods, existing) = (service.0.clone(), objects(&pods), objects(&existing));
    let plan = py
        .detach(|| plan_slices(&service, &pods, &existing, &zones))
        .map_err(malformed)?;
    let dicts = |values: &[serde_json::Value]| {
        values
            .iter()
            .map(|v| value_to_py(py, v))
            .collect::<PyResult<Dicts<'py>>>()
    };
    Ok((dicts(&plan.creates)?, dicts(&plan.updates)?, plan.deletes))
}

/// The Endpoints object to write, None if `existing` is right. ValueError if an object is malformed.
#[pyfunction]
#[pyo3(signature = (service, pods, existing=None))]
fn plan_endpoints<'py>(
    py: Python<'py>,
    service: PyRef<'_, PyObjectHandle>,
    pods: Vec<PyRef<'_, PyObjectHandle>>,
    existing: Option<PyRef<'_, PyObjectHandle>>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let (service, pods) = (service.0.clone(), objects(&pods));
    let existing = existing.map(|e| e.0.clone());
    let planned = py
        .detach(|| plan(&service, &pods, existing.as_ref()))
        .map_err(malformed)?;
    planned.map(|value| value_to_py(py, &value)).transpose()
}

fn objects(handles: &[PyRef<'_, PyObjectHandle>]) -> Vec<Object> {
    handles.iter().map(|h| h.0.clone()).collect()
}

#[allow(clippy::needless_pass_by_value)]
fn malformed(error: EndpointsError) -> PyErr {
    PyValueError::new_err(error.to_string())
}
