//! Preemptions under way: a pod is held out of the queue until the deletion of all its victims has begun.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Preemptors with the victims whose deletion has not begun, and the reverse.
#[derive(Debug, Default)]
pub struct Running {
    waiting: HashMap<Arc<str>, HashSet<Arc<str>>>,
    preemptors: HashMap<Arc<str>, Vec<Arc<str>>>,
}

impl Running {
    /// Notes whom a preemptor waits for.
    pub fn start(&mut self, preemptor: &Arc<str>, victims: impl Iterator<Item = Arc<str>>) {
        self.finish(preemptor);
        let victims: HashSet<_> = victims.collect();
        if victims.is_empty() {
            return;
        }
        for victim in &victims {
            let preemptors = self.preemptors.entry(Arc::clone(victim)).or_default();
            preemptors.push(Arc::clone(preemptor));
        }
        self.waiting.insert(Arc::clone(preemptor), victims);
    }

    /// A pod's deletion has begun, or it is gone. Returns the preemptors that need not wait any more.
    pub fn going(&mut self, victim: &str) -> Vec<Arc<str>> {
        let mut ready = Vec::new();
        if self.preemptors.is_empty() {
            return ready;
        }
        for preemptor in self.preemptors.remove(victim).unwrap_or_default() {
            if let Some(victims) = self.waiting.get_mut(&preemptor) {
                victims.remove(victim);
                if victims.is_empty() {
                    self.waiting.remove(&preemptor);
                    ready.push(preemptor);
                }
            }
        }
        ready
    }

    /// The preemptor need not wait any more.
    pub fn finish(&mut self, preemptor: &str) {
        if self.waiting.is_empty() {
            return;
        }
        for victim in self.waiting.remove(preemptor).into_iter().flatten() {
            if let Some(preemptors) = self.preemptors.get_mut(&victim) {
                preemptors.retain(|uid| **uid != *preemptor);
                if preemptors.is_empty() {
                    self.preemptors.remove(&victim);
                }
            }
        }
    }

    /// Whether the pod waits for its victims.
    #[must_use]
    pub fn holds(&self, preemptor: &str) -> bool {
        self.waiting.contains_key(preemptor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preemptor_waits_for_all_its_victims() {
        let name = |n: &str| Arc::from(n);
        let mut running = Running::default();
        running.start(&name("p"), [name("a"), name("b")].into_iter());
        running.start(&name("q"), [name("b")].into_iter());
        assert_eq!(running.going("b"), [name("q")]);
        assert!(running.holds("p") && !running.holds("q"));
        assert_eq!(running.going("a"), [name("p")]);
        assert!(!running.holds("p"));
        running.start(&name("p"), [name("a")].into_iter());
        running.finish("p");
        assert!(!running.holds("p") && running.preemptors.is_empty());
        running.start(&name("p"), std::iter::empty());
        assert!(!running.holds("p"));
    }
}
