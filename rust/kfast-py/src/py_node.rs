//! Python dicts and lists as the validator reads them: no conversion.

use kfast_schema::NameId;
use kfast_schema::validate::Node;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};
use std::borrow::Cow;

/// A Python value; `names` are the schema's property names by their ids.
pub struct PyNode<'n, 'py> {
    /// The value.
    pub object: Bound<'py, PyAny>,
    /// Interned property names.
    pub names: &'n [Py<PyString>],
}

impl<'n, 'py> PyNode<'n, 'py> {
    fn with(&self, object: Bound<'py, PyAny>) -> Self {
        Self {
            object,
            names: self.names,
        }
    }
}

impl Node for PyNode<'_, '_> {
    fn get(&self, id: NameId, _: &str) -> Option<Self> {
        let dict = self.object.cast::<PyDict>().ok()?;
        let name = self.names[id.index()].bind(self.object.py());
        dict.get_item(name).ok()?.map(|value| self.with(value))
    }

    fn items(&self) -> Option<Vec<Self>> {
        let list = self.object.cast::<PyList>().ok()?;
        Some(list.iter().map(|item| self.with(item)).collect())
    }

    fn entries(&self) -> Option<Vec<(String, Self)>> {
        let dict = self.object.cast::<PyDict>().ok()?;
        let entries = dict
            .iter()
            .map(|(key, value)| (key.to_string(), self.with(value)));
        Some(entries.collect())
    }

    fn is_object(&self) -> bool {
        self.object.is_instance_of::<PyDict>()
    }

    fn text(&self) -> Option<Cow<'_, str>> {
        let text = self.object.cast::<PyString>().ok()?;
        text.to_cow().ok()
    }

    fn is_empty(&self) -> bool {
        if self.object.is_none() {
            return true;
        }
        if let Ok(text) = self.object.cast::<PyString>() {
            return text.is_empty().unwrap_or(false);
        }
        self.object
            .cast::<PyList>()
            .is_ok_and(|list| list.len() == 0)
    }
}
