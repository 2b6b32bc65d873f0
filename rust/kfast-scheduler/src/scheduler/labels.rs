//! Pods read, with the labels that matter; and read again, as it were, when more labels come to matter.

use super::Scheduler;
use crate::SchedulerError;
use crate::cache::{ClassId, LabelKeys};
use crate::model::{Labels, PodClass, PodInput, Rest};
use kfast_core::Object;
use std::sync::Arc;

impl Scheduler {
    /// Reads a pod. Its class is of the profile that schedules it, or of the first if none does.
    pub(super) fn read_pod(&mut self, object: &Object) -> Result<PodInput, SchedulerError> {
        let mut input = PodInput::read(object, &mut self.cache.resources)?;
        let profile = self.profiles.named(&input.pod.scheduler_name);
        input.class.profile = profile.unwrap_or_default();
        self.cache.label_keys.narrow(&mut input);
        self.widen();
        Ok(input)
    }

    /// Gives pods known already the labels that are looked at since lately.
    pub(super) fn widen(&mut self) {
        let fresh = self.cache.label_keys.take_fresh();
        if fresh.is_empty() {
            return;
        }
        let widened = |class: ClassId, rest: &Rest| {
            LabelKeys::widened(&self.cache.classes.get(class).labels, rest, &fresh)
        };
        let placed = self.cache.all_placed().filter_map(|(uid, placed)| {
            Some((
                Arc::clone(uid),
                widened(placed.class, &placed.occupant.rest)?,
            ))
        });
        let mut placed: Vec<_> = placed.collect();
        let queued = self.queue.entries().filter_map(|entry| {
            Some((
                Arc::clone(&entry.pod.uid),
                widened(entry.class, &entry.pod.rest)?,
            ))
        });
        let mut queued: Vec<_> = queued.collect();
        placed.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        queued.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        for (uid, (labels, rest)) in placed {
            if let Some(placed) = self.cache.placed(&uid) {
                let (node, mut occupant) = (Arc::clone(&placed.node), placed.occupant.clone());
                occupant.rest = rest;
                let class = self.relabelled(placed.class, labels);
                self.cache.place(&uid, class, &node, occupant);
            }
        }
        for (uid, (labels, rest)) in queued {
            let Some(entry) = self.queue.get(&uid) else {
                continue;
            };
            let (mut pod, class, rank) = (entry.pod.clone(), entry.class, entry.rank);
            pod.rest = rest;
            let class = self.relabelled(class, labels);
            if let Some(old) = self.queue.update(pod, class, rank) {
                self.cache.classes.release(old);
            }
            if let Some(node) = self.nominator.node_of(&uid).cloned() {
                self.nominate(&uid, Some(&node));
            }
        }
    }

    fn relabelled(&mut self, class: ClassId, labels: Labels) -> ClassId {
        let class = PodClass {
            labels,
            ..PodClass::clone(&self.cache.classes.get(class))
        };
        self.cache.classes.intern(class)
    }
}
