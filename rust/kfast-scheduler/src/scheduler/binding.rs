//! What a placement takes besides the node's resources: reserved with it, given back when it comes to nothing.

use super::{Outcome, Scheduler};
use crate::cycle::Diagnosis;
use crate::framework::{Chosen, Code, PreBind, Profile, Rejection, Reserve, Task};
use crate::model::{Pod, PodClass};
use crate::queue::{Entry, Place, Time};
use std::sync::Arc;

fn reserves(profile: &Profile) -> Vec<&dyn Reserve> {
    profile.reserves().collect()
}

impl Scheduler {
    /// Reserves what an assumed pod takes. Returns what must be written before it is bound.
    ///
    /// # Errors
    /// Why something cannot be had; the rest is given back.
    pub(super) fn reserve(
        &mut self,
        pod: &Pod,
        class: &PodClass,
        node: &Arc<str>,
    ) -> Result<Vec<Task>, Rejection> {
        let profile = self.profiles.of(class);
        let chosen = Chosen { pod, class, node };
        for plugin in profile.reserves() {
            if let Err(rejection) = plugin.reserve(chosen, &mut self.cache) {
                for plugin in reserves(profile).into_iter().rev() {
                    plugin.unreserve(chosen, &mut self.cache);
                }
                return Err(rejection);
            }
        }
        let tasks = |plugin: &dyn PreBind| plugin.tasks(chosen, &self.cache);
        Ok(profile.pre_binds().flat_map(tasks).collect())
    }

    /// Gives back what an assumed pod took.
    pub(super) fn unreserve(&mut self, uid: &str) {
        let (Some(entry), Some(node)) = (self.queue.get(uid), self.cache.node_of(uid)) else {
            return;
        };
        if !matches!(entry.place, Place::Assumed) {
            return;
        }
        let (class, node) = (self.cache.classes.get(entry.class), Arc::clone(node));
        let chosen = Chosen {
            pod: &entry.pod,
            class: &class,
            node: &node,
        };
        for plugin in reserves(self.profiles.of(&class)).into_iter().rev() {
            plugin.unreserve(chosen, &mut self.cache);
        }
    }

    /// Puts back a pod whose placement could not be reserved.
    pub(super) fn not_reserved(
        &mut self,
        entry: Entry,
        class: &Arc<PodClass>,
        rejection: Rejection,
        now: Time,
    ) -> Outcome {
        if rejection.code == Code::Error {
            let texts = rejection.reasons.iter();
            let texts: Vec<_> = texts.map(|r| r.text(&self.cache.resources)).collect();
            self.queue.put_back_failed(entry, now);
            return Outcome::Failed {
                message: format!(
                    "running Reserve plugin \"{}\": {}",
                    rejection.plugin,
                    texts.join(", ")
                ),
            };
        }
        let diagnosis = Diagnosis {
            total: 1,
            pre_filter: None,
            rejections: vec![(rejection, 1)],
        };
        self.turn_down(entry, class, &diagnosis, now)
    }
}
