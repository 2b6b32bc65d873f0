//! `Object`: a handle on one stored version; headers and single fields are read without decoding the rest.

use crate::errors::object_error;
use crate::json::json_to_py;
use kfast_core::{Object, path};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyBytes, PyDict, PyTuple};
use smallvec::SmallVec;

/// Adds the class and the list and watch readers.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyObjectHandle>()?;
    m.add_function(wrap_pyfunction!(read_list, m)?)?;
    m.add_function(wrap_pyfunction!(with_managed_fields, m)?)?;
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

    /// Whether it has owner references.
    #[getter]
    fn owned(&self) -> bool {
        self.0.owned()
    }

    /// The value at a path of keys, `default` where absent: `obj.get("spec", "nodeName")`.
    #[pyo3(signature = (*keys, default=None))]
    fn get<'py>(
        &self,
        py: Python<'py>,
        keys: &Bound<'py, PyTuple>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let keys: SmallVec<[PyBackedStr; 4]> = keys
            .iter()
            .map(|key| key.extract())
            .collect::<Result<_, _>>()?;
        let path: SmallVec<[&str; 4]> = keys.iter().map(|key| &**key).collect();
        let mut whole = None;
        // Where spec and status lie is known: metadata need not be passed over.
        let found = match path.split_first() {
            Some((&"spec", rest)) => path::lookup(self.0.spec(), rest),
            Some((&"status", rest)) => path::lookup(self.0.status(), rest),
            None | Some((&"metadata", [])) => path::lookup(whole.insert(self.0.bytes()), &path),
            Some((&"metadata", [field, ..])) if *field == "managedFields" => {
                path::lookup(whole.insert(self.0.bytes()), &path)
            }
            _ => path::lookup(self.0.slim(), &path),
        };
        match found {
            None => Ok(default.unwrap_or_else(|| py.None().into_bound(py))),
            Some(raw) => json_to_py(py, raw),
        }
    }

    /// The whole object as a new dict.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let whole = self.0.bytes();
        let text = std::str::from_utf8(&whole).map_err(|e| PyValueError::new_err(e.to_string()))?;
        json_to_py(py, text)
    }

    /// The canonical JSON.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let pieces = self.0.pieces();
        PyBytes::new_with(py, pieces.total(), |mut out| {
            for piece in pieces {
                let (part, rest) = out.split_at_mut(piece.len());
                part.copy_from_slice(piece);
                out = rest;
            }
            Ok(())
        })
    }

    /// The canonical JSON without `metadata.managedFields`.
    fn untracked<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &kfast_core::without_managed_fields(self.0.slim()))
    }

    /// The JSON of `metadata.managedFields`, empty if there are none.
    #[getter]
    fn managed_fields<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, kfast_core::managed_fields(&self.0.bytes()))
    }

    fn __len__(&self) -> usize {
        self.0.pieces().total()
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
    Ok((json_to_py(py, &metadata)?, objects))
}

/// Compact JSON of an object that has no `metadata.managedFields` with those of the JSON `managed`; as it is if that is
/// empty.
#[pyfunction]
fn with_managed_fields<'py>(
    py: Python<'py>,
    data: &[u8],
    managed: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let managed = std::str::from_utf8(managed).map_err(|e| PyValueError::new_err(e.to_string()))?;
    Ok(PyBytes::new(
        py,
        &kfast_core::with_managed_fields(data, managed),
    ))
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
