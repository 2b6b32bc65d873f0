//! `LabelSelector` and `FieldSelector`: compiled selectors.

use crate::object::PyObjectHandle;
use kfast_selector::{FieldSelector, LabelSelector, Operator};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// Adds both classes.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyLabelSelector>()?;
    m.add_class::<PyFieldSelector>()
}

fn refused(error: kfast_selector::SelectorError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// A compiled label selector. Immutable.
#[pyclass(
    frozen,
    name = "LabelSelector",
    module = "kfast._native",
    skip_from_py_object
)]
#[derive(Clone)]
pub struct PyLabelSelector(pub LabelSelector);

#[pymethods]
impl PyLabelSelector {
    /// Reads the written form; ValueError with upstream's message.
    #[staticmethod]
    fn parse(text: &str) -> PyResult<Self> {
        LabelSelector::parse(text).map(Self).map_err(refused)
    }

    /// Compiles a LabelSelector object; None selects nothing, an empty one everything. ValueError.
    #[staticmethod]
    #[pyo3(signature = (selector))]
    fn from_dict(selector: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let value = selector.map(selector_value).transpose()?;
        LabelSelector::from_value(value.as_ref())
            .map(Self)
            .map_err(refused)
    }

    /// The equality selector of a plain map (`Service.spec.selector`); empty selects everything.
    #[staticmethod]
    fn from_map(labels: HashMap<String, String>) -> Self {
        let pairs = labels.iter().map(|(k, v)| (k.as_str(), v.as_str()));
        Self(LabelSelector::from_map(pairs))
    }

    /// Whether a dict of labels, or the labels of an Object, match.
    fn matches(&self, labels: &Bound<'_, PyAny>) -> PyResult<bool> {
        if let Ok(object) = labels.cast::<PyObjectHandle>() {
            return Ok(self.0.matches(object.get().0.labels()));
        }
        let labels = labels.cast::<PyDict>()?;
        if self.0.is_nothing() {
            return Ok(false);
        }
        for requirement in self.0.requirements() {
            let value = labels.get_item(requirement.key())?;
            let value = value.as_ref().map(|v| v.extract::<&str>()).transpose()?;
            if !requirement.accepts(value) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// (key, operator as API objects name it or `Gt` or `Lt`, values) of every requirement, sorted by key.
    #[getter]
    fn requirements(&self) -> Vec<(String, &'static str, Vec<String>)> {
        let requirements = self.0.requirements().iter();
        requirements
            .map(|r| {
                let values = r.values().iter().map(|v| v.to_string()).collect();
                (r.key().to_owned(), operator(r.operator()), values)
            })
            .collect()
    }

    /// Whether every object matches.
    #[getter]
    fn empty(&self) -> bool {
        self.0.is_empty()
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }
}

fn operator(operator: Operator) -> &'static str {
    match operator {
        Operator::In | Operator::Equals | Operator::DoubleEquals => "In",
        Operator::NotIn | Operator::NotEquals => "NotIn",
        Operator::Exists => "Exists",
        Operator::DoesNotExist => "DoesNotExist",
        Operator::GreaterThan => "Gt",
        Operator::LessThan => "Lt",
    }
}

/// Only the fields of a LabelSelector, so that no general conversion is needed.
fn selector_value(selector: &Bound<'_, PyDict>) -> PyResult<Value> {
    let mut object = Map::new();
    if let Some(labels) = selector.get_item("matchLabels")?.filter(|v| !v.is_none()) {
        let labels: HashMap<String, String> = labels.extract()?;
        object.insert("matchLabels".to_owned(), serde_json::json!(labels));
    }
    if let Some(items) = selector
        .get_item("matchExpressions")?
        .filter(|v| !v.is_none())
    {
        let mut expressions = Vec::new();
        for item in items.try_iter()? {
            let item = item?.cast_into::<PyDict>()?;
            let mut expression = Map::new();
            for name in ["key", "operator"] {
                if let Some(text) = item.get_item(name)? {
                    expression.insert(name.to_owned(), Value::String(text.extract()?));
                }
            }
            if let Some(values) = item.get_item("values")?.filter(|v| !v.is_none()) {
                let values: Vec<String> = values.extract()?;
                expression.insert("values".to_owned(), serde_json::json!(values));
            }
            expressions.push(Value::Object(expression));
        }
        object.insert("matchExpressions".to_owned(), Value::Array(expressions));
    }
    Ok(Value::Object(object))
}

/// A field selector. Immutable.
#[pyclass(
    frozen,
    name = "FieldSelector",
    module = "kfast._native",
    skip_from_py_object
)]
#[derive(Clone)]
pub struct PyFieldSelector(pub FieldSelector);

#[pymethods]
impl PyFieldSelector {
    /// Reads the written form; ValueError with upstream's message.
    #[staticmethod]
    fn parse(text: &str) -> PyResult<Self> {
        FieldSelector::parse(text).map(Self).map_err(refused)
    }

    /// (field, `=` or `!=`, value) of every term.
    #[getter]
    fn requirements(&self) -> Vec<(String, &'static str, String)> {
        let terms = self.0.requirements().iter();
        terms
            .map(|r| {
                (
                    r.field.to_string(),
                    r.operator.as_str(),
                    r.value.to_string(),
                )
            })
            .collect()
    }

    /// Absent fields read as empty.
    fn matches(&self, fields: &Bound<'_, PyDict>) -> PyResult<bool> {
        for requirement in self.0.requirements() {
            let value = fields.get_item(requirement.field.as_ref())?;
            let value = value.as_ref().map_or(Ok(""), |v| v.extract::<&str>())?;
            if !requirement.accepts(value) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether every object matches.
    #[getter]
    fn empty(&self) -> bool {
        self.0.is_empty()
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }
}
