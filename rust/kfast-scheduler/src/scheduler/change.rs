//! Events, and the pods they wake.

use super::Scheduler;
use crate::framework::{Events, Happened, Requeue};
use crate::model::{Pod, PodClass};
use crate::queue::{Place, Time};
use std::sync::Arc;

impl Scheduler {
    /// Requeues unschedulable pods which an event may help, and keeps it for the pods in flight.
    pub(super) fn react(&mut self, event: &Happened, now: Time) {
        if event.events == Events::NONE || !self.queue.listens() {
            return;
        }
        self.queue.record(event);
        let (cache, profiles) = (&self.cache, &self.profiles);
        let view = event.view(cache);
        self.queue.requeue(
            event.events.label(),
            now,
            |by| profiles.concerned(by, event.events),
            |class, by| {
                let class = cache.classes.get(class);
                if class.priority > event.up_to {
                    return Requeue::No;
                }
                profiles.of(&class).requeue(by, &class, &view)
            },
        );
    }

    /// Moves a queued pod on if a change of its own object helps it.
    pub(super) fn requeue_one(
        &mut self,
        uid: &Arc<str>,
        place: Place,
        event: &Happened,
        now: Time,
    ) {
        let how = match place {
            Place::Gated => Requeue::AfterBackoff,
            Place::Unschedulable(_, by, _) => {
                let Some(entry) = self.queue.get(uid) else {
                    return;
                };
                let class = self.cache.classes.get(entry.class);
                let view = event.view(&self.cache);
                self.profiles.of(&class).requeue(by, &class, &view)
            }
            _ => Requeue::No,
        };
        if how != Requeue::No {
            self.queue.requeue_one(uid, how, event.events.label(), now);
        }
    }
}

fn requests_less(old: &PodClass, new: &PodClass) -> bool {
    let mut held = old.requests.iter();
    held.any(|(resource, amount)| new.requests.get(resource) < amount)
}

fn only_if(changed: bool, event: Events) -> Events {
    if changed { event } else { Events::NONE }
}

/// The events of a placed pod's change.
pub(super) fn placed_changes(old: &PodClass, new: &PodClass) -> Events {
    only_if(old.labels != new.labels, Events::POD_LABEL)
        | only_if(requests_less(old, new), Events::POD_SCALE_DOWN)
}

/// The events of a pending pod's change, to itself.
pub(super) fn own_changes(old: (&Pod, &PodClass), new: (&Pod, &PodClass)) -> Events {
    let events = only_if(old.1.labels != new.1.labels, Events::TARGET_LABEL)
        | only_if(requests_less(old.1, new.1), Events::TARGET_SCALE_DOWN)
        | only_if(old.0.gated && !new.0.gated, Events::TARGET_GATES)
        | only_if(
            old.1.tolerations.len() != new.1.tolerations.len(),
            Events::TARGET_TOLERATION,
        );
    if events == Events::NONE {
        Events::TARGET_UPDATE
    } else {
        events
    }
}
