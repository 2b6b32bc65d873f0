//! Empty lists and maps in dicts: out for storage, back for the rules.

use kfast_schema::SchemaSet;
use kfast_schema::model::Type;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

/// What was taken out: (dict, key, value).
pub type Empty<'py> = (Bound<'py, PyDict>, Bound<'py, PyString>, Bound<'py, PyAny>);

/// Takes out of a dict what storage does not keep; None stands for those that are written when absent.
pub fn take_empties<'py>(
    set: &SchemaSet,
    ty: &Type,
    dict: &Bound<'py, PyDict>,
    taken: &mut Vec<Empty<'py>>,
) -> PyResult<()> {
    let structure = ty.structure().map(|id| set.get(id));
    let mut gone = Vec::new();
    for (key, value) in dict {
        if !is_container(&value) {
            continue;
        }
        let Ok(name) = key.cast_into::<PyString>() else {
            continue;
        };
        let Some(structure) = structure else {
            if let Type::Map(item) = ty {
                within(set, item, &value, taken)?;
            }
            continue;
        };
        let Some((_, field)) = structure.field(name.to_str()?) else {
            continue;
        };
        if !value.is_empty()? || !field.fades() {
            within(set, &field.ty, &value, taken)?;
        } else {
            gone.push((name, value, field.always));
        }
    }
    for (name, value, always) in gone {
        if always {
            dict.set_item(&name, dict.py().None())?;
        } else {
            dict.del_item(&name)?;
        }
        taken.push((dict.clone(), name, value));
    }
    Ok(())
}

fn is_container(value: &Bound<'_, PyAny>) -> bool {
    value.is_exact_instance_of::<PyDict>() || value.is_exact_instance_of::<PyList>()
}

fn within<'py>(
    set: &SchemaSet,
    ty: &Type,
    value: &Bound<'py, PyAny>,
    taken: &mut Vec<Empty<'py>>,
) -> PyResult<()> {
    if let Ok(dict) = value.cast::<PyDict>() {
        return take_empties(set, ty, dict, taken);
    }
    let schema = match ty {
        Type::SchemaOrArray(id) => Some(Type::Struct(*id)),
        _ => None,
    };
    let Some(item) = schema.as_ref().or(ty.item()) else {
        return Ok(());
    };
    for value in value.cast::<PyList>()? {
        if is_container(&value) {
            within(set, item, &value, taken)?;
        }
    }
    Ok(())
}
