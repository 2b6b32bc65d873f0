//! Deciding, and what is still to be decided.

use super::{PyScheduler, seconds, time};
use kfast_scheduler::Outcome;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The outcome of one scheduling cycle: `node` is set, or else `message` and `plugins`.
#[pyclass(frozen, get_all, name = "Decision", module = "kfast._native")]
pub struct PyDecision {
    namespace: String,
    name: String,
    uid: String,
    node: Option<String>,
    message: String,
    plugins: Vec<&'static str>,
}

#[pymethods]
impl PyDecision {
    fn __repr__(&self) -> String {
        let outcome = self.node.as_deref().unwrap_or(&self.message);
        format!("<Decision {}/{}: {outcome}>", self.namespace, self.name)
    }
}

#[pymethods]
impl PyScheduler {
    /// Takes back an assumed pod; it is retried after a backoff. Whether the pod was assumed.
    fn bind_failed(&self, py: Python<'_>, uid: &str, now: f64) -> bool {
        py.detach(|| self.lock().bind_failed(uid, time(now)))
    }

    /// Decides about up to `max` pods.
    fn step(&self, py: Python<'_>, now: f64, max: usize) -> Vec<PyDecision> {
        py.detach(|| {
            let decisions = self.lock().step(time(now), max);
            decisions
                .into_iter()
                .map(|d| {
                    let (node, message, plugins) = match d.outcome {
                        Outcome::Assumed(node) => {
                            (Some(node.to_string()), String::new(), Vec::new())
                        }
                        Outcome::Unschedulable { message, plugins } => (None, message, plugins),
                    };
                    PyDecision {
                        namespace: d.pod.namespace.to_string(),
                        name: d.pod.name.to_string(),
                        uid: d.pod.uid.to_string(),
                        node,
                        message,
                        plugins,
                    }
                })
                .collect()
        })
    }

    /// Number of pods by state: active, backoff, unschedulable, gated, assumed.
    fn pending<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counts = py.detach(|| self.lock().pending());
        let dict = PyDict::new(py);
        dict.set_item("active", counts.active)?;
        dict.set_item("backoff", counts.backoff)?;
        dict.set_item("unschedulable", counts.unschedulable)?;
        dict.set_item("gated", counts.gated)?;
        dict.set_item("assumed", counts.assumed)?;
        Ok(dict)
    }

    /// When `step` next has something to do without new objects; None: never.
    fn next_wakeup(&self, py: Python<'_>, now: f64) -> Option<f64> {
        py.detach(|| self.lock().next_wakeup(time(now)))
            .map(seconds)
    }
}
