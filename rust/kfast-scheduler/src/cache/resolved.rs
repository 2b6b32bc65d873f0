//! Classes of pods together with what the pods' claims come to.

use super::{ClassId, Classes};
use crate::model::PodClass;
use crate::model::volumes::VolumeDemand;
use std::collections::HashMap;
use std::sync::Arc;

/// How many are kept.
const KEPT: usize = 4096;

/// By class and demand: the class of both, held here, and when it was last asked for.
#[derive(Default)]
pub struct Resolved {
    ids: HashMap<(ClassId, VolumeDemand), (ClassId, u64)>,
    clock: u64,
}

impl Resolved {
    /// The number of the class with the demand.
    pub fn get(
        &mut self,
        id: ClassId,
        class: &PodClass,
        demand: VolumeDemand,
        classes: &mut Classes,
    ) -> ClassId {
        self.clock += 1;
        let key = (id, demand);
        if let Some((resolved, used)) = self.ids.get_mut(&key) {
            *used = self.clock;
            return *resolved;
        }
        self.shrink(classes);
        let mut class = class.clone();
        class.volumes.demand = Some(Arc::new(key.1.clone()));
        let resolved = classes.intern(class);
        self.ids.insert(key, (resolved, self.clock));
        resolved
    }

    /// Drops what was kept of classes whose numbers were given up.
    pub fn forget(&mut self, released: &[ClassId], classes: &mut Classes) {
        if released.is_empty() {
            return;
        }
        self.retain(classes, |id, _| !released.contains(&id));
    }

    /// Drops the half asked for least lately when there are too many.
    fn shrink(&mut self, classes: &mut Classes) {
        if self.ids.len() < KEPT {
            return;
        }
        let mut used: Vec<u64> = self.ids.values().map(|(_, used)| *used).collect();
        let middle = used.len() / 2;
        let (_, &mut median, _) = used.select_nth_unstable(middle);
        self.retain(classes, |_, used| used >= median);
    }

    fn retain(&mut self, classes: &mut Classes, keep: impl Fn(ClassId, u64) -> bool) {
        self.ids.retain(|(id, _), (resolved, used)| {
            let keep = keep(*id, *used);
            if !keep {
                classes.release(*resolved);
            }
            keep
        });
    }
}
