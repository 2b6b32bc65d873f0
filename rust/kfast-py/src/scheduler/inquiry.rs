//! Questions of the core to plugins outside it, and the columns these answer from. Columns are native-endian
//! numbers, one per node in the order of `node_names`.

use super::decisions::{Names, names};
use super::{PyScheduler, time};
use kfast_scheduler::cache::NodeView;
use kfast_scheduler::framework::Code;
use kfast_scheduler::{Answer, Proposal};
use pyo3::exceptions::{PyKeyError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::collections::HashMap;

/// What is asked before a pod can be decided about. `feasible` names the nodes left so far, where that matters;
/// `candidates` are those of preemption, to be answered by `propose` or `propose_nothing`.
#[pyclass(frozen, get_all, name = "Inquiry", module = "kfast._native")]
pub struct PyInquiry {
    namespace: String,
    name: String,
    uid: String,
    profile: String,
    plugins: Vec<&'static str>,
    feasible: Option<Vec<String>>,
    candidates: Option<Vec<Candidate>>,
}

/// A node, how many of the victims there budgets protect, and the uids of the victims.
type Candidate = (String, u32, Vec<String>);

fn candidate(proposal: &Proposal) -> Candidate {
    let victims = proposal.victims.iter().map(ToString::to_string);
    (
        proposal.node.to_string(),
        proposal.violations,
        victims.collect(),
    )
}

fn proposal((node, violations, victims): Candidate) -> Proposal {
    Proposal {
        node: node.into(),
        violations,
        victims: victims.into_iter().map(Into::into).collect(),
    }
}

#[pymethods]
impl PyScheduler {
    /// What the last `step` stopped for.
    fn inquiry(&self, py: Python<'_>) -> Option<PyInquiry> {
        py.detach(|| {
            let scheduler = self.lock();
            let inquiry = scheduler.inquiry()?;
            let nodes = inquiry.feasible.as_ref();
            Some(PyInquiry {
                namespace: inquiry.pod.namespace.to_string(),
                name: inquiry.pod.name.to_string(),
                uid: inquiry.pod.uid.to_string(),
                profile: inquiry.pod.scheduler_name.to_string(),
                plugins: inquiry.plugins.clone(),
                feasible: nodes.map(|n| n.iter().map(ToString::to_string).collect()),
                candidates: inquiry
                    .candidates
                    .as_ref()
                    .map(|found| found.iter().map(candidate).collect()),
            })
        })
    }

    /// A plugin's answer. `filtered` holds 32-bit numbers: 0 passes, n is rejected for `reasons[n - 1]`, a text and
    /// whether other pods' leaving cannot help; `scores` holds 64-bit numbers. Either may be empty. ValueError if a
    /// column does not have one value per node.
    fn answer(
        &self,
        py: Python<'_>,
        plugin: &str,
        filtered: &[u8],
        reasons: Vec<(String, bool)>,
        scores: &[u8],
    ) -> PyResult<()> {
        let (filters, rest) = filtered.as_chunks::<4>();
        let (values, tail) = scores.as_chunks::<8>();
        if !rest.is_empty() || !tail.is_empty() {
            return Err(PyValueError::new_err("a column of the wrong width"));
        }
        let answer = Answer {
            filtered: filters.iter().map(|b| u32::from_ne_bytes(*b)).collect(),
            reasons: reasons.into_iter().map(reason).collect(),
            scores: values.iter().map(|b| i64::from_ne_bytes(*b)).collect(),
        };
        py.detach(|| self.lock().answer(plugin, answer))
            .map_err(PyValueError::new_err)
    }

    /// What is left of the candidates of a pod's preemption.
    fn propose(&self, py: Python<'_>, uid: &str, candidates: Vec<Candidate>) {
        let left = candidates.into_iter().map(proposal).collect();
        py.detach(|| self.lock().propose(uid, Ok(left)));
    }

    /// Why no candidate of a pod's preemption is left.
    fn propose_nothing(&self, py: Python<'_>, uid: &str, error: String) {
        py.detach(|| self.lock().propose(uid, Err(error)));
    }

    /// The pods counted on a node as (namespace, name, uid); None if there is no such node.
    fn pods_on(&self, py: Python<'_>, node: &str) -> Option<Vec<Names>> {
        py.detach(|| self.lock().pods_on(node).map(names))
    }

    /// Gives up an attempt whose inquiry ended in an error; retried after a backoff. Whether the pod still waited.
    fn attempt_failed(&self, py: Python<'_>, uid: &str, now: f64) -> bool {
        py.detach(|| self.lock().attempt_failed(uid, time(now)))
    }

    /// A plugin outside the core rejected an assumed pod, which now waits for an event. Whether the pod was assumed.
    fn rejected(&self, py: Python<'_>, uid: &str, plugin: &str, now: f64) -> bool {
        py.detach(|| self.lock().rejected(uid, plugin, time(now)))
    }

    /// Asks a plugin again about everything.
    fn invalidate(&self, py: Python<'_>, plugin: &str) {
        py.detach(|| self.lock().invalidate(plugin));
    }

    fn node_names(&self, py: Python<'_>) -> Vec<String> {
        py.detach(|| {
            let scheduler = self.lock();
            let nodes = scheduler.cache().nodes();
            nodes
                .map(|(_, node)| node.spec().name.to_string())
                .collect()
        })
    }

    /// The names of all resources any node or pod named.
    fn node_resources(&self, py: Python<'_>) -> Vec<String> {
        py.detach(|| {
            let scheduler = self.lock();
            let names = scheduler.cache().resources.iter();
            names.map(str::to_owned).collect()
        })
    }

    /// 64-bit numbers: `allocatable` or `requested` of a resource (cpu in thousandths), `pods`, `allowed_pods`.
    /// KeyError for any other column.
    #[pyo3(signature = (column, resource=""))]
    fn node_column<'py>(
        &self,
        py: Python<'py>,
        column: &str,
        resource: &str,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let column: fn(NodeView<'_>, Option<u16>) -> i64 = match column {
            "allocatable" => |node, id| id.map_or(0, |id| node.allocatable(id)),
            "requested" => |node, id| id.map_or(0, |id| node.requested(id)),
            "pods" => |node, _| node.pods(),
            "allowed_pods" => |node, _| node.allowed_pods(),
            other => return Err(PyKeyError::new_err(other.to_owned())),
        };
        let bytes: Vec<u8> = py.detach(|| {
            let scheduler = self.lock();
            let cache = scheduler.cache();
            let id = cache.resources.find(resource);
            let values = cache.nodes().map(|(_, node)| column(node, id));
            values.flat_map(i64::to_ne_bytes).collect()
        });
        Ok(PyBytes::new(py, &bytes))
    }

    /// A label of all nodes: 32-bit codes, and the values they stand for; -1 where a node has no such label.
    fn node_labels<'py>(&self, py: Python<'py>, key: &str) -> (Bound<'py, PyBytes>, Vec<String>) {
        let (codes, values) = py.detach(|| {
            let scheduler = self.lock();
            let (mut codes, mut values) = (Vec::new(), Vec::new());
            let mut known: HashMap<&str, i32> = HashMap::new();
            for (_, node) in scheduler.cache().nodes() {
                let code = node.spec().label(key).map_or(-1, |value| {
                    *known.entry(value).or_insert_with(|| {
                        values.push(value.to_owned());
                        i32::try_from(values.len() - 1).unwrap_or(i32::MAX)
                    })
                });
                codes.extend(code.to_ne_bytes());
            }
            (codes, values)
        });
        (PyBytes::new(py, &codes), values)
    }
}

fn reason((text, unresolvable): (String, bool)) -> (Code, Box<str>) {
    let code = if unresolvable {
        Code::UnschedulableAndUnresolvable
    } else {
        Code::Unschedulable
    };
    (code, text.into())
}
