//! Volumes on nodes: what the pods on a node use and what is attached to it, counted by CSI driver.

use crate::cache::NodeIndex;
use crate::model::PodClass;
use crate::model::volumes::{CsiNode, Disk, DriverId, VolumeId};
use smallvec::SmallVec;
use std::collections::HashMap;
use std::sync::Arc;

/// How often a volume is used on a node by pods, and how often it is attached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Uses {
    pods: u32,
    attachments: u32,
}

/// Volumes of one node.
#[derive(Debug, Default)]
pub struct RowVolumes {
    /// The node's CSINode.
    csi: Option<Arc<CsiNode>>,
    disks: Vec<Disk>,
    uses: HashMap<VolumeId, Uses>,
    counts: SmallVec<[(DriverId, u32); 1]>,
}

impl RowVolumes {
    /// Disks that pods on the node name in their spec.
    #[must_use]
    pub fn disks(&self) -> &[Disk] {
        &self.disks
    }

    /// What CSI drivers say of the node.
    #[must_use]
    pub fn csi(&self) -> Option<&CsiNode> {
        self.csi.as_deref()
    }

    /// In-tree plugins replaced on the node.
    #[must_use]
    pub fn migrated(&self) -> &[Box<str>] {
        self.csi.as_ref().map_or(&[], |c| &c.migrated)
    }

    /// Distinct volumes of a driver on the node.
    #[must_use]
    pub fn count(&self, driver: DriverId) -> u32 {
        let of = |&(d, count): &(DriverId, u32)| (d == driver).then_some(count);
        self.counts.iter().find_map(of).unwrap_or(0)
    }

    /// Whether a pod on the node uses the volume.
    #[must_use]
    pub fn uses(&self, volume: VolumeId) -> bool {
        self.uses.get(&volume).is_some_and(|u| u.pods > 0)
    }

    fn change(
        &mut self,
        volume: VolumeId,
        driver: DriverId,
        add: bool,
        part: fn(&mut Uses) -> &mut u32,
    ) {
        let uses = self.uses.entry(volume).or_default();
        let before = *uses != Uses::default();
        let count = part(uses);
        *count = if add {
            *count + 1
        } else {
            count.saturating_sub(1)
        };
        let after = *uses != Uses::default();
        if !after {
            self.uses.remove(&volume);
        }
        if before == after {
            return;
        }
        match self.counts.iter_mut().find(|(d, _)| *d == driver) {
            Some((_, count)) if after => *count += 1,
            Some((_, count)) => *count -= 1,
            None => self.counts.push((driver, 1)),
        }
    }
}

/// Volumes of all nodes, by row.
#[derive(Debug, Default)]
pub struct Rows {
    rows: Vec<RowVolumes>,
    /// Rows with pods that use a volume.
    places: HashMap<VolumeId, SmallVec<[NodeIndex; 1]>>,
    none: RowVolumes,
}

impl Rows {
    /// Of one row.
    #[must_use]
    pub fn get(&self, row: NodeIndex) -> &RowVolumes {
        self.rows.get(row as usize).unwrap_or(&self.none)
    }

    /// Rows with pods that use the volume.
    #[must_use]
    pub fn of(&self, volume: VolumeId) -> &[NodeIndex] {
        self.places.get(&volume).map_or(&[], |rows| rows)
    }

    fn reach(&mut self, row: NodeIndex) -> &mut RowVolumes {
        let at = row as usize;
        if self.rows.len() <= at {
            self.rows.resize_with(at + 1, RowVolumes::default);
        }
        &mut self.rows[at]
    }

    pub(super) fn clear(&mut self, row: NodeIndex) {
        *self.reach(row) = RowVolumes::default();
    }

    pub(super) fn set_csi(&mut self, row: NodeIndex, csi: Option<Arc<CsiNode>>) {
        if csi.is_some() || (row as usize) < self.rows.len() {
            self.reach(row).csi = csi;
        }
    }

    pub(super) fn account(&mut self, row: NodeIndex, class: &PodClass, add: bool) {
        for disk in &class.volumes.disks {
            let disks = &mut self.reach(row).disks;
            if add {
                disks.push(disk.clone());
            } else if let Some(at) = disks.iter().position(|d| d == disk) {
                disks.swap_remove(at);
            }
        }
    }

    pub(super) fn change_use(&mut self, row: NodeIndex, volume: (VolumeId, DriverId), add: bool) {
        let here = self.reach(row);
        let before = here.uses(volume.0);
        here.change(volume.0, volume.1, add, |u| &mut u.pods);
        if before == here.uses(volume.0) {
            return;
        }
        let rows = self.places.entry(volume.0).or_default();
        if add {
            rows.push(row);
        } else {
            rows.retain(|r| *r != row);
            if rows.is_empty() {
                self.places.remove(&volume.0);
            }
        }
    }

    pub(super) fn change_attachment(
        &mut self,
        row: NodeIndex,
        volume: (VolumeId, DriverId),
        add: bool,
    ) {
        self.reach(row)
            .change(volume.0, volume.1, add, |u| &mut u.attachments);
    }
}
