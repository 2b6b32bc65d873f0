//! Interned pod classes, counted by holders.

use crate::model::PodClass;
use std::collections::HashMap;
use std::sync::Arc;

/// Number of a class; never reused while anybody holds it.
pub type ClassId = u32;

/// All classes held by some pod.
#[derive(Default)]
pub struct Classes {
    ids: HashMap<Arc<PodClass>, ClassId>,
    slots: Vec<(Arc<PodClass>, u32)>,
    free: Vec<ClassId>,
    released: Vec<ClassId>,
}

impl Classes {
    /// The number of a class, with one more hold on it.
    pub fn intern(&mut self, class: PodClass) -> ClassId {
        if let Some(&id) = self.ids.get(&class) {
            return self.hold(id);
        }
        let class = Arc::new(class);
        let slot = (Arc::clone(&class), 1);
        let id = if let Some(id) = self.free.pop() {
            self.slots[id as usize] = slot;
            id
        } else {
            self.slots.push(slot);
            ClassId::try_from(self.slots.len() - 1).unwrap_or(ClassId::MAX)
        };
        self.ids.insert(class, id);
        id
    }

    /// One more hold on a class.
    pub fn hold(&mut self, id: ClassId) -> ClassId {
        self.slots[id as usize].1 += 1;
        id
    }

    /// Gives up one hold.
    pub fn release(&mut self, id: ClassId) {
        let (class, holds) = &mut self.slots[id as usize];
        *holds -= 1;
        if *holds == 0 {
            self.ids.remove(class);
            self.free.push(id);
            self.released.push(id);
        }
    }

    /// The class of a number.
    #[must_use]
    pub fn get(&self, id: ClassId) -> Arc<PodClass> {
        Arc::clone(&self.slots[id as usize].0)
    }

    /// The number of a class somebody holds.
    #[must_use]
    pub fn find(&self, class: &PodClass) -> Option<ClassId> {
        self.ids.get(class).copied()
    }

    /// How many are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether none is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Whether the number stands for this class, and somebody holds it.
    #[must_use]
    pub fn is(&self, id: ClassId, class: &Arc<PodClass>) -> bool {
        let slot = self.slots.get(id as usize);
        slot.is_some_and(|(held, holds)| *holds > 0 && Arc::ptr_eq(held, class))
    }

    /// Numbers given up since the last call: whatever was kept under them is void.
    pub fn take_released(&mut self) -> Vec<ClassId> {
        std::mem::take(&mut self.released)
    }
}
