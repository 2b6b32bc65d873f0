//! Deciding, and what is still to be decided.

use super::{PyScheduler, seconds, time};
use kfast_scheduler::framework::{ObjectName, Task};
use kfast_scheduler::{Decision, Nominating, Outcome, PodRef};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The outcome of one scheduling cycle: `node` is set, or else `message` and `plugins`.
#[pyclass(frozen, get_all, name = "Decision", module = "kfast._native")]
pub struct PyDecision {
    namespace: String,
    name: String,
    uid: String,
    /// Its `schedulerName`.
    profile: String,
    /// Times it was tried, this one included, and when it was first.
    attempts: u32,
    first_tried: f64,
    node: Option<String>,
    message: String,
    plugins: Vec<&'static str>,
    /// The attempt ended in an error: the condition's reason is SchedulerError.
    failed: bool,
    /// What `status.nominatedNodeName` becomes; None: it stays as it is.
    nominated: Option<String>,
    /// Pods to delete for it, as (namespace, name, uid), the most important first.
    victims: Vec<Names>,
    /// Pods whose `status.nominatedNodeName` is to be cleared for it.
    withdrawn: Vec<Names>,
    /// What is to be done, in order, before the pod is bound.
    tasks: Vec<TaskTuple>,
}

/// One thing to do before a pod is bound: the kind, the names it is about, and seconds to wait at most.
/// `bindVolume` (volume, claim's namespace, claim's name), `selectNode` (claim's namespace and name), `awaitClaims`
/// (namespace and name of each claim).
type TaskTuple = (&'static str, Vec<String>, f64);

fn task(task: &Task) -> TaskTuple {
    let names = |(namespace, name): &ObjectName| [namespace.to_string(), name.to_string()];
    match task {
        Task::BindVolume { volume, claim } => {
            let names = [volume.to_string()].into_iter().chain(names(claim));
            ("bindVolume", names.collect(), 0.0)
        }
        Task::SelectNode { claim } => ("selectNode", names(claim).into(), 0.0),
        Task::AwaitClaims { claims, timeout } => {
            let names = claims.iter().flat_map(names).collect();
            ("awaitClaims", names, seconds(*timeout))
        }
    }
}

pub(super) type Names = (String, String, String);

pub(super) fn names(pods: Vec<PodRef>) -> Vec<Names> {
    let names = |p: PodRef| {
        (
            p.namespace.to_string(),
            p.name.to_string(),
            p.uid.to_string(),
        )
    };
    pods.into_iter().map(names).collect()
}

impl From<Decision> for PyDecision {
    fn from(decision: Decision) -> Self {
        let mut out = Self {
            namespace: decision.pod.namespace.to_string(),
            name: decision.pod.name.to_string(),
            uid: decision.pod.uid.to_string(),
            profile: decision.pod.scheduler_name.to_string(),
            attempts: decision.attempts,
            first_tried: seconds(decision.first_tried),
            node: None,
            message: String::new(),
            plugins: Vec::new(),
            failed: false,
            nominated: None,
            victims: Vec::new(),
            withdrawn: Vec::new(),
            tasks: decision.tasks.iter().map(task).collect(),
        };
        match decision.outcome {
            Outcome::Assumed(node) => out.node = Some(node.to_string()),
            Outcome::Failed { message } => (out.message, out.failed) = (message, true),
            Outcome::Unschedulable {
                message,
                plugins,
                nominating,
                preemption,
            } => {
                (out.message, out.plugins) = (message, plugins);
                out.nominated = match nominating {
                    Nominating::Keep => None,
                    Nominating::Clear => Some(String::new()),
                    Nominating::Node(node) => Some(node.to_string()),
                };
                if let Some(preemption) = preemption {
                    out.victims = names(preemption.victims);
                    out.withdrawn = names(preemption.withdrawn);
                }
            }
        }
        out
    }
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
            decisions.into_iter().map(PyDecision::from).collect()
        })
    }

    /// The victims of a pod's preemption were asked to go, or that `failed`: then it is tried again at once.
    #[pyo3(signature = (uid, now, failed=false))]
    fn preempted(&self, py: Python<'_>, uid: &str, now: f64, failed: bool) {
        py.detach(|| self.lock().preempted(uid, failed, time(now)));
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

    /// How often pods came into a queue: the queue (active, backoff, unschedulable), the event, the number.
    fn incoming(&self, py: Python<'_>) -> Vec<(&'static str, &'static str, u64)> {
        py.detach(|| self.lock().incoming().iter().collect())
    }

    /// Number of nodes, of pods on them, and of those whose binding is under way: nodes, pods, assumed_pods.
    fn cache_size<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (nodes, pods, assumed) = py.detach(|| {
            let scheduler = self.lock();
            let cache = scheduler.cache();
            let assumed = scheduler.pending().assumed;
            (cache.node_count(), cache.placed_count(), assumed)
        });
        let dict = PyDict::new(py);
        dict.set_item("nodes", nodes)?;
        dict.set_item("pods", pods)?;
        dict.set_item("assumed_pods", assumed)?;
        Ok(dict)
    }

    /// When `step` next has something to do without new objects; None: never.
    fn next_wakeup(&self, py: Python<'_>, now: f64) -> Option<f64> {
        py.detach(|| self.lock().next_wakeup(time(now)))
            .map(seconds)
    }
}
