//! The structure of custom resources, as methods of `Schema`.

use crate::errors::decode_error;
use crate::pod::Violated;
use crate::schema::PySchema;
use crate::tree::PyTree;
use crate::value::from_py;
use kfast_cel::structural::Rules;
use kfast_schema::model::Type;
use kfast_schema::structural::{self, compile, definition, reread};
use kfast_schema::validate::Violation;
use kfast_schema::{SchemaSet, Value};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

#[pymethods]
impl PySchema {
    /// The schema of one version of a custom resource, with the one kind `group/version/Kind`. `openapi` is its
    /// openAPIV3Schema as JSON; `preserve_unknown`: nothing is pruned. Metadata is that of this schema. ValueError if it is no
    /// schema.
    #[pyo3(signature = (group, version, kind, openapi, preserve_unknown = false))]
    fn structural(
        &self,
        py: Python<'_>,
        group: &str,
        version: &str,
        kind: &str,
        openapi: &[u8],
        preserve_unknown: bool,
    ) -> PyResult<Self> {
        let key = format!("{group}/{version}/{kind}");
        let set = py
            .detach(|| compile(&self.set, &key, openapi, preserve_unknown))
            .map_err(|e| PyValueError::new_err(e.to_string()))?;
        Ok(Self::of(py, set))
    }

    /// The JSON of a stored object as it is read now: pruned, with defaults unless it was only converted; None if it
    /// reads as it is stored.
    #[pyo3(signature = (key, data, defaults = true))]
    fn reread<'py>(
        &self,
        py: Python<'py>,
        key: &str,
        data: &[u8],
        defaults: bool,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let read = py.detach(|| reread(&self.set, key, data, defaults));
        let read = read.map_err(decode_error)?;
        Ok(read.map(|json| PyBytes::new(py, &json)))
    }

    /// What is wrong with the openAPIV3Schema of a definition, at a path; `status`: it has a status subresource; `before`
    /// is the schema until now. ValueError for malformed JSON.
    #[pyo3(signature = (schema, path, status, before = None))]
    fn check_definition(
        &self,
        py: Python<'_>,
        schema: &[u8],
        path: &str,
        status: bool,
        before: Option<&[u8]>,
    ) -> PyResult<Vec<Violated>> {
        let found = py.detach(|| {
            let mut found = definition::check(&self.set, schema, path, status, before)?;
            // Rules are looked at in schemas that are in order.
            if found.is_empty() {
                let set = compile(&self.set, "validation/v1/Validation", schema, false);
                found = kfast_cel::structural::check(&set.map_err(|e| e.to_string())?, path);
            }
            Ok(found)
        });
        let found: Result<Vec<Violation>, String> = found;
        found.map(tuples).map_err(PyValueError::new_err)
    }

    /// Violations of an object of a custom resource that takes the place of another, besides those of its metadata. What
    /// did not change is let pass. Both are dicts or trees. `part` is `status` for a write of the status.
    #[pyo3(signature = (key, new, old, part = "main"))]
    fn validate_update(
        &self,
        key: &str,
        new: &Bound<'_, PyAny>,
        old: &Bound<'_, PyAny>,
        part: &str,
    ) -> PyResult<Vec<Violated>> {
        let set = &self.set;
        with_value(set, key, new, |new| {
            with_value(set, key, old, |old| {
                let mut found = match part {
                    "status" => structural::validate_status(set, new, old),
                    _ => structural::validate_update(set, new, old),
                };
                self.apply_rules(new, Some(old), &mut found);
                tuples(found)
            })
        })?
    }
}

/// Faults of an object that keep its rules from being looked at.
const BLOCKING: [&str; 5] = [
    "FieldValueNotSupported",
    "FieldValueRequired",
    "FieldValueTooLong",
    "FieldValueTooMany",
    "FieldValueTypeInvalid",
];

impl PySchema {
    /// Adds what the rules of a custom resource say of an object that takes the place of `old`.
    pub fn apply_rules<'v>(
        &'v self,
        object: &'v Value<'v>,
        old: Option<&'v Value<'v>>,
        found: &mut Vec<Violation>,
    ) {
        let rules = self.rules.get_or_init(|| {
            let structure = self.set.structure()?;
            Rules::new(&structure.schema)
        });
        let Some(rules) = rules else { return };
        if found.iter().any(|v| BLOCKING.contains(&v.reason)) {
            found.push(Violation {
                path: "<nil>".into(),
                reason: "FieldValueInvalid",
                message: "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation".into(),
            });
            return;
        }
        rules.validate(&self.set, object, old, found);
    }
}

/// Violations as Python takes them.
pub fn tuples(violations: Vec<Violation>) -> Vec<Violated> {
    let tuple = |v: Violation| (v.path, v.reason, v.message);
    violations.into_iter().map(tuple).collect()
}

/// Calls with the value of a tree, or of a dict read as the kind of `key`.
pub fn with_value<T>(
    set: &SchemaSet,
    key: &str,
    object: &Bound<'_, PyAny>,
    call: impl FnOnce(&Value<'_>) -> T,
) -> PyResult<T> {
    if let Ok(tree) = object.cast::<PyTree>() {
        return Ok(call(tree.try_borrow()?.value()));
    }
    let unknown = || PyValueError::new_err(format!("no kind {key:?} is known to the schema"));
    let id = set.kind(key).ok_or_else(unknown)?;
    Ok(call(&from_py(set, &Type::Struct(id), object)?))
}
