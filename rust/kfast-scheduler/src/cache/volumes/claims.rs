//! Claims that exist, are used by pods, or both.

use super::Stored;
use crate::model::volumes::{Claim, ClaimId, VolumeId};
use smallvec::SmallVec;
use std::collections::HashMap;
use std::sync::Arc;

/// One claim.
#[derive(Debug)]
pub struct ClaimState {
    /// Namespace.
    pub namespace: Arc<str>,
    /// Name.
    pub name: Arc<str>,
    /// The object, if there is one.
    pub object: Option<Stored<Claim>>,
    /// Uids of the pods that use it, one entry per volume.
    pub users: SmallVec<[Arc<str>; 1]>,
    /// How many volumes of pods on known nodes name it.
    pub in_use: u32,
    /// The volume it counts as.
    pub volume: Option<VolumeId>,
}

impl ClaimState {
    /// The claim as last read or supposed.
    #[must_use]
    pub fn current(&self) -> Option<&Arc<Claim>> {
        self.object.as_ref().map(Stored::current)
    }

    /// Whether no pod but this one uses it.
    #[must_use]
    pub fn only_used_by(&self, uid: &str) -> bool {
        self.users.iter().all(|u| **u == *uid)
    }
}

/// All claims by number and by name.
#[derive(Debug, Default)]
pub struct Claims {
    slots: Vec<Option<ClaimState>>,
    free: Vec<ClaimId>,
    ids: HashMap<Arc<str>, HashMap<Arc<str>, ClaimId>>,
}

impl Claims {
    /// The number of a claim.
    #[must_use]
    pub fn id(&self, namespace: &str, name: &str) -> Option<ClaimId> {
        self.ids.get(namespace)?.get(name).copied()
    }

    /// A claim by number.
    #[must_use]
    pub fn get(&self, id: ClaimId) -> Option<&ClaimState> {
        self.slots.get(id as usize)?.as_ref()
    }

    /// A claim by name.
    #[must_use]
    pub fn find(&self, namespace: &str, name: &str) -> Option<&ClaimState> {
        self.get(self.id(namespace, name)?)
    }

    /// A claim by number, to be changed.
    pub fn get_mut(&mut self, id: ClaimId) -> Option<&mut ClaimState> {
        self.slots.get_mut(id as usize)?.as_mut()
    }

    /// The number of a claim, made if it is new.
    pub fn intern(&mut self, namespace: &Arc<str>, name: &Arc<str>) -> ClaimId {
        if let Some(id) = self.id(namespace, name) {
            return id;
        }
        let state = ClaimState {
            namespace: Arc::clone(namespace),
            name: Arc::clone(name),
            object: None,
            users: SmallVec::new(),
            in_use: 0,
            volume: None,
        };
        let id = if let Some(id) = self.free.pop() {
            self.slots[id as usize] = Some(state);
            id
        } else {
            self.slots.push(Some(state));
            ClaimId::try_from(self.slots.len() - 1).unwrap_or(ClaimId::MAX)
        };
        self.ids
            .entry(Arc::clone(namespace))
            .or_default()
            .insert(Arc::clone(name), id);
        id
    }

    /// Forgets a claim that neither exists nor is used.
    pub fn tidy(&mut self, id: ClaimId) {
        let idle = |s: &ClaimState| s.object.is_none() && s.users.is_empty();
        let Some(state) = self.get(id).filter(|s| idle(s)) else {
            return;
        };
        let (namespace, name) = (Arc::clone(&state.namespace), Arc::clone(&state.name));
        if let Some(names) = self.ids.get_mut(&namespace) {
            names.remove(&name);
            if names.is_empty() {
                self.ids.remove(&namespace);
            }
        }
        self.slots[id as usize] = None;
        self.free.push(id);
    }

    /// All claims with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (ClaimId, &ClaimState)> {
        (0..)
            .zip(&self.slots)
            .filter_map(|(id, slot)| Some((id, slot.as_ref()?)))
    }
}
