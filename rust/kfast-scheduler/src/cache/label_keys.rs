//! Which label keys of pods matter: those some selector looks at.

use crate::model::{Labels, PodClass, PodInput, Rest};
use foldhash::HashSet;
use kfast_selector::LabelSelector;

type LabelSlice<'a> = &'a [(Box<str>, Box<str>)];

/// The label keys some selector looks at. Other labels are no part of a pod's class, so that pods which differ in
/// nothing else share one. A key that is looked at once stays.
#[derive(Debug, Default)]
pub struct LabelKeys {
    watched: HashSet<Box<str>>,
    /// Keys any pod has that are not watched.
    passed_over: HashSet<Box<str>>,
    /// Watched since the last `take_fresh`, though pods may have them already.
    fresh: Vec<Box<str>>,
}

impl LabelKeys {
    /// Watches the keys of a selector.
    pub fn watch(&mut self, selector: &LabelSelector) {
        for requirement in selector.requirements() {
            self.watch_key(requirement.key());
        }
    }

    /// Watches a key.
    pub fn watch_key(&mut self, key: &str) {
        if !self.watched.contains(key) {
            self.watched.insert(key.into());
            self.fresh.extend(self.passed_over.take(key));
        }
    }

    /// Watches what the class itself looks at.
    fn watch_class(&mut self, class: &PodClass) {
        let affinity = &class.affinity;
        let required = affinity.required.iter().chain(&affinity.required_anti);
        for term in required.chain(affinity.preferred.iter().map(|(_, term)| term)) {
            self.watch(&term.pods.selector);
        }
        for constraint in &class.spread.constraints {
            self.watch(&constraint.selector);
        }
    }

    /// Leaves in the class only labels with watched keys; the others go to the pod's `rest`.
    pub fn narrow(&mut self, input: &mut PodInput) {
        self.watch_class(&input.class);
        let labels = std::mem::take(&mut input.class.labels).into_vec();
        let (watched, rest): (Vec<_>, Vec<_>) = labels
            .into_iter()
            .partition(|(key, _)| self.watched.contains(key));
        for (key, _) in &rest {
            if !self.passed_over.contains(key) {
                self.passed_over.insert(key.clone());
            }
        }
        input.class.labels = watched.into();
        input.pod.rest = Rest::pack(&rest);
    }

    /// Keys watched lately that pods read before may have in their `rest`.
    pub fn take_fresh(&mut self) -> Vec<Box<str>> {
        std::mem::take(&mut self.fresh)
    }

    /// The labels and the rest of a pod now that these keys are watched, `None` if it has none of them.
    #[must_use]
    pub fn widened(
        labels: LabelSlice<'_>,
        rest: &Rest,
        fresh: &[Box<str>],
    ) -> Option<(Labels, Rest)> {
        let (gained, left): (Vec<_>, Vec<_>) = rest
            .unpack()
            .into_iter()
            .partition(|(key, _)| fresh.contains(key));
        if gained.is_empty() {
            return None;
        }
        let mut labels: Vec<_> = labels.iter().cloned().chain(gained).collect();
        labels.sort_unstable();
        Some((labels.into(), Rest::pack(&left)))
    }
}
