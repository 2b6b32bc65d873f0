//! Values numbered once and kept while anybody holds their number.

use foldhash::fast::FixedState;
use hashbrown::{Equivalent, HashMap};
use std::hash::{Hash, Hasher};
use std::ops::Index;
use std::sync::Arc;

/// A number of an interned value. The value is kept as long as a clone of its `Held` lives.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Held(Arc<u32>);

impl Held {
    /// The number; void once the last `Held` of it is gone.
    #[must_use]
    pub fn id(&self) -> u32 {
        *self.0
    }
}

/// Numbered values. Those no longer held go with the next `sweep`.
#[derive(Debug)]
pub struct Interned<T> {
    ids: HashMap<Arc<T>, u32, FixedState>,
    slots: Vec<Option<(Arc<T>, Held)>>,
    free: Vec<u32>,
    /// Values added since the last sweep.
    fresh: usize,
}

impl<T> Default for Interned<T> {
    fn default() -> Self {
        Self {
            ids: HashMap::default(),
            slots: Vec::new(),
            free: Vec::new(),
            fresh: 0,
        }
    }
}

impl<T: Eq + Hash> Interned<T> {
    /// The number of a value, and whether it is a new one.
    pub fn intern(&mut self, value: T) -> (Held, bool) {
        if let Some(held) = self.find(&Wanted(&value)) {
            return (held, false);
        }
        let value = Arc::new(value);
        let id = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
        });
        let held = Held(Arc::new(id));
        self.ids.insert(Arc::clone(&value), id);
        self.slots[id as usize] = Some((value, held.clone()));
        self.fresh += 1;
        (held, true)
    }

    /// The number of a value, if it has one.
    #[must_use]
    pub fn find(&self, value: &(impl Equivalent<Arc<T>> + Hash)) -> Option<Held> {
        self.ids.get(value).map(|&id| self.held(id))
    }

    /// Holds a number again.
    #[must_use]
    pub fn held(&self, id: u32) -> Held {
        match &self.slots[id as usize] {
            Some((_, held)) => held.clone(),
            None => unreachable!("number {id} is not held"),
        }
    }

    /// All values with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Arc<T>)> {
        let ids = 0..;
        ids.zip(&self.slots)
            .filter_map(|(id, slot)| slot.as_ref().map(|(value, _)| (id, value)))
    }

    /// Whether so many values were added that a sweep costs little beside that.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.fresh > self.ids.len() / 2 + 16
    }

    /// Drops the values nobody holds; returns their numbers, which will be given out again.
    pub fn sweep(&mut self) -> Vec<u32> {
        self.fresh = 0;
        let mut gone = Vec::new();
        for (id, slot) in (0..).zip(&mut self.slots) {
            if let Some((value, _)) = slot.take_if(|(_, held)| Arc::strong_count(&held.0) == 1) {
                self.ids.remove(&value);
                gone.push(id);
            }
        }
        self.free.extend(&gone);
        gone
    }
}

impl<T> Index<u32> for Interned<T> {
    type Output = Arc<T>;

    fn index(&self, id: u32) -> &Arc<T> {
        match &self.slots[id as usize] {
            Some((value, _)) => value,
            None => unreachable!("number {id} is not held"),
        }
    }
}

struct Wanted<'a, T>(&'a T);

impl<T: Hash> Hash for Wanted<'_, T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<T: Eq> Equivalent<Arc<T>> for Wanted<'_, T> {
    fn equivalent(&self, key: &Arc<T>) -> bool {
        *self.0 == **key
    }
}
