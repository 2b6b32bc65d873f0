//! `Schema`: decoding and encoding by the schema data.

use crate::empties::{Empty, take_empties};
use crate::errors::{StrictDecodeError, decode_error, patch_error};
use crate::json::json_from_py;
use crate::pod::Violated;
use crate::py_node::PyNode;
use crate::structural::{tuples, with_value};
use crate::tree::{PyTree, kind_of};
use crate::value::{from_py, to_py};
use kfast_cel::structural::Rules;
use kfast_schema::model::Type;
use kfast_schema::patch::{self, PatchKind};
use kfast_schema::structural;
use kfast_schema::validate::Validator;
use kfast_schema::{Empties, MediaType, SchemaSet, Source, Validation};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};
use std::sync::OnceLock;

/// Adds the class.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PySchema>()
}

/// The structure of every kind of one API level.
#[pyclass(frozen, name = "Schema", module = "kfast._native")]
pub struct PySchema {
    /// The structure.
    pub set: SchemaSet,
    /// Property names as Python strings, by their ids.
    pub names: Vec<Py<PyString>>,
    /// Made on the first validation: not every process validates.
    validator: OnceLock<Validator>,
    /// Rules of a custom resource, made when the first object is judged.
    pub rules: OnceLock<Option<Rules>>,
}

#[pymethods]
impl PySchema {
    #[new]
    fn new(py: Python<'_>, data: &[u8]) -> PyResult<Self> {
        let set = kfast_schema::load(data).map_err(|e| PyValueError::new_err(e.to_string()))?;
        Ok(Self::of(py, set))
    }

    /// Keys of all kinds.
    fn kinds(&self) -> Vec<&str> {
        self.set.kinds()
    }

    /// Decodes a body as the kind of `key`: (object, findings of the validation). With `empties` it has the empty lists
    /// and maps that storage does not keep.
    #[pyo3(signature = (key, body, media_type, validation, empties = false))]
    fn decode<'py>(
        &self,
        py: Python<'py>,
        key: &str,
        body: &[u8],
        media_type: &str,
        validation: &str,
        empties: bool,
    ) -> PyResult<(Bound<'py, PyAny>, Vec<String>)> {
        let media = MediaType::parse(media_type).map_err(decode_error)?;
        let source = Source::read(key, body, media).map_err(decode_error)?;
        let (value, findings) = source
            .decode(
                &self.set,
                key,
                body,
                Validation::parse(validation),
                &mut kept(empties),
            )
            .map_err(decode_error)?;
        Ok((to_py(py, &self.names, &value)?, findings))
    }

    /// Takes out of a dict of the kind of `key` the empty lists and maps that storage does not keep: (dict, key, value)
    /// of each.
    fn take_empties<'py>(
        slf: Py<Self>,
        key: &str,
        object: &Bound<'py, PyDict>,
    ) -> PyResult<Vec<Empty<'py>>> {
        let id = kind_of(&slf, key)?;
        let mut taken = Vec::new();
        let set = &slf.get().set;
        if set.structure().is_none() {
            take_empties(set, &Type::Struct(id), object, &mut taken)?;
        }
        Ok(taken)
    }

    /// Decodes a body as a tree of the kind of `key`: (tree, findings of the validation).
    fn decode_tree(
        slf: Py<Self>,
        key: &str,
        body: &[u8],
        media_type: &str,
        validation: &str,
    ) -> PyResult<(PyTree, Vec<String>)> {
        let media = MediaType::parse(media_type).map_err(decode_error)?;
        PyTree::decode(slf, key, body, media, Validation::parse(validation))
    }

    /// A dict as a tree of the kind of `key`.
    fn tree(slf: Py<Self>, key: &str, object: &Bound<'_, PyAny>) -> PyResult<PyTree> {
        let id = kind_of(&slf, key)?;
        let value = from_py(&slf.get().set, &Type::Struct(id), object)?;
        Ok(PyTree::holding(slf, id, value))
    }

    /// Encodes an object, or its JSON, as a body of that media type.
    fn encode<'py>(
        &self,
        py: Python<'py>,
        key: &str,
        object: &Bound<'py, PyAny>,
        media_type: &str,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let media = MediaType::parse(media_type).map_err(decode_error)?;
        let object = match object.cast::<PyBytes>() {
            Ok(json) => serde_json::from_slice(json.as_bytes())
                .map_err(|e| PyValueError::new_err(e.to_string()))?,
            Err(_) => json_from_py(object)?,
        };
        let body = py
            .detach(|| kfast_schema::encode(&self.set, key, &object, media))
            .map_err(|e| PyValueError::new_err(e.to_string()))?;
        Ok(PyBytes::new(py, &body))
    }

    /// Applies a patch of that media type to the JSON of an object: (object, findings of the validation). `empties` as in
    /// `decode`.
    #[pyo3(signature = (key, media_type, original, patch, validation = "Ignore", empties = false))]
    #[allow(clippy::too_many_arguments)] // keywords in Python
    fn patch<'py>(
        &self,
        py: Python<'py>,
        key: &str,
        media_type: &str,
        original: &[u8],
        patch: &[u8],
        validation: &str,
        empties: bool,
    ) -> PyResult<(Bound<'py, PyAny>, Vec<String>)> {
        let kind = PatchKind::of(media_type)
            .ok_or_else(|| PyValueError::new_err(format!("no patch type {media_type:?}")))?;
        let patched = py
            .detach(|| patch::apply(&self.set, key, kind, original, patch))
            .map_err(|e| patch_error(&e))?;
        let (validation, body) = (Validation::parse(validation), patched.value.to_string());
        let finish = |(value, found): kfast_schema::Decoded<'_>| {
            let mut findings = patched.warnings;
            findings.extend(found);
            match validation {
                Validation::Ignore => findings.clear(),
                Validation::Strict if !findings.is_empty() => {
                    let found = findings.join(", ");
                    return Err(StrictDecodeError::new_err(format!(
                        "strict decoding error: {found}"
                    )));
                }
                Validation::Strict | Validation::Warn => {}
            }
            Ok((to_py(py, &self.names, &value)?, findings))
        };
        // Strictness covers the patch as well, so the findings of both are judged together.
        let source = Source::read(key, body.as_bytes(), MediaType::Json).map_err(decode_error)?;
        let decoded = source.decode(
            &self.set,
            key,
            body.as_bytes(),
            Validation::Warn,
            &mut kept(empties),
        );
        finish(decoded.map_err(decode_error)?)
    }

    /// Structural violations of a dict or tree: (path, cause reason, message).
    fn validate(&self, key: &str, object: &Bound<'_, PyAny>) -> PyResult<Vec<Violated>> {
        if self.set.structure().is_some() {
            return with_value(&self.set, key, object, |value| {
                let mut found = structural::validate(&self.set, value);
                self.apply_rules(value, None, &mut found);
                tuples(found)
            });
        }
        let validator = self.validator();
        let violations = match object.cast::<PyTree>() {
            Ok(tree) => validator.validate(&self.set, key, &tree.try_borrow()?.value()),
            Err(_) => {
                let node = PyNode {
                    object: object.clone(),
                    names: &self.names,
                };
                validator.validate(&self.set, key, &node)
            }
        };
        Ok(tuples(violations))
    }

    /// `apiVersion` and `kind` of a body; errors name `expected` as the kind it should have been.
    #[pyo3(signature = (body, media_type, expected = ""))]
    fn sniff(&self, body: &[u8], media_type: &str, expected: &str) -> PyResult<(String, String)> {
        let media = MediaType::parse(media_type).map_err(decode_error)?;
        kfast_schema::sniff(body, media, expected).map_err(decode_error)
    }
}

fn kept(empties: bool) -> Empties {
    if empties {
        Empties::Kept(false)
    } else {
        Empties::Dropped
    }
}

impl PySchema {
    /// The class over a compiled set.
    pub fn of(py: Python<'_>, set: SchemaSet) -> Self {
        let names = set.names().iter();
        let names = names.map(|n| PyString::intern(py, n).unbind()).collect();
        Self {
            set,
            names,
            validator: OnceLock::new(),
            rules: OnceLock::new(),
        }
    }

    /// The rules of structural validation.
    pub fn validator(&self) -> &Validator {
        self.validator.get_or_init(|| Validator::new(&self.set))
    }
}
