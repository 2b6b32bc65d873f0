//! Pods known to use claims or disks, on a node or not yet.

use super::Volumes;
use crate::cache::NodeIndex;
use crate::model::volumes::{ClaimId, VolumeId, VolumeSpec};
use crate::model::{Pod, PodClass};
use smallvec::SmallVec;
use std::sync::Arc;

/// A pod with volumes that matter.
#[derive(Debug, Default)]
pub struct KnownPod {
    /// Its claims, and whether they are ephemeral.
    claims: SmallVec<[(ClaimId, bool); 1]>,
    /// In-tree volumes it names.
    inline: SmallVec<[VolumeId; 1]>,
    row: Option<NodeIndex>,
}

impl Volumes {
    /// Takes note of a pod that is to be placed, or is.
    pub fn know(&mut self, pod: &Pod, class: &PodClass) {
        if !class.volumes.attaches() || self.pods.contains_key(&pod.uid) {
            return;
        }
        let mut known = KnownPod::default();
        for claim in &pod.claims {
            let id = self.claims.intern(&pod.namespace, &claim.name);
            known.claims.push((id, claim.ephemeral));
            if let Some(state) = self.claims.get_mut(id) {
                state.users.push(Arc::clone(&pod.uid));
            }
        }
        known.inline = self.hold_inline(&class.volumes);
        self.pods.insert(Arc::clone(&pod.uid), known);
    }

    fn hold_inline(&mut self, spec: &VolumeSpec) -> SmallVec<[VolumeId; 1]> {
        let inline = spec.inline.iter();
        inline
            .map(|v| self.countable.hold(&v.driver, &v.handle))
            .collect()
    }

    /// Forgets a pod; it is on no node any more.
    pub fn forget(&mut self, uid: &str) {
        self.bindings.remove(uid);
        let Some(known) = self.pods.remove(uid) else {
            return;
        };
        for (id, _) in known.claims {
            if let Some(state) = self.claims.get_mut(id)
                && let Some(at) = state.users.iter().position(|u| **u == *uid)
            {
                state.users.swap_remove(at);
            }
            self.claims.tidy(id);
        }
        for volume in known.inline {
            self.countable.release(volume);
        }
    }

    /// Puts a known pod on a node.
    pub fn place(&mut self, uid: &str, row: NodeIndex) {
        self.suppose(uid, row, true);
        if let Some(known) = self.pods.get_mut(uid) {
            known.row = Some(row);
        }
    }

    /// Takes a known pod off its node.
    pub fn unplace(&mut self, uid: &str) {
        let row = self.pods.get_mut(uid).and_then(|k| k.row.take());
        if let Some(row) = row {
            self.suppose(uid, row, false);
        }
    }

    /// Counts a known pod's volumes on a row, or no longer, as if it were placed there.
    pub fn suppose(&mut self, uid: &str, row: NodeIndex, there: bool) {
        let Some(known) = self.pods.get(uid) else {
            return;
        };
        let mut volumes: SmallVec<[VolumeId; 4]> = known.inline.iter().copied().collect();
        for &(id, ephemeral) in &known.claims {
            let Some(state) = self.claims.get_mut(id) else {
                continue;
            };
            volumes.extend(state.volume);
            if !ephemeral {
                state.in_use = if there {
                    state.in_use + 1
                } else {
                    state.in_use.saturating_sub(1)
                };
            }
        }
        for volume in volumes {
            let driver = self.countable.driver_of(volume);
            self.rows.change_use(row, (volume, driver), there);
        }
    }

    /// What a claim counts as has changed: moves it on the nodes of its users.
    pub(super) fn recount(&mut self, id: ClaimId, volume: Option<VolumeId>) {
        let Some(state) = self.claims.get_mut(id) else {
            return;
        };
        let old = std::mem::replace(&mut state.volume, volume);
        if let Some(old) = old.filter(|_| old == volume) {
            self.countable.release(old);
            return;
        }
        let users = state.users.iter();
        let rows: SmallVec<[NodeIndex; 4]> =
            users.filter_map(|uid| self.pods.get(uid)?.row).collect();
        for row in rows {
            for (volume, add) in [(old, false), (volume, true)] {
                if let Some(volume) = volume {
                    let driver = self.countable.driver_of(volume);
                    self.rows.change_use(row, (volume, driver), add);
                }
            }
            self.touched.push(row);
        }
        if let Some(old) = old {
            self.countable.release(old);
        }
    }

    /// Uids of the known pods that use a claim.
    pub fn users(&self, id: ClaimId) -> impl Iterator<Item = &Arc<str>> {
        self.claims.get(id).into_iter().flat_map(|s| &s.users)
    }

    /// Claims a known pod uses other than as ephemeral ones.
    pub fn claims_of(&self, uid: &str) -> impl Iterator<Item = ClaimId> {
        let known = self.pods.get(uid).into_iter();
        known
            .flat_map(|k| &k.claims)
            .filter(|(_, ephemeral)| !ephemeral)
            .map(|(id, _)| *id)
    }
}
