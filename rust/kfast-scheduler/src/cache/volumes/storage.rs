//! Objects of storage as they are read, replaced and removed. Each method says what the change may help.

use super::{Attachment, Stored, Volumes};
use crate::framework::Events;
use crate::model::volumes::{
    Claim, ClaimId, CsiDriver, CsiNode, CsiStorageCapacity, Migration, PersistentVolume,
    StorageClass, VolumeAttachment, VolumeId,
};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

impl Volumes {
    /// Adds or replaces a claim. Its number, and what may help the pods that use it.
    pub fn set_claim(&mut self, claim: Claim) -> (ClaimId, Events) {
        let id = self.claims.intern(&claim.namespace, &claim.name);
        let volume = Arc::clone(&claim.volume);
        let Some(state) = self.claims.get_mut(id) else {
            return (id, Events::NONE);
        };
        let old = match &mut state.object {
            Some(stored) if stored.read.revision == claim.revision && *stored.read == claim => {
                return (id, Events::NONE);
            }
            Some(stored) => Some(std::mem::replace(stored, Stored::new(claim))),
            None => {
                state.object = Some(Stored::new(claim));
                None
            }
        };
        let event = match &old {
            Some(_) => Events::CLAIM_UPDATE,
            None => Events::CLAIM_ADD,
        };
        let before = old.map(|stored| Arc::clone(&stored.read.volume));
        if before.as_ref() != Some(&volume) {
            self.name_volume(id, before.as_deref(), Some(&volume));
        }
        self.resolve(id);
        (id, event)
    }

    /// Removes a claim.
    pub fn remove_claim(&mut self, namespace: &str, name: &str) {
        let Some(id) = self.claims.id(namespace, name) else {
            return;
        };
        let object = self.claims.get_mut(id).and_then(|s| s.object.take());
        if let Some(stored) = object {
            self.name_volume(id, Some(&stored.read.volume), None);
        }
        self.resolve(id);
        self.claims.tidy(id);
    }

    /// Adds or replaces a persistent volume.
    pub fn set_volume(&mut self, volume: PersistentVolume) -> Events {
        let old = self.volumes.get(&volume.name).map(|s| Arc::clone(&s.read));
        if old.as_deref() == Some(&volume) {
            return Events::NONE;
        }
        let name = Arc::clone(&volume.name);
        self.unlist(&name);
        self.list(&volume);
        let events = match &old {
            None => Events::VOLUME_ADD,
            Some(old) if old.zones == volume.zones => Events::VOLUME_UPDATE,
            Some(_) => Events::VOLUME_UPDATE | Events::VOLUME_ZONES,
        };
        self.volumes.insert(Arc::clone(&name), Stored::new(volume));
        self.volume_changed(&name);
        events
    }

    /// Removes a persistent volume.
    pub fn remove_volume(&mut self, name: &str) {
        self.unlist(name);
        if self.volumes.remove(name).is_some() {
            self.volume_changed(name);
        }
    }

    /// A persistent volume as last read or supposed.
    #[must_use]
    pub fn volume(&self, name: &str) -> Option<&Arc<PersistentVolume>> {
        self.volumes.get(name).map(Stored::current)
    }

    /// Adds or replaces a storage class.
    pub fn set_class(&mut self, class: StorageClass) -> Events {
        let (name, waits) = (Arc::clone(&class.name), class.wait_for_consumer);
        let old = self.classes.insert(Arc::clone(&name), Arc::new(class));
        self.class_changed(&name);
        match old {
            None if waits == Some(true) => Events::CLASS_ADD | Events::WAITING_CLASS_ADD,
            None => Events::CLASS_ADD,
            Some(old) if old.allowed_topologies == self.classes[&name].allowed_topologies => {
                Events::NONE
            }
            Some(_) => Events::CLASS_TOPOLOGY,
        }
    }

    /// Removes a storage class.
    pub fn remove_class(&mut self, name: &str) {
        if self.classes.remove(name).is_some() {
            self.class_changed(name);
        }
    }

    /// A storage class.
    #[must_use]
    pub fn class(&self, name: &str) -> Option<&Arc<StorageClass>> {
        self.classes.get(name)
    }

    /// Adds or replaces a CSI driver.
    pub fn set_driver(&mut self, name: &str, driver: CsiDriver) -> Events {
        let checks = driver.storage_capacity;
        match self.drivers.insert(name.into(), driver) {
            Some(old) if old.storage_capacity && !checks => Events::CAPACITY_UNCHECKED,
            _ => Events::NONE,
        }
    }

    /// Removes a CSI driver.
    pub fn remove_driver(&mut self, name: &str) {
        self.drivers.remove(name);
    }

    /// Whether placement must respect the capacities a provisioner publishes.
    #[must_use]
    pub fn checks_capacity(&self, provisioner: &str) -> bool {
        self.drivers
            .get(provisioner)
            .is_some_and(|d| d.storage_capacity)
    }

    /// Adds or replaces what CSI drivers say of a node.
    pub fn set_csi_node(&mut self, node: &str, csi: CsiNode) -> Events {
        let old = self.csi_nodes.get(node).cloned();
        if old.as_deref() == Some(&csi) {
            return Events::NONE;
        }
        let events = match &old {
            None => Events::CSI_NODE_ADD,
            Some(old) => {
                let grown = csi
                    .limits
                    .iter()
                    .any(|(driver, limit)| *limit > old.limit(driver).unwrap_or(0));
                let migrated = old.migrated != csi.migrated;
                (if grown {
                    Events::CSI_LIMIT
                } else {
                    Events::NONE
                }) | (if migrated {
                    Events::CSI_MIGRATED
                } else {
                    Events::NONE
                })
            }
        };
        self.put_csi_node(node, Some(csi));
        events
    }

    /// Removes what CSI drivers said of a node.
    pub fn remove_csi_node(&mut self, node: &str) {
        self.put_csi_node(node, None);
    }

    fn put_csi_node(&mut self, node: &str, csi: Option<CsiNode>) {
        let csi = csi.map(Arc::new);
        match &csi {
            Some(csi) => drop(self.csi_nodes.insert(node.into(), Arc::clone(csi))),
            None => drop(self.csi_nodes.remove(node)),
        }
        if let Some(&row) = self.nodes.get(node) {
            self.rows.set_csi(row, csi);
            self.touched.push(row);
        }
    }

    /// Adds or replaces a storage capacity.
    pub fn set_capacity(
        &mut self,
        namespace: &str,
        name: &str,
        capacity: CsiStorageCapacity,
    ) -> Events {
        let class = Arc::clone(&capacity.class);
        let limit = capacity.limit();
        let key = (namespace.into(), name.into());
        let old = self.capacities.insert(key, capacity);
        self.tick(&class);
        match old {
            None => Events::CAPACITY,
            Some(old) if limit > old.limit() => Events::CAPACITY,
            Some(_) => Events::NONE,
        }
    }

    /// Removes a storage capacity.
    pub fn remove_capacity(&mut self, namespace: &str, name: &str) {
        if let Some(old) = self.capacities.remove(&(namespace.into(), name.into())) {
            self.tick(&old.class);
        }
    }

    /// Adds or replaces an attachment.
    pub fn set_attachment(&mut self, name: &str, object: VolumeAttachment) {
        self.remove_attachment(name);
        let name: Arc<str> = name.into();
        let volume = self.attached_volume(&object);
        self.count_attachment(&object.node, volume, true);
        let node = self.attached.entry(Arc::clone(&object.node));
        node.or_default().insert(Arc::clone(&name));
        if let Some(of) = &object.volume {
            let attachments = self.attached_to.entry(Arc::clone(of));
            attachments.or_default().insert(Arc::clone(&name));
        }
        self.attachments.insert(name, Attachment { object, volume });
    }

    /// Removes an attachment. The driver it was of.
    pub fn remove_attachment(&mut self, name: &str) -> Option<Arc<str>> {
        let Attachment { object, volume } = self.attachments.remove(name)?;
        self.count_attachment(&object.node, volume, false);
        if let Some(volume) = volume {
            self.countable.release(volume);
        }
        drop_from(&mut self.attached, &object.node, name);
        if let Some(of) = &object.volume {
            drop_from(&mut self.attached_to, of, name);
        }
        Some(object.attacher)
    }

    fn attached_volume(&mut self, object: &VolumeAttachment) -> Option<VolumeId> {
        let volume = self.volumes.get(object.volume.as_ref()?)?;
        let (_, handle) = volume.read.attachable.as_ref()?;
        let counts = volume.read.is_csi && !object.attacher.is_empty();
        counts.then(|| self.countable.hold(&object.attacher, handle))
    }

    fn count_attachment(&mut self, node: &str, volume: Option<VolumeId>, add: bool) {
        if let (Some(volume), Some(&row)) = (volume, self.nodes.get(node)) {
            let driver = self.countable.driver_of(volume);
            self.rows.change_attachment(row, (volume, driver), add);
            self.touched.push(row);
        }
    }

    /// Replaces what a persistent volume is supposed to be; `None` goes back to what was read.
    pub(super) fn suppose_volume(&mut self, name: &str, supposed: Option<PersistentVolume>) {
        self.unlist(name);
        let Some(stored) = self.volumes.get_mut(name) else {
            return;
        };
        stored.supposed = supposed.map(Arc::new);
        let current = Arc::clone(stored.current());
        self.list(&current);
    }

    fn list(&mut self, volume: &PersistentVolume) {
        self.by_class
            .entry(Arc::clone(&volume.class))
            .or_default()
            .insert(Arc::clone(&volume.name));
        if let Some(claim) = &volume.claim {
            let key = (claim.namespace.clone(), claim.name.clone());
            *self.reserved.entry(key).or_default() += 1;
        }
        self.tick(&volume.class);
    }

    fn unlist(&mut self, name: &str) {
        let Some(volume) = self.volumes.get(name).map(|s| Arc::clone(s.current())) else {
            return;
        };
        if let Some(names) = self.by_class.get_mut(&volume.class) {
            names.remove(name);
            if names.is_empty() {
                self.by_class.remove(&volume.class);
            }
        }
        if let Some(claim) = &volume.claim {
            let key = (claim.namespace.clone(), claim.name.clone());
            if let Some(count) = self.reserved.get_mut(&key) {
                *count -= 1;
                if *count == 0 {
                    self.reserved.remove(&key);
                }
            }
        }
        self.tick(&volume.class);
    }

    fn name_volume(&mut self, id: ClaimId, before: Option<&str>, now: Option<&Arc<str>>) {
        if let Some(before) = before
            && let Some(ids) = self.naming.get_mut(before)
        {
            ids.retain(|i| *i != id);
            if ids.is_empty() {
                self.naming.remove(before);
            }
        }
        if let Some(now) = now.filter(|n| !n.is_empty()) {
            self.naming.entry(Arc::clone(now)).or_default().push(id);
        }
    }

    fn volume_changed(&mut self, name: &str) {
        for id in self.naming.get(name).cloned().unwrap_or_default() {
            self.resolve(id);
        }
        for attachment in self.attached_to.get(name).cloned().unwrap_or_default() {
            let object = self.attachments.get(&attachment).map(|a| a.object.clone());
            if let Some(object) = object {
                self.set_attachment(&attachment, object);
            }
        }
    }

    fn class_changed(&mut self, name: &str) {
        let of_class = |s: &super::ClaimState| s.current().is_some_and(|c| *c.class == *name);
        let ids: Vec<_> = self
            .claims
            .iter()
            .filter(|(_, s)| of_class(s))
            .map(|(id, _)| id)
            .collect();
        for id in ids {
            self.resolve(id);
        }
    }

    /// Finds out what a claim counts as.
    fn resolve(&mut self, id: ClaimId) {
        let Some(state) = self.claims.get(id) else {
            return;
        };
        let Some(claim) = state.object.as_ref().map(|s| Arc::clone(&s.read)) else {
            self.recount(id, None);
            return;
        };
        let volume = match self.volumes.get(&claim.volume) {
            Some(volume) => volume
                .read
                .attachable
                .as_ref()
                .map(|(driver, handle)| (driver.to_string(), handle.clone())),
            // Not made yet: it will be its class's driver's, and no other claim's.
            None => self.classes.get(&claim.class).and_then(|class| {
                let driver = Migration::driver_of(&class.provisioner)?;
                let handle = format!("\0{}/{}", claim.namespace, claim.name);
                (!driver.is_empty()).then(|| (driver.to_owned(), handle.into()))
            }),
        };
        let volume = volume.map(|(driver, handle)| self.countable.hold(&driver, &handle));
        self.recount(id, volume);
    }
}

fn drop_from(index: &mut HashMap<Arc<str>, BTreeSet<Arc<str>>>, key: &str, name: &str) {
    if let Some(names) = index.get_mut(key) {
        names.remove(name);
        if names.is_empty() {
            index.remove(key);
        }
    }
}
