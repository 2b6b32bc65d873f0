//! `Watch`: a cursor over events, as handles or as encoded lines.

use crate::object::PyObjectHandle;
use crate::store::store_error;
use kfast_store::{Delivery, EventKind, Watch};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// One revision is one write, so this names a line.
type FrameKey = (u64, EventKind);

type PyEvent<'py> = (Bound<'py, PyString>, PyObjectHandle, Option<PyObjectHandle>);

const FRAMES_KEPT: usize = 1024;

/// The watch lines that several cursors are about to hand out: one `bytes` for all.
#[derive(Default)]
pub struct FrameCache(Mutex<HashMap<FrameKey, Py<PyBytes>>>);

impl FrameCache {
    fn frame(&self, py: Python<'_>, delivery: &Delivery) -> Py<PyBytes> {
        let key = (delivery.event.revision, delivery.kind);
        if let Some(frame) = self.lock().get(&key) {
            return frame.clone_ref(py);
        }
        let frame = PyBytes::new(py, &delivery.frame()).unbind();
        // History and this delivery hold the event; anybody else is a cursor yet to hand it out.
        if Arc::strong_count(&delivery.event) > 2 {
            let mut frames = self.lock();
            let full = (frames.len() >= FRAMES_KEPT).then(|| std::mem::take(&mut *frames));
            frames.insert(key, frame.clone_ref(py));
            drop(frames);
            drop(full);
        }
        frame
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<FrameKey, Py<PyBytes>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A cursor over the events of one resource.
#[pyclass(frozen, name = "Watch", module = "kfast._native")]
pub struct PyWatch {
    watch: Watch,
    frames: Arc<FrameCache>,
}

impl PyWatch {
    /// Wraps a cursor of a store.
    pub fn new(watch: Watch, frames: Arc<FrameCache>) -> Self {
        Self { watch, frames }
    }
}

#[pymethods]
impl PyWatch {
    /// What `Store.ready` calls this watch.
    #[getter]
    fn id(&self) -> u64 {
        self.watch.id()
    }

    #[getter]
    fn revision(&self) -> u64 {
        self.watch.revision()
    }

    /// Up to `limit` events: (type, object, previous). StoreOperationError (compacted).
    #[pyo3(signature = (limit=1000))]
    fn events<'py>(&self, py: Python<'py>, limit: usize) -> PyResult<Vec<PyEvent<'py>>> {
        let deliveries = self.watch.drain(limit).map_err(store_error)?;
        let event = |d: &Delivery| {
            (
                PyString::intern(py, d.kind.as_str()),
                PyObjectHandle(d.object().clone()),
                d.previous().cloned().map(PyObjectHandle),
            )
        };
        Ok(deliveries.iter().map(event).collect())
    }

    /// Up to `limit` events as watch lines. StoreOperationError (compacted).
    #[pyo3(signature = (limit=1000))]
    fn frames(&self, py: Python<'_>, limit: usize) -> PyResult<Vec<Py<PyBytes>>> {
        let deliveries = self.watch.drain(limit).map_err(store_error)?;
        let frame = |d: &Delivery| self.frames.frame(py, d);
        Ok(deliveries.iter().map(frame).collect())
    }

    /// Asks to be named by `Store.ready` at the next event; False if there is no need to wait.
    fn arm(&self) -> bool {
        self.watch.arm()
    }

    fn close(&self) {
        self.watch.close();
    }
}
