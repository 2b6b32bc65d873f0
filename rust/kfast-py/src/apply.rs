//! Server-side apply and the tracking of field managers, as methods of `Schema`.

use crate::errors::{ApplyConflictError, CoreError};
use crate::json::{json_from_py, value_to_py};
use crate::schema::PySchema;
use crate::tree::kind_of;
use crate::value::to_py;
use kfast_schema::apply::{
    ApplyError, FieldSet, Kind, Managers, Write, conflict_causes, conflicting,
};
use pyo3::prelude::*;
use pyo3::types::PyString;
use serde_json::Value;

/// Who writes: (manager, version, subresource, RFC 3339 time).
type Writer = (String, String, String, String);

/// An object and its managed fields, as Python objects.
type Applied<'py> = (Option<Bound<'py, PyAny>>, Bound<'py, PyAny>);

fn field_set(paths: &[Vec<String>]) -> FieldSet {
    let paths: Vec<Vec<&str>> = paths
        .iter()
        .map(|p| p.iter().map(String::as_str).collect())
        .collect();
    FieldSet::of(&paths.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// The managers of the first list that is not empty and can be read.
fn managers(lists: &[Bound<'_, PyAny>]) -> PyResult<Managers> {
    for list in lists {
        let list = json_from_py(list)?;
        if let Some(managers) = list.as_array().and_then(|l| Managers::read(l))
            && !managers.0.is_empty()
        {
            return Ok(managers);
        }
    }
    Ok(Managers::default())
}

fn write_of<'a>(writer: &'a Writer, ignored: &'a FieldSet) -> Write<'a> {
    let (manager, version, subresource, now) = writer;
    Write {
        manager,
        version,
        subresource,
        now,
        ignored,
    }
}

fn named_kind<'a>(schema: &'a Py<PySchema>, key: &str) -> PyResult<Kind<'a>> {
    Ok(Kind {
        set: &schema.get().set,
        id: kind_of(schema, key)?,
    })
}

fn written<'py>(
    py: Python<'py>,
    names: &[Py<PyString>],
    managers: &Managers,
) -> PyResult<Bound<'py, PyAny>> {
    to_py(py, names, &managers.write())
}

#[pymethods]
impl PySchema {
    /// A YAML (or JSON) body of no known kind: (value, what it says of duplicate keys, None if there are none).
    #[staticmethod]
    fn read_yaml<'py>(
        py: Python<'py>,
        body: &[u8],
    ) -> PyResult<(Bound<'py, PyAny>, Option<String>)> {
        let (value, repeated) = kfast_schema::read_yaml(body).map_err(CoreError::new_err)?;
        Ok((value_to_py(py, &value)?, repeated))
    }

    /// `metadata.managedFields` after `new` (without them) took the place of the JSON `old`, None on a create. Before
    /// it, they were the first of the lists `managed` that is not empty and can be read; an object that has none is
    /// not tracked. Fields below the paths of `ignored` are not the writer's.
    #[allow(clippy::too_many_arguments)]
    fn track<'py>(
        slf: Py<Self>,
        py: Python<'py>,
        key: &str,
        old: Option<&[u8]>,
        new: &Bound<'py, PyAny>,
        managed: Vec<Bound<'py, PyAny>>,
        writer: Writer,
        ignored: Vec<Vec<String>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let kind = named_kind(&slf, key)?;
        let created = old.is_none();
        let old = old.map_or_else(|| Ok(kind.blank().to_json(kind.set)), object)?;
        let (new, mut managers) = (json_from_py(new)?, managers(&managed)?);
        let ignored = field_set(&ignored);
        let write = write_of(&writer, &ignored);
        if created || !managers.0.is_empty() {
            py.detach(|| kind.update(&old, &new, &mut managers, &write));
        }
        written(py, &slf.get().names, &managers)
    }

    /// Applies the configuration `config` to the JSON `live`, None on a create: (merged object or None if nothing
    /// changes, managed fields). ApplyConflictError if other managers own what it sets, unless `force`; CoreError if it does
    /// not fit its kind. `last_applied` is the configuration of kubectl's client-side apply, if fields it set may be
    /// taken without force.
    #[pyo3(signature = (key, live, config, managed, writer, ignored, force, last_applied = None))]
    #[allow(clippy::too_many_arguments)]
    fn apply<'py>(
        slf: Py<Self>,
        py: Python<'py>,
        key: &str,
        live: Option<&[u8]>,
        config: &Bound<'py, PyAny>,
        managed: Vec<Bound<'py, PyAny>>,
        writer: Writer,
        ignored: Vec<Vec<String>>,
        force: bool,
        last_applied: Option<&[u8]>,
    ) -> PyResult<Applied<'py>> {
        let kind = named_kind(&slf, key)?;
        let live = live.map(object).transpose()?;
        let last_applied = last_applied.and_then(|text| serde_json::from_slice(text).ok());
        let (config, mut managers) = (json_from_py(config)?, managers(&managed)?);
        let ignored = field_set(&ignored);
        let write = write_of(&writer, &ignored);
        let merged = py
            .detach(|| {
                let outcome = kind.apply(live.as_ref(), &config, &mut managers, &write, force);
                match (outcome, live.as_ref(), last_applied.as_ref()) {
                    (Err(ApplyError::Conflicts(conflicts)), Some(live), Some(last)) => {
                        let allowed = kind.last_applied(live, last);
                        if conflicting(&conflicts).difference(&allowed).is_empty() {
                            kind.apply(Some(live), &config, &mut managers, &write, true)
                        } else {
                            Err(ApplyError::Conflicts(beyond(conflicts, &allowed)))
                        }
                    }
                    (outcome, ..) => outcome,
                }
            })
            .map_err(|error| match error {
                ApplyError::Conflicts(found) => {
                    ApplyConflictError::new_err((conflict_causes(&found),))
                }
                ApplyError::Malformed(why) => CoreError::new_err(why),
            })?;
        let merged = merged.map(|m| value_to_py(py, &m)).transpose()?;
        Ok((merged, written(py, &slf.get().names, &managers)?))
    }
}

fn beyond(
    conflicts: kfast_schema::apply::Conflicts,
    allowed: &FieldSet,
) -> kfast_schema::apply::Conflicts {
    let left = conflicts
        .into_iter()
        .filter_map(|(manager, (owned, fields))| {
            let fields = fields.difference(allowed);
            (!fields.is_empty()).then_some((manager, (owned, fields)))
        });
    left.collect()
}

/// A stored object without its managed fields.
fn object(json: &[u8]) -> PyResult<Value> {
    let mut object: Value =
        serde_json::from_slice(json).map_err(|e| CoreError::new_err(e.to_string()))?;
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    Ok(object)
}
