//! What the cluster tells the scheduler.

use super::Scheduler;
use super::change::{own_changes, placed_changes};
use crate::SchedulerError;
use crate::cache::Occupant;
use crate::framework::{Events, Happened};
use crate::model::{self, NodeSpec, OwnerKind, Pod, PodClass, PodInput};
use crate::preemption::Nomination;
use crate::queue::{Entry, Place, Time};
use kfast_core::Object;
use std::sync::Arc;

impl Scheduler {
    /// Adds or replaces a node.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn set_node(&mut self, node: &Object, now: Time) -> Result<(), SchedulerError> {
        let spec = NodeSpec::read(node, &mut self.cache.resources)?;
        let name = Arc::clone(&spec.name);
        let (events, was) = self.cache.set_node(spec);
        if events != Events::NONE {
            let event = Happened {
                node_was: was.map(Arc::new),
                ..Happened::to_node(events, &name)
            };
            self.react(&event, now);
        }
        Ok(())
    }

    /// Removes a node.
    pub fn remove_node(&mut self, name: &str) {
        let event = Happened::to_node(Events::NODE_DELETE, &name.into());
        self.react(&event, self.clock);
        self.cache.remove_node(name);
    }

    /// Adds or replaces a namespace.
    pub fn set_namespace(&mut self, namespace: &Object) {
        let labels = namespace.labels().into();
        self.cache.set_namespace(namespace.name(), Some(labels));
    }

    /// Removes a namespace: its pods count as in one without labels.
    pub fn remove_namespace(&mut self, name: &str) {
        self.cache.set_namespace(name, None);
    }

    /// Adds or replaces a Service.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn set_service(&mut self, service: &Object) -> Result<(), SchedulerError> {
        let (owners, keys) = self.cache.owners_mut();
        owners.set_service(service, keys)?;
        self.widen();
        Ok(())
    }

    /// Removes a Service.
    pub fn remove_service(&mut self, namespace: &str, name: &str) {
        self.cache.owners_mut().0.remove_service(namespace, name);
    }

    /// Adds or replaces a ReplicationController, ReplicaSet or StatefulSet.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn set_owner(&mut self, kind: OwnerKind, owner: &Object) -> Result<(), SchedulerError> {
        let (owners, keys) = self.cache.owners_mut();
        owners.set_controller(kind, owner, keys)?;
        self.widen();
        Ok(())
    }

    /// Removes one of these.
    pub fn remove_owner(&mut self, kind: OwnerKind, namespace: &str, name: &str) {
        let (owners, _) = self.cache.owners_mut();
        owners.remove_controller(kind, namespace, name);
    }

    /// Adds or replaces a PodDisruptionBudget.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn set_pdb(&mut self, budget: &Object) -> Result<(), SchedulerError> {
        self.budgets.set(budget, &mut self.cache.label_keys)?;
        self.widen();
        Ok(())
    }

    /// Removes a PodDisruptionBudget.
    pub fn remove_pdb(&mut self, namespace: &str, name: &str) {
        self.budgets.remove(namespace, name);
    }

    /// Adds or replaces a pod, pending or assigned. Pods that ended are forgotten; pending pods of
    /// other schedulers are ignored. Returns whether the pod is held back by a gate.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn set_pod(&mut self, object: &Object, now: Time) -> Result<bool, SchedulerError> {
        self.set_signed_pod(object, "", now)
    }

    /// The same for a pod whose class also depends on `sign`: plugins outside the core see it.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn set_signed_pod(
        &mut self,
        object: &Object,
        sign: &str,
        now: Time,
    ) -> Result<bool, SchedulerError> {
        if self.is_foreign(object) {
            return Ok(false);
        }
        let print = model::print(object, sign);
        if print.is_some() && self.is_known(object, print) {
            return Ok(false);
        }
        let PodInput { mut pod, mut class } = self.read_pod(object)?;
        pod.print = print;
        let ours = self.profiles.named(&pod.scheduler_name);
        class.sign = sign.into();
        if pod.deleting {
            self.queue.going(&pod.uid);
        }
        if pod.terminal {
            self.remove_pod(&pod.uid, now);
        } else if let Some(node) = pod.node_name.clone() {
            self.place(&pod, class, &node, now);
        } else if pod.deleting {
            self.remove_pod(&pod.uid, now);
        } else if ours.is_some() {
            return Ok(self.queue_pod(pod, class, now));
        } else {
            self.drop_entry(&pod.uid, now);
            self.forget_volumes(&pod.uid, now);
        }
        Ok(false)
    }

    /// Whether the pod waits for another scheduler, and nothing is known of it that would have to be forgotten.
    fn is_foreign(&self, object: &Object) -> bool {
        let awaited = model::awaited_scheduler(object);
        awaited.is_some_and(|name| self.profiles.named(&name).is_none())
            && self.cache.placed(object.uid()).is_none()
            && self.queue.get(object.uid()).is_none()
            && !object.uid().is_empty()
    }

    /// Whether the pod is on its node, and of its object nothing changed that matters.
    fn is_known(&self, object: &Object, print: Option<u64>) -> bool {
        let placed = self.cache.placed(object.uid());
        placed.is_some_and(|p| p.occupant.print == print) && self.queue.get(object.uid()).is_none()
    }

    /// Removes a pod.
    pub fn remove_pod(&mut self, uid: &str, now: Time) {
        self.queue.going(uid);
        self.unreserve(uid);
        self.drop_entry(uid, now);
        if let Some((class, _)) = self.cache.unplace(uid) {
            self.react(&Happened::left(class), now);
        }
        self.forget_volumes(uid, now);
    }

    /// Takes back an assumed pod whose binding failed; it is retried after a backoff. Returns whether
    /// the pod was assumed.
    pub fn bind_failed(&mut self, uid: &str, now: Time) -> bool {
        self.unreserve(uid);
        let failed = self.queue.fail(uid, now);
        if failed && let Some((class, _)) = self.cache.unplace(uid) {
            self.react(&Happened::left(class), now);
        }
        failed
    }

    /// The caller has asked for the deletion of the victims of a pod's preemption. If that `failed`, the pod is
    /// tried again at once.
    pub fn preempted(&mut self, uid: &str, failed: bool, now: Time) {
        self.queue.preempted(uid, failed, now);
    }

    fn place(&mut self, pod: &Pod, class: PodClass, node: &Arc<str>, now: Time) {
        let class = self.cache.classes.intern(class);
        let now_class = self.cache.classes.get(class);
        let before = self.cache.placed(&pod.uid);
        let before = before.map(|p| (self.cache.classes.get(p.class), Arc::clone(&p.node)));
        let assumed = self.drop_entry(&pod.uid, now);
        self.cache.change_volumes(|v| {
            v.know(pod, &now_class);
            v.settle(&pod.uid);
        });
        self.cache.place(&pod.uid, class, node, Occupant::of(pod));
        let event = match before {
            Some((old, at)) if at == *node && assumed != Some(Place::Assumed) => Happened {
                events: placed_changes(&old, &now_class),
                pod: Some(old),
                pod_now: Some(now_class),
                ..Happened::of(Events::NONE)
            },
            before => {
                if let Some((old, _)) = before.filter(|(_, at)| at != node) {
                    self.react(&Happened::left(old), now);
                }
                Happened {
                    pod_now: Some(now_class),
                    ..Happened::of(Events::POD_ADD)
                }
            }
        };
        self.react(&event, now);
    }

    fn queue_pod(&mut self, pod: Pod, class: PodClass, now: Time) -> bool {
        let profile = self.profiles.of(&class);
        let gated = profile.gate(&pod).is_some();
        let rank = profile.rank(&pod);
        self.cache.change_volumes(|v| v.know(&pod, &class));
        let class = self.cache.classes.intern(class);
        let uid = Arc::clone(&pod.uid);
        let nominated = pod.nominated.clone();
        let Some(entry) = self.queue.get(&uid) else {
            self.queue.add(Entry::new(pod, class, rank), gated, now);
            if !gated {
                self.nominate(&uid, nominated.as_ref());
            }
            return gated;
        };
        let (place, old_class) = (entry.place, self.cache.classes.get(entry.class));
        let was_nominated = entry.pod.nominated.is_some();
        let event = Happened {
            only: Some(Arc::clone(&uid)),
            ..Happened::of(own_changes(
                (&entry.pod, &old_class),
                (&pod, &self.cache.classes.get(class)),
            ))
        };
        if let Some(old) = self.queue.update(pod, class, rank) {
            self.cache.classes.release(old);
        }
        self.queue.record(&event);
        match place {
            Place::Assumed | Place::Taken => return gated,
            Place::Gated if gated => return true,
            _ => {}
        }
        if was_nominated || nominated.is_some() {
            self.renominate(&uid, nominated.as_ref(), now);
        } else {
            let node = self.nominator.node_of(&uid).cloned();
            self.nominate(&uid, node.as_ref());
        }
        self.requeue_one(&uid, place, &event, now);
        gated
    }

    /// Nominates a pod of the queue for a node, or for none.
    pub(super) fn nominate(&mut self, uid: &Arc<str>, node: Option<&Arc<str>>) {
        if let Some((old, _)) = self.nominator.remove(uid)
            && let Some(row) = self.cache.index(&old)
        {
            self.cache.touch(row);
        }
        let (Some(node), Some(entry)) = (node, self.queue.get(uid)) else {
            return;
        };
        let nomination = Nomination {
            uid: Arc::clone(uid),
            class: entry.class,
            priority: self.cache.classes.get(entry.class).priority,
        };
        self.nominator.set(nomination, node);
        if let Some(row) = self.cache.index(node) {
            self.cache.touch(row);
        }
    }

    /// The same after a nomination was changed; the room it leaves may do for others.
    pub(super) fn renominate(&mut self, uid: &Arc<str>, node: Option<&Arc<str>>, now: Time) {
        let moved = self
            .nominator
            .node_of(uid)
            .is_some_and(|old| Some(old) != node);
        self.nominate(uid, node);
        if moved && let Some(entry) = self.queue.get(uid) {
            let class = self.cache.classes.get(entry.class);
            self.denominated(class, now);
        }
    }

    /// A nomination of a pod of this class is gone: its room may do for pods of no higher priority.
    pub(super) fn denominated(&mut self, class: Arc<PodClass>, now: Time) {
        let event = Happened {
            up_to: class.priority,
            ..Happened::left(class)
        };
        self.react(&event, now);
    }

    /// Takes a pod out of the queue, with its nomination. Returns where it was.
    fn drop_entry(&mut self, uid: &str, now: Time) -> Option<Place> {
        let nomination = self.nominator.remove(uid);
        let entry = self.queue.remove(uid)?;
        let class = self.cache.classes.get(entry.class);
        self.cache.classes.release(entry.class);
        if let Some((node, _)) = nomination {
            if let Some(row) = self.cache.index(&node) {
                self.cache.touch(row);
            }
            self.denominated(class, now);
        }
        Some(entry.place)
    }
}
