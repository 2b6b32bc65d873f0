//! `Object`: a handle on one stored version; headers and single fields are read without decoding the rest.

use crate::errors::object_error;
use kfast_core::{Object, path};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyList, PyString};
use serde_json::Value;

/// Adds the class and the list and watch readers.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyObjectHandle>()?;
    m.add_function(wrap_pyfunction!(read_list, m)?)?;
    m.add_function(wrap_pyfunction!(read_event, m)?)
}

/// One stored version of an API object: canonical JSON and a parsed header. Immutable.
#[pyclass(frozen, name = "Object", module = "kfast._native", skip_from_py_object)]
#[derive(Clone)]
pub struct PyObjectHandle(pub Object);

#[pymethods]
impl PyObjectHandle {
    /// Reads the JSON of one object.
    #[staticmethod]
    fn parse(data: &[u8]) -> PyResult<Self> {
        Object::parse(data).map(Self).map_err(object_error)
    }

    #[getter]
    fn api_version(&self) -> &str {
        self.0.api_version()
    }

    #[getter]
    fn kind(&self) -> &str {
        self.0.kind()
    }

    #[getter]
    fn namespace(&self) -> &str {
        self.0.namespace()
    }

    #[getter]
    fn name(&self) -> &str {
        self.0.name()
    }

    #[getter]
    fn uid(&self) -> &str {
        self.0.uid()
    }

    /// `metadata.resourceVersion`, empty if the object was never stored.
    #[getter]
    fn resource_version(&self) -> String {
        match self.0.revision() {
            0 => String::new(),
            revision => revision.to_string(),
        }
    }

    #[getter]
    fn revision(&self) -> u64 {
        self.0.revision()
    }

    #[getter]
    fn generation(&self) -> i64 {
        self.0.generation()
    }

    #[getter]
    fn deleting(&self) -> bool {
        self.0.deleting()
    }

    #[getter]
    fn labels<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (key, value) in self.0.labels() {
            dict.set_item(key.as_ref(), value.as_ref())?;
        }
        Ok(dict)
    }

    /// The value at a path of keys, `default` where absent: `obj.get("spec", "nodeName")`.
    #[pyo3(signature = (*keys, default=None))]
    fn get<'py>(
        &self,
        py: Python<'py>,
        keys: Vec<String>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        match path::lookup(self.0.bytes(), &keys) {
            None => Ok(default.unwrap_or_else(|| py.None().into_bound(py))),
            Some(raw) => {
                let value =
                    serde_json::from_str(raw).map_err(|e| PyValueError::new_err(e.to_string()))?;
                value_to_py(py, &value)
            }
        }
    }

    /// The whole object as a new dict.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let value: Value = serde_json::from_slice(self.0.bytes())
            .map_err(|e| PyValueError::new_err(e.to_string()))?;
        value_to_py(py, &value)
    }

    /// The canonical JSON.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.bytes())
    }

    fn __len__(&self) -> usize {
        self.0.bytes().len()
    }

    fn __repr__(&self) -> String {
        let o = &self.0;
        format!(
            "<Object {} {}/{} rv={}>",
            o.kind(),
            o.namespace(),
            o.name(),
            o.revision()
        )
    }
}

/// Converts decoded JSON to Python objects.
pub fn value_to_py<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(b) => PyBool::new(py, *b).to_owned().into_any(),
        Value::Number(n) => match (n.as_i64(), n.as_u64()) {
            (Some(i), _) => i.into_pyobject(py)?.into_any(),
            (None, Some(u)) => u.into_pyobject(py)?.into_any(),
            _ => PyFloat::new(py, n.as_f64().unwrap_or(f64::NAN)).into_any(),
        },
        Value::String(s) => PyString::new(py, s).into_any(),
        Value::Array(items) => {
            let list = PyList::empty(py);
            for item in items {
                list.append(value_to_py(py, item)?)?;
            }
            list.into_any()
        }
        Value::Object(map) => {
            let dict = PyDict::new(py);
            for (key, item) in map {
                dict.set_item(key, value_to_py(py, item)?)?;
            }
            dict.into_any()
        }
    })
}

/// Reads the JSON body of a list: `(metadata, objects)`. Items without `apiVersion` and `kind` get the
/// list's, as a typed list leaves them out.
#[pyfunction]
fn read_list<'py>(
    py: Python<'py>,
    body: &[u8],
) -> PyResult<(Bound<'py, PyAny>, Vec<PyObjectHandle>)> {
    let (metadata, objects) = py
        .detach(|| kfast_core::read_list(body))
        .map_err(object_error)?;
    let objects = objects.into_iter().map(PyObjectHandle).collect();
    let metadata =
        serde_json::from_str(&metadata).map_err(|e| PyValueError::new_err(e.to_string()))?;
    Ok((value_to_py(py, &metadata)?, objects))
}

/// Reads one line of a watch: `(type, object)`.
#[pyfunction]
fn read_event(line: &[u8]) -> PyResult<(String, PyObjectHandle)> {
    #[derive(serde::Deserialize)]
    struct Event<'a> {
        #[serde(rename = "type")]
        kind: String,
        #[serde(borrow)]
        object: &'a serde_json::value::RawValue,
    }
    let event: Event<'_> = serde_json::from_slice(line)
        .map_err(|e| PyValueError::new_err(format!("not a watch event: {e}")))?;
    let raw = event.object.get();
    // A Status (type ERROR) may come without metadata.
    let object = Object::parse(raw.as_bytes()).or_else(|error| {
        raw.strip_prefix('{').map_or(Err(error), |rest| {
            let comma = if rest.trim_start().starts_with('}') {
                ""
            } else {
                ","
            };
            Object::parse(format!("{{\"metadata\":{{}}{comma}{rest}").into_bytes())
        })
    });
    object
        .map(|o| (event.kind, PyObjectHandle(o)))
        .map_err(object_error)
}
