//! `Scheduler`: the scheduler core behind one lock; objects in, decisions out.

use crate::object::{PyObjectHandle, value_to_py};
use kfast_scheduler::cache::Cache;
use kfast_scheduler::cycle::{Candidates, Evaluation};
use kfast_scheduler::framework::Rejection;
use kfast_scheduler::queue::{SECOND, Time};
use kfast_scheduler::{Outcome, Scheduler, SchedulerError};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::{Map, Value, json};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Adds the classes to the module.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyScheduler>()?;
    m.add_class::<PyDecision>()
}

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

    /// Adds or replaces a node. ValueError if it is malformed.
    fn set_node(&self, py: Python<'_>, node: &PyObjectHandle, now: f64) -> PyResult<()> {
        py.detach(|| self.lock().set_node(&node.0, time(now)))
            .map_err(malformed)
    }

    fn remove_node(&self, py: Python<'_>, name: &str) {
        py.detach(|| self.lock().remove_node(name));
    }

    /// Adds or replaces a pod, pending or assigned. Whether a gate holds it back. ValueError if it is malformed.
    fn set_pod(&self, py: Python<'_>, pod: &PyObjectHandle, now: f64) -> PyResult<bool> {
        py.detach(|| self.lock().set_pod(&pod.0, time(now)))
            .map_err(malformed)
    }

    fn remove_pod(&self, py: Python<'_>, uid: &str, now: f64) {
        py.detach(|| self.lock().remove_pod(uid, time(now)));
    }

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
    #[allow(clippy::cast_precision_loss)]
    fn next_wakeup(&self, py: Python<'_>, now: f64) -> Option<f64> {
        py.detach(|| self.lock().next_wakeup(time(now)))
            .map(|t| t as f64 / SECOND as f64)
    }

    /// Every plugin's verdict on every node for a pod: `preFilter`, `filtered` (node -> code, plugin,
    /// reasons), `feasible`, `scores` (node -> plugin -> weighted score), `totals` and `best`.
    fn evaluate<'py>(&self, py: Python<'py>, pod: &PyObjectHandle) -> PyResult<Bound<'py, PyAny>> {
        let report = py.detach(|| {
            let mut scheduler = self.lock();
            let (found, evaluation) = scheduler.evaluate(&pod.0)?;
            Ok(report(scheduler.cache(), &found, &evaluation))
        });
        value_to_py(py, &report.map_err(malformed)?)
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

fn malformed(error: SchedulerError) -> PyErr {
    match error {
        SchedulerError::Malformed { .. } => PyValueError::new_err(error.to_string()),
    }
}

fn report(cache: &Cache, found: &Candidates, evaluation: &Evaluation) -> Value {
    let name = |row| cache.node(row).map_or("", |n| &*n.spec().name).to_owned();
    let texts =
        |r: &Rejection| -> Vec<_> { r.reasons.iter().map(|x| x.text(&cache.resources)).collect() };
    let verdict =
        |r: &Rejection| json!({"code": r.code.name(), "plugin": r.plugin, "reasons": texts(r)});
    let mut filtered = Map::new();
    let pre_filter = match found {
        Candidates::Rejected(rejection) => verdict(rejection),
        Candidates::All => Value::Null,
        Candidates::Some(rows, outside) => {
            for (row, _) in cache.nodes().filter(|(row, _)| !rows.contains(row)) {
                let verdict = json!({"code": outside.code.name(), "plugin": "PreFilterResult", "reasons": []});
                filtered.insert(name(row), verdict);
            }
            Value::Null
        }
    };
    for (row, rejection) in &evaluation.rejected {
        filtered.insert(name(*row), verdict(rejection));
    }
    let (mut scores, mut totals) = (Map::new(), Map::new());
    for (at, &row) in evaluation.feasible.iter().enumerate() {
        let by_plugin = evaluation.scores.iter();
        let by_plugin: Map<_, _> = by_plugin
            .map(|s| (s.plugin.to_owned(), json!(s.normalized[at] * s.weight)))
            .collect();
        scores.insert(name(row), by_plugin.into());
        totals.insert(name(row), evaluation.totals[at].into());
    }
    let names = |rows: &[u32]| rows.iter().map(|&row| name(row)).collect::<Vec<_>>();
    json!({
        "preFilter": pre_filter,
        "filtered": filtered,
        "feasible": names(&evaluation.feasible),
        "scores": scores,
        "totals": totals,
        "best": names(&evaluation.best()),
    })
}
