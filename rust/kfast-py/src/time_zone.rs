//! Time zones by name.

use kfast_core::TimeZone;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// Adds the function.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(check_time_zone, m)?)
}

/// ValueError with Go's message if the database has no zone of the name.
#[pyfunction]
fn check_time_zone(name: &str) -> PyResult<()> {
    TimeZone::named(name)
        .map(drop)
        .map_err(PyValueError::new_err)
}
