//! Decoded objects to Python objects and back.

use kfast_schema::model::{Struct, Type};
use kfast_schema::{MAX_DEPTH, Name, SchemaSet, Value};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString};
use std::borrow::Cow;

/// A value as Python objects; `names` are the schema's property names by their ids.
pub fn to_py<'py>(
    py: Python<'py>,
    names: &[Py<PyString>],
    value: &Value<'_>,
) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(b) => PyBool::new(py, *b).to_owned().into_any(),
        Value::Int(i) => i.into_pyobject(py)?.into_any(),
        Value::Double(d) => PyFloat::new(py, *d).into_any(),
        Value::Text(t) => PyString::new(py, t).into_any(),
        Value::List(items) => {
            let items = items
                .iter()
                .map(|v| to_py(py, names, v))
                .collect::<PyResult<Vec<_>>>()?;
            PyList::new(py, items)?.into_any()
        }
        Value::Object(entries) => {
            let dict = PyDict::new(py);
            for (name, value) in entries {
                let value = to_py(py, names, value)?;
                match name {
                    Name::Known(id) => dict.set_item(names[id.index()].bind(py), value)?,
                    Name::Free(text) => dict.set_item(PyString::new(py, text), value)?,
                }
            }
            dict.into_any()
        }
    })
}

/// Python objects as a value of `ty`. None in an object counts as absent.
///
/// # Errors
/// ValueError for properties the type has not and for what is nested too deep, TypeError for what is no JSON.
pub fn from_py(set: &SchemaSet, ty: &Type, object: &Bound<'_, PyAny>) -> PyResult<Value<'static>> {
    convert(set, ty, object, 0)
}

fn convert(
    set: &SchemaSet,
    ty: &Type,
    object: &Bound<'_, PyAny>,
    depth: usize,
) -> PyResult<Value<'static>> {
    if depth > MAX_DEPTH {
        return Err(PyValueError::new_err("exceeded max depth"));
    }
    if let Ok(text) = object.cast::<PyString>() {
        return Ok(Value::Text(Cow::Owned(text.to_str()?.to_owned())));
    }
    if let Ok(dict) = object.cast::<PyDict>() {
        return entries(set, ty, dict, depth);
    }
    if let Ok(list) = object.cast::<PyList>() {
        let item = ty.item().unwrap_or(&Type::Json);
        let items = list.iter().map(|i| convert(set, item, &i, depth + 1));
        return Ok(Value::List(items.collect::<PyResult<_>>()?));
    }
    if object.is_none() {
        return Ok(Value::Null);
    }
    if let Ok(flag) = object.cast::<PyBool>() {
        return Ok(Value::Bool(flag.is_true()));
    }
    if object.is_instance_of::<PyInt>() {
        return Ok(Value::Int(object.extract()?));
    }
    if let Ok(number) = object.cast::<PyFloat>() {
        return Ok(Value::Double(number.value()));
    }
    let name = object.get_type().name()?;
    Err(PyTypeError::new_err(format!("{name} is no JSON value")))
}

fn entries(
    set: &SchemaSet,
    ty: &Type,
    dict: &Bound<'_, PyDict>,
    depth: usize,
) -> PyResult<Value<'static>> {
    let structure: Option<&Struct> = match ty {
        Type::Struct(id)
        | Type::SchemaOrBool(id)
        | Type::SchemaOrArray(id)
        | Type::SchemaOrStrings(id) => Some(set.get(*id)),
        _ => None,
    };
    let mut out = Vec::with_capacity(dict.len());
    for (key, value) in dict {
        let key = key.cast::<PyString>()?.to_str()?.to_owned();
        let (name, of) = match structure {
            Some(_) if value.is_none() && set.structure().is_none() => continue,
            Some(structure) if structure.open && structure.field(&key).is_none() => {
                (Name::Free(Cow::Owned(key)), &Type::Json)
            }
            Some(structure) => {
                let unknown = || {
                    PyValueError::new_err(format!("{} has no field {key:?}", structure.go_name()))
                };
                let (_, field) = structure.field(&key).ok_or_else(unknown)?;
                (Name::Known(field.key), &field.ty)
            }
            None => (Name::Free(Cow::Owned(key)), map_item(ty)),
        };
        out.push((name, convert(set, of, &value, depth + 1)?));
    }
    Ok(Value::Object(out))
}

fn map_item(ty: &Type) -> &Type {
    match ty {
        Type::Map(item) => item,
        _ => &Type::Json,
    }
}
