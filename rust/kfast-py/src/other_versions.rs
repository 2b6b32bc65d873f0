//! Versions of a kind as Python tells of them, for managers that wrote in other ones than that of a write.

use crate::apply::field_set;
use crate::errors::{CoreError, OtherVersionsError, UnconvertedError};
use crate::schema::PySchema;
use crate::tree::kind_of;
use kfast_schema::apply::{Conversion, Halt, Kind, Version, Versions};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;
use serde_json::Value;

/// What became of an object: its JSON, or why it cannot be converted.
#[derive(FromPyObject)]
pub enum Outcome {
    Json(PyBackedBytes),
    Failed(String),
}

type Done = (String, String, PyBackedBytes, Outcome);
type Served = (String, Py<PySchema>, String, Vec<Vec<String>>);

/// ([(version, schema, key of the kind, paths a write there does not reach)], [(version, version wanted, JSON, outcome)],
/// whether a manager of any other version is an error)
#[derive(FromPyObject)]
pub struct Others(Vec<Served>, Vec<Done>, bool);

impl Others {
    /// The versions, and the conversions made so far.
    ///
    /// # Errors
    /// OtherVersionsError if there are none.
    pub fn versions(&self) -> PyResult<Versions<'_>> {
        if self.0.is_empty() {
            return Err(OtherVersionsError::new_err(()));
        }
        let mut versions = Versions {
            strict: self.2,
            ..Versions::default()
        };
        for (version, schema, key, ignored) in &self.0 {
            let kind = Kind {
                set: &schema.get().set,
                id: kind_of(schema, key)?,
            };
            let ignored = field_set(ignored);
            let found = Version { kind, ignored };
            versions.served.insert(version.as_str().into(), found);
        }
        for (from, to, object, outcome) in &self.1 {
            versions.done.push(Conversion {
                from: from.as_str().into(),
                to: to.as_str().into(),
                object: json(object)?,
                outcome: match outcome {
                    Outcome::Json(converted) => Ok(json(converted)?),
                    Outcome::Failed(why) => Err(why.clone()),
                },
            });
        }
        Ok(versions)
    }
}

fn json(text: &[u8]) -> PyResult<Value> {
    serde_json::from_slice(text).map_err(|e| CoreError::new_err(e.to_string()))
}

/// What an operation ended with.
pub fn halted(py: Python<'_>, halt: Halt) -> PyErr {
    match halt {
        Halt::Failed(why) => UnconvertedError::new_err(why),
        Halt::Wanted { from, to, object } => {
            let object = PyBytes::new(py, object.to_string().as_bytes()).unbind();
            OtherVersionsError::new_err((String::from(from), String::from(to), object))
        }
    }
}
