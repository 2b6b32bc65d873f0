//! Python exceptions of the core: one class per failed operation, mapped exhaustively.

use kfast_core::ObjectError;
use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyValueError};
use pyo3::prelude::*;

create_exception!(
    kfast._native,
    CoreError,
    PyException,
    "Anything the Rust core refuses."
);

/// Adds the exception classes to the module.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add("CoreError", m.py().get_type::<CoreError>())
}

/// The bytes were no API object.
pub fn object_error(error: ObjectError) -> PyErr {
    match error {
        ObjectError::Malformed(_) | ObjectError::ResourceVersion(_) => {
            PyValueError::new_err(error.to_string())
        }
    }
}
