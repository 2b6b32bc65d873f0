//! Objects of the cluster, as the scheduler is told of them. One pair of methods for each kind.

use super::{PyScheduler, malformed, time};
use crate::object::PyObjectHandle;
use kfast_scheduler::cache::volumes::VolumesBound;
use kfast_scheduler::model::OwnerKind;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

#[pymethods]
impl PyScheduler {
    /// Adds or replaces a node. ValueError if it is malformed.
    fn set_node(&self, py: Python<'_>, node: &PyObjectHandle, now: f64) -> PyResult<()> {
        py.detach(|| self.lock().set_node(&node.0, time(now)))
            .map_err(malformed)
    }

    fn remove_node(&self, py: Python<'_>, name: &str) {
        py.detach(|| self.lock().remove_node(name));
    }

    /// Adds or replaces a namespace: affinity terms select namespaces by their labels.
    fn set_namespace(&self, py: Python<'_>, namespace: &PyObjectHandle, _now: f64) {
        py.detach(|| self.lock().set_namespace(&namespace.0));
    }

    fn remove_namespace(&self, py: Python<'_>, name: &str) {
        py.detach(|| self.lock().remove_namespace(name));
    }

    /// Adds or replaces a Service. ValueError if it is malformed.
    fn set_service(&self, py: Python<'_>, service: &PyObjectHandle, _now: f64) -> PyResult<()> {
        py.detach(|| self.lock().set_service(&service.0))
            .map_err(malformed)
    }

    fn remove_service(&self, py: Python<'_>, namespace: &str, name: &str) {
        py.detach(|| self.lock().remove_service(namespace, name));
    }

    /// Adds or replaces a ReplicationController, ReplicaSet or StatefulSet. ValueError if it is malformed or none of
    /// these.
    fn set_owner(&self, py: Python<'_>, owner: &PyObjectHandle, _now: f64) -> PyResult<()> {
        let kind = owner_kind(owner)?;
        py.detach(|| self.lock().set_owner(kind, &owner.0))
            .map_err(malformed)
    }

    fn remove_owner(&self, py: Python<'_>, owner: &PyObjectHandle) -> PyResult<()> {
        let kind = owner_kind(owner)?;
        let (namespace, name) = (owner.0.namespace(), owner.0.name());
        py.detach(|| self.lock().remove_owner(kind, namespace, name));
        Ok(())
    }

    /// Adds or replaces a PersistentVolume, PersistentVolumeClaim, StorageClass, CSINode, CSIDriver,
    /// CSIStorageCapacity or VolumeAttachment. ValueError if it is malformed.
    fn set_storage(&self, py: Python<'_>, object: &PyObjectHandle, now: f64) -> PyResult<()> {
        py.detach(|| self.lock().set_storage(&object.0, time(now)))
            .map_err(malformed)
    }

    fn remove_storage(&self, py: Python<'_>, object: &PyObjectHandle, now: f64) {
        py.detach(|| self.lock().remove_storage(&object.0, time(now)));
    }

    /// Whether all claims of an assumed pod are bound by now. ValueError if that came to nothing.
    fn volumes_bound(&self, py: Python<'_>, uid: &str) -> PyResult<bool> {
        match py.detach(|| self.lock().volumes_bound(uid)) {
            VolumesBound::Yes => Ok(true),
            VolumesBound::NotYet => Ok(false),
            VolumesBound::Failed(text) => Err(PyValueError::new_err(text)),
        }
    }

    /// Adds or replaces a pod, pending or assigned. Plugins outside the core tell pods of unequal `sign` apart.
    /// Whether a gate holds it back. ValueError if it is malformed.
    #[pyo3(signature = (pod, now, sign=""))]
    fn set_pod(
        &self,
        py: Python<'_>,
        pod: &PyObjectHandle,
        now: f64,
        sign: &str,
    ) -> PyResult<bool> {
        py.detach(|| self.lock().set_signed_pod(&pod.0, sign, time(now)))
            .map_err(malformed)
    }

    fn remove_pod(&self, py: Python<'_>, uid: &str, now: f64) {
        py.detach(|| self.lock().remove_pod(uid, time(now)));
    }

    /// Adds or replaces a PodDisruptionBudget. ValueError if it is malformed.
    fn set_pdb(&self, py: Python<'_>, budget: &PyObjectHandle) -> PyResult<()> {
        py.detach(|| self.lock().set_pdb(&budget.0))
            .map_err(malformed)
    }

    fn remove_pdb(&self, py: Python<'_>, namespace: &str, name: &str) {
        py.detach(|| self.lock().remove_pdb(namespace, name));
    }
}

fn owner_kind(owner: &PyObjectHandle) -> PyResult<OwnerKind> {
    let (version, kind) = (owner.0.api_version(), owner.0.kind());
    OwnerKind::of(version, kind).ok_or_else(|| {
        PyValueError::new_err(format!(
            "{version} {kind} owns no pods the scheduler knows of"
        ))
    })
}
