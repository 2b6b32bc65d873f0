//! Server-side apply and the tracking of field managers, as methods of `Schema`.

use crate::errors::{ApplyConflictError, CoreError};
use crate::json::{json_from_py, value_to_py};
use crate::other_versions::{Others, halted};
use crate::schema::PySchema;
use crate::tree::kind_of;
use kfast_schema::apply::{
    ApplyError, FieldSet, Halt, Kind, Managers, ReplicasPaths, Write, atomics, conflict_causes,
    conflicting, merge, misfit,
};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Who writes: (manager, version, subresource, RFC 3339 time).
type Writer = (String, String, String, String);

/// An object as Python objects, and the JSON of its managed fields.
type Applied<'py> = (Option<Bound<'py, PyAny>>, Bound<'py, PyBytes>);

/// The set of paths of names.
pub fn field_set(paths: &[Vec<String>]) -> FieldSet {
    let paths: Vec<Vec<&str>> = paths
        .iter()
        .map(|p| p.iter().map(String::as_str).collect())
        .collect();
    FieldSet::of(&paths.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// What managed fields are given as: JSON, or the list of a client's body.
#[derive(FromPyObject)]
enum Managed<'py> {
    Json(PyBackedBytes),
    List(Bound<'py, PyList>),
}

/// The managers of the first that are not empty and can be read.
fn managers(managed: &[Managed<'_>]) -> PyResult<Managers> {
    for entries in managed {
        let found = match entries {
            Managed::Json(json) => std::str::from_utf8(json).ok().and_then(Managers::stored),
            Managed::List(list) => Managers::read(&json_from_py(list.as_any())?.to_string()),
        };
        if let Some(managers) = found.filter(|m| !m.0.is_empty()) {
            return Ok(managers);
        }
    }
    Ok(Managers::default())
}

fn stored_managers(json: &[u8]) -> Managers {
    let text = std::str::from_utf8(json).ok();
    text.and_then(Managers::stored).unwrap_or_default()
}

fn replicas_paths(paths: BTreeMap<String, Vec<String>>) -> ReplicasPaths {
    let set = |path: Vec<String>| field_set(&[path]);
    paths
        .into_iter()
        .map(|(version, path)| (version, set(path)))
        .collect()
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

fn written<'py>(py: Python<'py>, managers: &Managers) -> Bound<'py, PyBytes> {
    PyBytes::new(py, managers.to_json().as_bytes())
}

/// What differs between two objects, and what it is in; members that are the same are left out.
fn differing(old: &Bound<'_, PyAny>, new: &Bound<'_, PyAny>) -> PyResult<(Value, Value)> {
    let (Ok(before), Ok(after)) = (old.cast::<PyDict>(), new.cast::<PyDict>()) else {
        return Ok((json_from_py(old)?, json_from_py(new)?));
    };
    let (mut left, mut right) = (Map::new(), Map::new());
    let text = |key: &Bound<'_, PyAny>| PyResult::Ok(key.cast::<PyString>()?.to_str()?.to_owned());
    for (key, old) in before {
        match after.get_item(&key)? {
            None => drop(left.insert(text(&key)?, json_from_py(&old)?)),
            Some(new) if old.is(&new) || old.eq(&new)? => {}
            Some(new) => {
                let (old, new) = differing(&old, &new)?;
                left.insert(text(&key)?, old);
                right.insert(text(&key)?, new);
            }
        }
    }
    for (key, new) in after {
        if !before.contains(&key)? {
            right.insert(text(&key)?, json_from_py(&new)?);
        }
    }
    Ok((left.into(), right.into()))
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

    /// The JSON of `metadata.managedFields` after `new` (without them) took the place of `old`, None on a create; empty
    /// if there are none. Before it, they were the first of `managed`, JSON or lists, that are not empty and can be read;
    /// an object that has none is not tracked. Fields below the paths of `ignored` are not the writer's.
    /// `others`, if given: managers that wrote in other versions lose what changes there; OtherVersionsError says what
    /// is wanted for that. If that cannot be told there are no managed fields any more.
    #[pyo3(signature = (key, old, new, managed, writer, ignored, others = None))]
    #[allow(clippy::too_many_arguments)]
    fn track<'py>(
        slf: Py<Self>,
        py: Python<'py>,
        key: &str,
        old: Option<&Bound<'py, PyAny>>,
        new: &Bound<'py, PyAny>,
        managed: Vec<Managed<'py>>,
        writer: Writer,
        ignored: Vec<Vec<String>>,
        others: Option<Others>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let kind = named_kind(&slf, key)?;
        let mut managers = managers(&managed)?;
        let ignored = field_set(&ignored);
        let write = write_of(&writer, &ignored);
        if let (Some(old), Some(others)) = (old, others)
            && managers.in_other_versions(write.version)
        {
            let versions = others.versions()?;
            let (old, new) = (json_from_py(old)?, json_from_py(new)?);
            return match kind.update_across((&old, &new), &mut managers, &write, &versions) {
                Ok(()) => Ok(written(py, &managers)),
                Err(Halt::Failed(_)) => Ok(PyBytes::new(py, b"")),
                Err(wanted) => Err(halted(py, wanted)),
            };
        }
        if old.is_none() || !managers.0.is_empty() {
            let (old, new) = match old {
                Some(old) => differing(old, new)?,
                None => (kind.blank().to_json(kind.set), json_from_py(new)?),
            };
            kind.update(&old, &new, &mut managers, &write);
        }
        Ok(written(py, &managers))
    }

    /// Why a configuration does not fit its kind, in upstream's words; None if it does.
    fn misfit(slf: Py<Self>, key: &str, config: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
        let kind = named_kind(&slf, key)?;
        Ok(misfit(kind.set, kind.id, &json_from_py(config)?))
    }

    /// The JSON of the managed fields of the Scale of an object with those of `managed`; `paths` are of its replicas by
    /// version, empty in versions without a scale subresource.
    fn scale_managers<'py>(
        &self,
        py: Python<'py>,
        managed: &[u8],
        paths: BTreeMap<String, Vec<String>>,
    ) -> Bound<'py, PyBytes> {
        let scale = stored_managers(managed).to_scale(&replicas_paths(paths));
        written(py, &scale)
    }

    /// The JSON of the managed fields of an object of a version that had those of `managed` before its Scale was written,
    /// which has those of `scale` now.
    fn managers_with_scale<'py>(
        &self,
        py: Python<'py>,
        managed: &[u8],
        scale: &[u8],
        paths: BTreeMap<String, Vec<String>>,
        version: &str,
    ) -> Bound<'py, PyBytes> {
        let scale = stored_managers(scale);
        let managers = stored_managers(managed).with_scale(&scale, &replicas_paths(paths), version);
        PyBytes::new(py, managers.to_json().as_bytes())
    }

    /// The object of JSON `live` with the JSON `config` laid over it as server-side apply does, whoever owns what. CoreError if it
    /// does not fit its kind, or sets what has one owner as a whole.
    fn lay_over<'py>(
        slf: Py<Self>,
        py: Python<'py>,
        key: &str,
        live: &[u8],
        config: &[u8],
    ) -> PyResult<Bound<'py, PyAny>> {
        let kind = named_kind(&slf, key)?;
        let (live, config) = (object(live)?, object(config)?);
        let merged = py.detach(|| {
            let whole = atomics(kind.set, kind.id, &config);
            if whole.is_empty() {
                return merge(kind.set, kind.id, &live, &config)
                    .map_err(|e| format!("failed to convert patch object to typed object: {e}"));
            }
            Err(format!(
                "invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: {}",
                whole.join(", ")
            ))
        });
        value_to_py(py, &merged.map_err(CoreError::new_err)?)
    }

    /// Applies the configuration `config` to the JSON `live`, None on a create: (merged object or None if nothing
    /// changes, the JSON of its managed fields). ApplyConflictError if other managers own what it sets, unless `force`; CoreError if it does
    /// not fit its kind. `last_applied` is the configuration of kubectl's client-side apply, if fields it set may be
    /// taken without force.
    /// `others` as in `track`; UnconvertedError if an object has no form in the version of a manager.
    #[pyo3(signature = (key, live, config, managed, writer, ignored, force, last_applied = None, others = None))]
    #[allow(clippy::too_many_arguments)]
    fn apply<'py>(
        slf: Py<Self>,
        py: Python<'py>,
        key: &str,
        live: Option<&[u8]>,
        config: &Bound<'py, PyAny>,
        managed: Vec<Managed<'py>>,
        writer: Writer,
        ignored: Vec<Vec<String>>,
        force: bool,
        last_applied: Option<&[u8]>,
        others: Option<Others>,
    ) -> PyResult<Applied<'py>> {
        let kind = named_kind(&slf, key)?;
        let live = live.map(object).transpose()?;
        let last_applied = last_applied.and_then(|text| serde_json::from_slice(text).ok());
        let (config, mut managers) = (json_from_py(config)?, managers(&managed)?);
        let ignored = field_set(&ignored);
        let write = write_of(&writer, &ignored);
        let foreign = managers.in_other_versions(write.version);
        let others = others.as_ref().filter(|_| foreign);
        let versions = others.map(Others::versions).transpose()?;
        let versions = versions.as_ref();
        let merged = py
            .detach(|| {
                let live_object = live.as_ref();
                let mut attempt = |force| {
                    kind.apply_across(live_object, &config, &mut managers, &write, force, versions)
                };
                let outcome = attempt(force);
                match (outcome, live.as_ref(), last_applied.as_ref()) {
                    (Err(ApplyError::Conflicts(conflicts)), Some(live), Some(last)) => {
                        let allowed = kind.last_applied(live, last);
                        if conflicting(&conflicts).difference(&allowed).is_empty() {
                            attempt(true)
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
                ApplyError::Halted(halt) => halted(py, halt),
            })?;
        let merged = merged.map(|m| value_to_py(py, &m)).transpose()?;
        Ok((merged, written(py, &managers)))
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
