//! `Scheduler`: the scheduler core behind one lock; objects in, decisions out. Python sees one class; each file
//! here holds the methods of one concern.

mod decisions;
mod driver;
mod explain;
mod inputs;
mod inquiry;
mod report;

use kfast_scheduler::queue::{SECOND, Time};
use kfast_scheduler::{Config, Scheduler, SchedulerError};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Adds the classes to the module.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyScheduler>()?;
    m.add_class::<driver::PySchedulerDriver>()?;
    m.add_class::<inquiry::PyInquiry>()?;
    m.add_class::<decisions::PyDecision>()
}

/// Queue, cache and plugins of one scheduler. Times are seconds on any one clock.
#[pyclass(frozen, name = "Scheduler", module = "kfast._native")]
pub struct PyScheduler(Mutex<Scheduler>);

#[pymethods]
impl PyScheduler {
    /// `config` is JSON: `profiles` with `schedulerName`, `plugins` (name and weight by extension point, in order) and
    /// `args` by plugin; what is absent is upstream's default. ValueError if it makes no scheduler.
    #[new]
    #[pyo3(signature = (config=None, seed=0))]
    fn new(config: Option<&[u8]>, seed: u64) -> PyResult<Self> {
        let config: Config = match config {
            Some(bytes) => serde_json::from_slice(bytes)
                .map_err(|e| PyValueError::new_err(format!("scheduler configuration: {e}")))?,
            None => Config::default(),
        };
        let scheduler = Scheduler::new(&config, seed).map_err(malformed)?;
        Ok(Self(Mutex::new(scheduler)))
    }

    /// The plugins of the core, in upstream's default order.
    #[staticmethod]
    fn plugins() -> Vec<&'static str> {
        kfast_scheduler::framework::registered().collect()
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
        SchedulerError::Malformed { .. } | SchedulerError::Profile { .. } => {
            PyValueError::new_err(error.to_string())
        }
    }
}
