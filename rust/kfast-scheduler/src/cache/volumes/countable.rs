//! Numbers for CSI drivers, and for the volumes that count on nodes.

use crate::model::volumes::{DriverId, VolumeId};
use std::collections::HashMap;
use std::sync::Arc;

#[derive(Debug)]
struct Slot {
    driver: DriverId,
    handle: Box<str>,
    holds: u32,
}

/// Volumes by driver and handle, counted by holders.
#[derive(Debug, Default)]
pub struct Countable {
    drivers: Vec<Arc<str>>,
    driver_ids: HashMap<Arc<str>, DriverId>,
    ids: HashMap<(DriverId, Box<str>), VolumeId>,
    slots: Vec<Slot>,
    free: Vec<VolumeId>,
}

impl Countable {
    /// The number of a driver.
    pub fn driver(&mut self, name: &str) -> DriverId {
        if let Some(&id) = self.driver_ids.get(name) {
            return id;
        }
        let id = DriverId::try_from(self.drivers.len()).unwrap_or(DriverId::MAX);
        let name: Arc<str> = name.into();
        self.drivers.push(Arc::clone(&name));
        self.driver_ids.insert(name, id);
        id
    }

    /// The number of a driver that was met before.
    #[must_use]
    pub fn driver_named(&self, name: &str) -> Option<DriverId> {
        self.driver_ids.get(name).copied()
    }

    /// A driver's name.
    #[must_use]
    pub fn driver_name(&self, id: DriverId) -> &str {
        self.drivers.get(usize::from(id)).map_or("", |name| name)
    }

    /// The number of a volume, with one more hold on it.
    pub fn hold(&mut self, driver: &str, handle: &str) -> VolumeId {
        let driver = self.driver(driver);
        let key = (driver, Box::from(handle));
        if let Some(&id) = self.ids.get(&key) {
            self.slots[id as usize].holds += 1;
            return id;
        }
        let slot = Slot {
            driver,
            handle: handle.into(),
            holds: 1,
        };
        let id = if let Some(id) = self.free.pop() {
            self.slots[id as usize] = slot;
            id
        } else {
            self.slots.push(slot);
            VolumeId::try_from(self.slots.len() - 1).unwrap_or(VolumeId::MAX)
        };
        self.ids.insert(key, id);
        id
    }

    /// Gives up one hold.
    pub fn release(&mut self, id: VolumeId) {
        let slot = &mut self.slots[id as usize];
        slot.holds -= 1;
        if slot.holds == 0 {
            let key = (slot.driver, std::mem::take(&mut slot.handle));
            self.ids.remove(&key);
            self.free.push(id);
        }
    }

    /// The number of a volume that somebody holds.
    #[must_use]
    pub fn find(&self, driver: &str, handle: &str) -> Option<VolumeId> {
        let driver = *self.driver_ids.get(driver)?;
        self.ids.get(&(driver, Box::from(handle))).copied()
    }

    /// The driver of a volume.
    #[must_use]
    pub fn driver_of(&self, id: VolumeId) -> DriverId {
        self.slots[id as usize].driver
    }

    /// How many hold the volume.
    #[must_use]
    pub fn holds(&self, id: VolumeId) -> u32 {
        self.slots[id as usize].holds
    }
}
