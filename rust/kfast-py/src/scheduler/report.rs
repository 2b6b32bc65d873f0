//! The verdict of every plugin on every node, as Python data.

use super::explain::verdict;
use super::{PyScheduler, malformed};
use crate::json::value_to_py;
use crate::object::PyObjectHandle;
use kfast_scheduler::cache::Cache;
use kfast_scheduler::cycle::{Candidates, Evaluation};
use kfast_scheduler::{PodRef, PreemptionVerdict};
use pyo3::prelude::*;
use serde_json::{Map, Value, json};

#[pymethods]
impl PyScheduler {
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

    /// What preemption would do for a pod: None if it fits somewhere, else `node` (empty if it helps nowhere),
    /// `victims` as sorted namespace/name, and `message`.
    fn evaluate_preemption<'py>(
        &self,
        py: Python<'py>,
        pod: &PyObjectHandle,
    ) -> PyResult<Bound<'py, PyAny>> {
        let verdict = py.detach(|| self.lock().evaluate_preemption(&pod.0));
        let report = match verdict.map_err(malformed)? {
            PreemptionVerdict::NotNeeded => Value::Null,
            PreemptionVerdict::Hopeless(message) => {
                json!({"node": "", "victims": [], "message": message})
            }
            PreemptionVerdict::Helps(node, pods) => {
                let name = |p: &PodRef| format!("{}/{}", p.namespace, p.name);
                let mut victims: Vec<_> = pods.iter().map(name).collect();
                victims.sort();
                json!({"node": &*node, "victims": victims, "message": ""})
            }
        };
        value_to_py(py, &report)
    }
}

fn report(cache: &Cache, found: &Candidates, evaluation: &Evaluation) -> Value {
    let name = |row| cache.node(row).map_or("", |n| &*n.spec().name).to_owned();
    let mut filtered = Map::new();
    let pre_filter = match found {
        Candidates::Rejected(rejection) => verdict(cache, rejection),
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
        filtered.insert(name(*row), verdict(cache, rejection));
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
