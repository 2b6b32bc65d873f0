//! `Scheduler`: the scheduler core behind one lock; objects in, decisions out. Python sees one class; each file
//! here holds the methods of one concern.

mod decisions;
mod inputs;
mod report;

use kfast_scheduler::queue::{SECOND, Time};
use kfast_scheduler::{Scheduler, SchedulerError};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Adds the classes to the module.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyScheduler>()?;
    m.add_class::<decisions::PyDecision>()
}

/// Queue, cache and plugins of one scheduler. Times are seconds on any one clock.
#[pyclass(frozen, name = "Scheduler", module = "kfast._native")]
pub struct PyScheduler(Mutex<Scheduler>);

#[pymethods]
impl PyScheduler {
    #[new]
    #[pyo3(signature = (name="default-scheduler", seed=0))]
    fn new(name: &str, seed: u64) -> Self {
        Self(Mutex::new(Scheduler::new(name, seed)))
    }
}

impl PyScheduler {
    fn lock(&self) -> MutexGuard<'_, Scheduler> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
fn time(seconds: f64) -> Time {
    (seconds * SECOND as f64).round() as Time
}

#[allow(clippy::cast_precision_loss)]
fn seconds(time: Time) -> f64 {
    time as f64 / SECOND as f64
}

fn malformed(error: SchedulerError) -> PyErr {
    match error {
        SchedulerError::Malformed { .. } => PyValueError::new_err(error.to_string()),
    }
}
