//! `Quantity`: exact resource amounts.

use kfast_core::quantity::Quantity;
use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;
use pyo3::pyclass::CompareOp;

/// Adds the class.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyQuantity>()
}

/// An exact amount such as `100m` or `1.5Gi`. Immutable, ordered.
#[pyclass(
    frozen,
    name = "Quantity",
    module = "kfast._native",
    skip_from_py_object
)]
#[derive(Clone)]
pub struct PyQuantity(pub Quantity);

fn overflow() -> PyErr {
    PyOverflowError::new_err("quantity beyond 128 bits")
}

#[pymethods]
impl PyQuantity {
    /// Reads the text; ValueError with upstream's message.
    #[staticmethod]
    fn parse(text: &str) -> PyResult<Self> {
        Quantity::parse(text)
            .map(Self)
            .map_err(|e| PyValueError::new_err(e.to_string()))
    }

    /// Whole units, rounded up, saturating at 64 bits.
    #[getter]
    fn value(&self) -> i64 {
        self.0.value()
    }

    /// Thousandths, rounded up, saturating at 64 bits.
    #[getter]
    fn milli_value(&self) -> i64 {
        self.0.milli_value()
    }

    /// -1, 0 or 1.
    #[getter]
    fn sign(&self) -> i32 {
        self.0.sign()
    }

    fn __add__(&self, other: &Bound<'_, Self>) -> PyResult<Self> {
        let sum = self.0.checked_add(&other.get().0);
        sum.map(Self).ok_or_else(overflow)
    }

    fn __sub__(&self, other: &Bound<'_, Self>) -> PyResult<Self> {
        let difference = self.0.checked_sub(&other.get().0);
        difference.map(Self).ok_or_else(overflow)
    }

    fn __richcmp__(&self, other: &Bound<'_, Self>, op: CompareOp) -> bool {
        op.matches(self.0.cmp(&other.get().0))
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        format!("Quantity({})", self.0)
    }
}
