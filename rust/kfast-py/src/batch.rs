//! Many writes at once: submitted without the GIL, completed as one.

use crate::object::PyObjectHandle;
use crate::store::store_error;
use kfast_core::Object;
use kfast_schema::binding::{Binding, Unbindable, bind};
use kfast_store::{Completion, Store, StoreError, Submitted, Ticket};
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// (namespace, name, body)
pub type NewObject = (PyBackedStr, PyBackedStr, PyBackedBytes);
/// (namespace, name, uid, node)
pub type NewBinding = (
    PyBackedStr,
    PyBackedStr,
    PyBackedStr,
    PyBackedStr,
    Vec<(PyBackedStr, PyBackedStr)>,
);

/// What became of one write of a batch; `Refused` is (why, detail).
#[derive(IntoPyObject)]
pub enum Item {
    /// `None` while it is pending.
    Done(Option<PyObjectHandle>),
    Failed(Py<PyAny>),
    Refused((&'static str, String)),
}

/// A write that was pending, or the pending writes of a batch.
#[derive(IntoPyObject)]
pub enum Completed {
    One(Item),
    Many(Vec<Item>),
}

/// Why a binding was not made.
pub enum Refusal {
    Store(StoreError),
    Pod(Unbindable),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// How many writes the batch of a first ticket has.
#[derive(Default)]
pub struct Batches(Mutex<HashMap<Ticket, usize>>);

impl Batches {
    /// Submits a batch: its first ticket, 0 if nothing is pending, and what is known by now.
    fn submit<E>(
        &self,
        submit: impl FnOnce() -> Vec<Result<Submitted, E>>,
    ) -> (Ticket, Vec<Result<Submitted, E>>) {
        // Held until the batch is known: its completion may be asked for from another thread.
        let mut batches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let written = submit();
        let ticket = |w: &Result<Submitted, E>| match w {
            Ok(Submitted::Pending(ticket)) => Some(*ticket),
            _ => None,
        };
        let count = written.iter().filter_map(ticket).count();
        let first = written.iter().find_map(ticket).unwrap_or(0);
        if count > 0 {
            batches.insert(first, count);
        }
        (first, written)
    }

    /// Creates objects of one resource.
    pub fn create(
        &self,
        py: Python<'_>,
        store: &Store,
        resource: &str,
        objects: &[NewObject],
    ) -> (Ticket, Vec<Item>) {
        let keys = objects.iter().map(|(ns, name, _)| (&**ns, &**name));
        let (first, written) = py.detach(|| {
            self.submit(|| store.create_many(resource, keys, |number| &objects[number].2))
        });
        let item =
            |outcome: Result<Submitted, StoreError>| item(py, outcome.map_err(Refusal::Store));
        (first, written.into_iter().map(item).collect())
    }

    /// Binds pods to nodes.
    pub fn bind(
        &self,
        py: Python<'_>,
        store: &Store,
        bindings: &[NewBinding],
        now: &str,
    ) -> (Ticket, Vec<Item>) {
        let keys = bindings.iter().map(|(ns, name, ..)| (&**ns, &**name));
        let plan = |number: usize, current: Option<&Object>, revision| {
            let (ns, name, uid, node, labels) = &bindings[number];
            let absent = || StoreError::Absent(format!("pods {ns}/{name}"));
            let pod = current.ok_or_else(absent)?;
            let labels: Vec<(&str, &str)> = labels.iter().map(|(k, v)| (&**k, &**v)).collect();
            let binding = Binding {
                uid,
                node,
                labels: &labels,
            };
            let bound = bind(pod, binding, now, revision);
            bound.map(Some).map_err(Refusal::Pod)
        };
        let (first, written) = py.detach(|| self.submit(|| store.submit("pods", keys, plan)));
        (first, written.into_iter().map(|w| item(py, w)).collect())
    }

    /// What completed, batches as one.
    pub fn completions(&self, py: Python<'_>, store: &Store) -> Vec<(Ticket, Completed)> {
        let mut batches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = store.completions().into_iter();
        let done =
            |done: Completion| item(py, done.result.map(Submitted::Done).map_err(Refusal::Store));
        let mut completed = Vec::with_capacity(found.len());
        while let Some(next) = found.next() {
            let ticket = next.ticket;
            let first = done(next);
            completed.push(match batches.remove(&ticket) {
                None => (ticket, Completed::One(first)),
                Some(count) => {
                    let rest = found.by_ref().take(count - 1).map(done);
                    let all = std::iter::once(first).chain(rest).collect();
                    (ticket, Completed::Many(all))
                }
            });
        }
        completed
    }
}

fn item(py: Python<'_>, outcome: Result<Submitted, Refusal>) -> Item {
    match outcome {
        Ok(Submitted::Done(object)) => Item::Done(Some(PyObjectHandle(object))),
        Ok(Submitted::Pending(_)) => Item::Done(None),
        Err(Refusal::Store(error)) => Item::Failed(store_error(error).into_value(py).into_any()),
        Err(Refusal::Pod(why)) => Item::Refused(match why {
            Unbindable::Other(uid) => ("other", uid),
            Unbindable::Deleting => ("deleting", String::new()),
            Unbindable::Assigned(node) => ("assigned", node),
            Unbindable::Gated => ("gated", String::new()),
        }),
    }
}
