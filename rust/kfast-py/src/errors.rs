//! Python exceptions of the core: one class per failed operation, mapped exhaustively.

use kfast_core::ObjectError;
use kfast_schema::DecodeError as Refused;
use kfast_schema::patch::PatchError as Unpatchable;
use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyValueError};
use pyo3::prelude::*;

create_exception!(
    kfast._native,
    CoreError,
    PyException,
    "Anything the Rust core refuses."
);

create_exception!(
    kfast._native,
    DecodeError,
    CoreError,
    "A body that is no object of its kind; the text is upstream's."
);
create_exception!(
    kfast._native,
    StrictDecodeError,
    DecodeError,
    "A body with unknown or duplicate fields under strict validation."
);

create_exception!(
    kfast._native,
    PatchError,
    CoreError,
    "A patch that is malformed or does not apply: args are (reason of the Status, message)."
);

create_exception!(
    kfast._native,
    RefusedError,
    CoreError,
    "An object that cannot be created at all: args are (HTTP code, message)."
);

create_exception!(
    kfast._native,
    ApplyConflictError,
    CoreError,
    "Other managers own fields of an applied configuration: args are ([(path of the field, manager)],)."
);

create_exception!(
    kfast._native,
    OtherVersionsError,
    CoreError,
    "Managers wrote in other versions: args are none if these are not given yet, else (version, version wanted, JSON of \
     the object to be converted)."
);

create_exception!(
    kfast._native,
    UnconvertedError,
    CoreError,
    "An object cannot be converted to the version of a manager."
);

/// Adds the exception classes to the module.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add(
        "ApplyConflictError",
        m.py().get_type::<ApplyConflictError>(),
    )?;
    m.add(
        "OtherVersionsError",
        m.py().get_type::<OtherVersionsError>(),
    )?;
    m.add("UnconvertedError", m.py().get_type::<UnconvertedError>())?;
    m.add("CoreError", m.py().get_type::<CoreError>())?;
    m.add("DecodeError", m.py().get_type::<DecodeError>())?;
    m.add("RefusedError", m.py().get_type::<RefusedError>())?;
    m.add("PatchError", m.py().get_type::<PatchError>())?;
    m.add("StrictDecodeError", m.py().get_type::<StrictDecodeError>())
}

/// The bytes were no API object.
pub fn object_error(error: ObjectError) -> PyErr {
    match error {
        ObjectError::Malformed(_) | ObjectError::ResourceVersion(_) => {
            PyValueError::new_err(error.to_string())
        }
    }
}

/// The bytes were no object of their kind.
pub fn decode_error(error: Refused) -> PyErr {
    let text = error.to_string();
    match error {
        Refused::Strict { .. } => StrictDecodeError::new_err(text),
        Refused::UnknownKind(_) => PyValueError::new_err(text),
        Refused::Unrecognized { .. } | Refused::Unfit { .. } | Refused::MediaType(_) => {
            DecodeError::new_err(text)
        }
    }
}

/// The patch was refused.
pub fn patch_error(error: &Unpatchable) -> PyErr {
    PatchError::new_err((error.reason(), error.to_string()))
}
