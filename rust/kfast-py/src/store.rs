//! `Store` and its `Page`: what `kfast.store.embedded` wraps.

use crate::batch::{Batches, Completed, Item, NewBinding, NewObject};
use crate::errors::CoreError;
use crate::object::PyObjectHandle;
use crate::selector::{PyFieldSelector, PyLabelSelector};
use crate::watch::{FrameCache, PyWatch};
use kfast_core::Object;
use kfast_selector::{FieldSelector, LabelSelector};
use kfast_store::durable::SqliteLog;
use kfast_store::{
    Field, Limits, ListOptions, Page, Store, StoreError, Submitted, WatchOptions, Write,
};
use pyo3::create_exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::path::PathBuf;
use std::sync::Arc;

create_exception!(
    kfast._native,
    StoreOperationError,
    CoreError,
    "A store operation was refused: args are (kind, message, detail). Kinds: already_exists, absent, \
     modified (detail: the current Object), compacted (detail: the oldest revision), unavailable."
);

/// Adds the classes.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add(
        "StoreOperationError",
        m.py().get_type::<StoreOperationError>(),
    )?;
    m.add_class::<PyStore>()?;
    m.add_class::<PyPage>()?;
    m.add_class::<PyWatch>()
}

/// The exception of a refused operation.
pub fn store_error(error: StoreError) -> PyErr {
    let message = error.to_string();
    match error {
        StoreError::AlreadyExists(_) => failed("already_exists", message, None),
        StoreError::Absent(_) => failed("absent", message, None),
        StoreError::Modified { current, .. } => failed("modified", message, Some(current)),
        StoreError::Unavailable(_) => failed("unavailable", message, None),
        StoreError::Compacted { compacted, .. } => {
            StoreOperationError::new_err(("compacted", message, compacted))
        }
        StoreError::Future { .. } | StoreError::UnknownField(_) | StoreError::Malformed(_) => {
            PyValueError::new_err(message)
        }
    }
}

fn failed(kind: &'static str, message: String, current: Option<Object>) -> PyErr {
    StoreOperationError::new_err((kind, message, current.map(PyObjectHandle)))
}

/// The outcome of a write, or the ticket `completions` will name.
#[derive(IntoPyObject)]
enum Outcome {
    Done(PyObjectHandle),
    Pending(u64),
}

/// Objects by (resource, namespace, name) under one revision counter; in memory, or in the SQLite file `path`.
#[pyclass(frozen, name = "Store", module = "kfast._native")]
pub struct PyStore {
    store: Store,
    frames: Arc<FrameCache>,
    batches: Batches,
}

impl PyStore {
    fn write(&self, resource: &str, ns: &str, name: &str, write: Write<'_>) -> PyResult<Outcome> {
        match self.store.write(resource, ns, name, write) {
            Ok(Submitted::Done(object)) => Ok(Outcome::Done(PyObjectHandle(object))),
            Ok(Submitted::Pending(ticket)) => Ok(Outcome::Pending(ticket)),
            Err(error) => Err(store_error(error)),
        }
    }
}

#[pymethods]
impl PyStore {
    #[new]
    #[pyo3(signature = (path=None, history_events=None, history_bytes=None))]
    fn new(
        py: Python<'_>,
        path: Option<PathBuf>,
        history_events: Option<usize>,
        history_bytes: Option<usize>,
    ) -> PyResult<Self> {
        let default = Limits::default();
        let limits = Limits {
            events: history_events.unwrap_or(default.events),
            bytes: history_bytes.unwrap_or(default.bytes),
        };
        let open = || match path {
            None => Store::memory(limits),
            Some(path) => {
                let log =
                    SqliteLog::open(path).map_err(|e| StoreError::Unavailable(e.to_string()))?;
                Store::open(Box::new(log), limits)
            }
        };
        Ok(Self {
            store: py.detach(open).map_err(store_error)?,
            frames: Arc::default(),
            batches: Batches::default(),
        })
    }

    /// Declares a resource and its selectable fields (label, dotted path, default).
    fn register(&self, py: Python<'_>, resource: &str, fields: Vec<(String, String, String)>) {
        let fields: Vec<Field> = fields
            .into_iter()
            .map(|(label, path, default)| Field {
                label: label.into(),
                path: path.into(),
                default: default.into(),
            })
            .collect();
        py.detach(|| self.store.register(resource, &fields));
    }

    #[getter]
    fn revision(&self) -> u64 {
        self.store.revision()
    }

    #[getter]
    fn compacted(&self) -> u64 {
        self.store.compacted()
    }

    /// The newest committed version, None if there is none.
    fn get(&self, resource: &str, namespace: &str, name: &str) -> Option<PyObjectHandle> {
        self.store
            .get(resource, namespace, name)
            .map(PyObjectHandle)
    }

    /// Reads one page. StoreOperationError (compacted), ValueError (future revision, unknown field).
    #[pyo3(signature = (resource, namespace, labels, fields, limit, start, revision))]
    #[allow(clippy::too_many_arguments)]
    fn list(
        &self,
        py: Python<'_>,
        resource: &str,
        namespace: Option<&str>,
        labels: Option<&Bound<'_, PyLabelSelector>>,
        fields: Option<&Bound<'_, PyFieldSelector>>,
        limit: usize,
        start: &str,
        revision: u64,
    ) -> PyResult<PyPage> {
        let options = ListOptions {
            namespace: namespace.map(Into::into),
            labels: label_selector(labels),
            fields: field_selector(fields),
            limit,
            start: start.into(),
            revision,
        };
        py.detach(|| self.store.list(resource, &options))
            .map(PyPage)
            .map_err(store_error)
    }

    /// Opens a cursor. StoreOperationError (compacted), ValueError (unknown field).
    #[pyo3(signature = (resource, namespace, labels, fields, since))]
    fn watch(
        &self,
        py: Python<'_>,
        resource: &str,
        namespace: Option<&str>,
        labels: Option<&Bound<'_, PyLabelSelector>>,
        fields: Option<&Bound<'_, PyFieldSelector>>,
        since: u64,
    ) -> PyResult<PyWatch> {
        let options = WatchOptions {
            namespace: namespace.map(Into::into),
            labels: label_selector(labels),
            fields: field_selector(fields),
            since,
        };
        py.detach(|| self.store.watch(resource, &options))
            .map(|watch| PyWatch::new(watch, self.frames.clone()))
            .map_err(store_error)
    }

    fn create(&self, resource: &str, ns: &str, name: &str, body: &[u8]) -> PyResult<Outcome> {
        self.write(resource, ns, name, Write::Create(body))
    }

    fn update(
        &self,
        resource: &str,
        ns: &str,
        name: &str,
        body: &[u8],
        expected: u64,
    ) -> PyResult<Outcome> {
        self.write(resource, ns, name, Write::Update(body, expected))
    }

    fn delete(&self, resource: &str, ns: &str, name: &str, expected: u64) -> PyResult<Outcome> {
        self.write(resource, ns, name, Write::Delete(expected))
    }

    /// Creates (namespace, name, body): the ticket of the batch, 0 if nothing is pending, and the outcomes in
    /// order, None of pending ones.
    fn create_many(
        &self,
        py: Python<'_>,
        resource: &str,
        objects: Vec<NewObject>,
    ) -> (u64, Vec<Item>) {
        self.batches.create(py, &self.store, resource, &objects)
    }

    /// Binds pods, (namespace, name, uid or "", node), at the time `now`. As `create_many`; (why, detail) of a pod that
    /// cannot be bound: other (its uid), deleting, assigned (its node), gated.
    fn bind_many(&self, py: Python<'_>, bindings: Vec<NewBinding>, now: &str) -> (u64, Vec<Item>) {
        self.batches.bind(py, &self.store, &bindings, now)
    }

    fn compact(&self, py: Python<'_>, revision: u64) {
        py.detach(|| self.store.compact(revision));
    }

    /// Readable while `ready`, `completions` or a revision asked for is worth a look.
    fn fileno(&self) -> i32 {
        self.store.signal_fd()
    }

    /// Makes the descriptor quiet; to be called before looking.
    fn quiet(&self) {
        self.store.quiet();
    }

    /// Ids of the armed watches that have something to hand out.
    fn ready(&self) -> Vec<u64> {
        self.store.ready()
    }

    /// (ticket, outcome) of pending writes in order of submission; of a batch (first ticket, outcomes).
    fn completions(&self, py: Python<'_>) -> Vec<(u64, Completed)> {
        self.batches.completions(py, &self.store)
    }

    /// Makes the descriptor readable once `revision` is committed; the lowest asked for counts.
    fn signal_at(&self, revision: u64) {
        self.store.signal_at(revision);
    }

    /// Writes out what is pending; reads go on, writes are refused.
    fn close(&self, py: Python<'_>) {
        py.detach(|| self.store.close());
    }
}

fn label_selector(selector: Option<&Bound<'_, PyLabelSelector>>) -> LabelSelector {
    selector.map_or_else(LabelSelector::everything, |s| s.get().0.clone())
}

fn field_selector(selector: Option<&Bound<'_, PyFieldSelector>>) -> FieldSelector {
    selector.map_or_else(FieldSelector::default, |s| s.get().0.clone())
}

const NOTHING: &[u8] = b"";

/// One page of a list.
#[pyclass(frozen, name = "Page", module = "kfast._native")]
pub struct PyPage(Page);

#[pymethods]
impl PyPage {
    #[getter]
    fn revision(&self) -> u64 {
        self.0.revision
    }

    /// A new list of handles.
    #[getter]
    fn objects(&self) -> Vec<PyObjectHandle> {
        self.0.objects.iter().cloned().map(PyObjectHandle).collect()
    }

    #[getter]
    fn next_start(&self) -> Option<&str> {
        self.0.next_start.as_deref()
    }

    #[getter]
    fn remaining(&self) -> Option<usize> {
        self.0.remaining
    }

    fn __len__(&self) -> usize {
        self.0.objects.len()
    }

    /// The items joined by commas, between `head` and `tail`; without apiVersion and kind unless `with_type`.
    #[pyo3(signature = (with_type=false, head=NOTHING, tail=NOTHING))]
    fn items_json<'py>(
        &self,
        py: Python<'py>,
        with_type: bool,
        head: &[u8],
        tail: &[u8],
    ) -> PyResult<Bound<'py, PyBytes>> {
        let items = self.0.items_len(with_type);
        PyBytes::new_with(py, head.len() + items + tail.len(), |out| {
            py.detach(|| {
                out[..head.len()].copy_from_slice(head);
                let (middle, end) = out[head.len()..].split_at_mut(items);
                self.0.write_items(with_type, middle);
                end.copy_from_slice(tail);
            });
            Ok(())
        })
    }
}
