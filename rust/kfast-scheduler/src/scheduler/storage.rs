//! What the cluster tells the scheduler of storage.

use super::Scheduler;
use crate::SchedulerError;
use crate::cache::volumes::{Volumes, VolumesBound};
use crate::framework::{Events, Happened};
use crate::model::volumes::{
    Claim, ClaimId, CsiDriver, CsiNode, CsiStorageCapacity, PersistentVolume, StorageClass,
    VolumeAttachment,
};
use crate::queue::{Place, Time};
use kfast_core::Object;
use std::sync::Arc;

impl Scheduler {
    /// Adds or replaces a PersistentVolumeClaim, PersistentVolume, StorageClass, CSINode, CSIDriver,
    /// CSIStorageCapacity or VolumeAttachment. Objects of other kinds are ignored.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn set_storage(&mut self, object: &Object, now: Time) -> Result<(), SchedulerError> {
        let name = object.name();
        let event = match object.kind() {
            "PersistentVolumeClaim" => {
                let claim = Claim::read(object)?;
                let (id, events) = self.cache.change_volumes(|v| v.set_claim(claim));
                self.tell_users(id, events, now);
                return Ok(());
            }
            "PersistentVolume" => {
                let volume = PersistentVolume::read(object)?;
                self.change(|v| v.set_volume(volume))
            }
            "StorageClass" => {
                let class = StorageClass::read(object)?;
                self.change(|v| v.set_class(class))
            }
            "CSINode" => {
                let csi = CsiNode::read(object)?;
                self.change(|v| v.set_csi_node(name, csi))
            }
            "CSIDriver" => {
                let driver = CsiDriver::read(object)?;
                let event = self.change(|v| v.set_driver(name, driver));
                about_driver(event, name)
            }
            "CSIStorageCapacity" => {
                let capacity = CsiStorageCapacity::read(object)?;
                self.change(|v| v.set_capacity(object.namespace(), name, capacity))
            }
            "VolumeAttachment" => {
                let attachment = VolumeAttachment::read(object)?;
                self.cache
                    .change_volumes(|v| v.set_attachment(name, attachment));
                return Ok(());
            }
            _ => return Ok(()),
        };
        self.react(&event, now);
        Ok(())
    }

    /// Removes an object of one of these kinds.
    pub fn remove_storage(&mut self, object: &Object, now: Time) {
        let (namespace, name) = (object.namespace(), object.name());
        match object.kind() {
            "VolumeAttachment" => {
                let driver = self.cache.change_volumes(|v| v.remove_attachment(name));
                let event = Happened::of(Events::DETACH);
                self.react(&about_driver(event, &driver.unwrap_or_default()), now);
            }
            kind => self.cache.change_volumes(|v| match kind {
                "PersistentVolumeClaim" => v.remove_claim(namespace, name),
                "PersistentVolume" => v.remove_volume(name),
                "StorageClass" => v.remove_class(name),
                "CSINode" => v.remove_csi_node(name),
                "CSIDriver" => v.remove_driver(name),
                "CSIStorageCapacity" => v.remove_capacity(namespace, name),
                _ => {}
            }),
        }
    }

    /// How far the binding of an assumed pod's claims is, by what was read since.
    #[must_use]
    pub fn volumes_bound(&self, uid: &str) -> VolumesBound {
        let volumes = self.cache.volumes();
        let binding = volumes.binding(uid);
        let row = binding.and_then(|b| self.cache.index(&b.node));
        let node = row.and_then(|row| self.cache.node(row));
        let migrated = row.map_or(&[][..], |row| volumes.row(row).migrated());
        volumes.bound(uid, node.map(|n| n.spec()), migrated)
    }

    /// Forgets a pod's volumes, and tells pods that use its claims.
    pub(super) fn forget_volumes(&mut self, uid: &str, now: Time) {
        let claims: Vec<ClaimId> = self.cache.volumes().claims_of(uid).collect();
        self.cache.change_volumes(|v| v.forget(uid));
        for id in claims {
            self.tell_users(id, Events::CLAIM_FREE, now);
        }
    }

    fn change(&mut self, change: impl FnOnce(&mut Volumes) -> Events) -> Happened {
        Happened::of(self.cache.change_volumes(change))
    }

    /// Lets the pods that use a claim know what happened to it.
    fn tell_users(&mut self, id: ClaimId, events: Events, now: Time) {
        if events == Events::NONE {
            return;
        }
        let users: Vec<Arc<str>> = self.cache.volumes().users(id).cloned().collect();
        for uid in users {
            let event = Happened {
                only: Some(Arc::clone(&uid)),
                ..Happened::of(events)
            };
            self.queue.record(&event);
            let place = self.queue.get(&uid).map(|entry| entry.place);
            if let Some(place @ Place::Unschedulable(..)) = place {
                self.requeue_one(&uid, place, &event, now);
            }
        }
    }
}

fn about_driver(event: Happened, driver: &str) -> Happened {
    Happened {
        driver: Some(driver.into()),
        ..event
    }
}
