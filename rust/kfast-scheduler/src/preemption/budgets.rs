//! PodDisruptionBudgets as preemption sees them: how many matching pods may go before a budget is violated.

use crate::SchedulerError;
use crate::cache::{LabelKeys, Placed};
use crate::model::PodClass;
use kfast_core::Object;
use kfast_selector::LabelSelector;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};

#[derive(Debug, PartialEq, Eq)]
struct Budget {
    /// `None` if it matches no pod: absent, empty or invalid.
    selector: Option<LabelSelector>,
    /// `status.disruptionsAllowed`.
    allowed: i32,
    /// Names in `status.disruptedPods`: already taken off `allowed`.
    disrupted: HashSet<Box<str>>,
}

/// All budgets by namespace and name.
#[derive(Debug, Default)]
pub struct Budgets {
    by_namespace: HashMap<Box<str>, BTreeMap<Box<str>, Budget>>,
    version: u64,
    reach: u64,
}

impl Budgets {
    /// Changes with every change of a budget.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Changes when other pods may fall under budgets.
    #[must_use]
    pub fn reach(&self) -> u64 {
        self.reach
    }

    /// Adds or replaces a PodDisruptionBudget; its selector's keys join the watched ones.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn set(&mut self, object: &Object, keys: &mut LabelKeys) -> Result<(), SchedulerError> {
        let body: Value = serde_json::from_slice(object.slim())
            .map_err(|e| SchedulerError::malformed("PodDisruptionBudget", object, &e))?;
        let selector = LabelSelector::from_value(body.pointer("/spec/selector")).ok();
        if let Some(selector) = &selector {
            keys.watch(selector);
        }
        let allowed = body.pointer("/status/disruptionsAllowed");
        let disrupted = body.pointer("/status/disruptedPods");
        let budget = Budget {
            selector: selector.filter(|s| !s.is_empty() && !s.is_nothing()),
            allowed: allowed
                .and_then(Value::as_i64)
                .map_or(0, |n| i32::try_from(n).unwrap_or(i32::MAX)),
            disrupted: disrupted
                .and_then(Value::as_object)
                .map(|pods| pods.keys().map(|name| name.as_str().into()).collect())
                .unwrap_or_default(),
        };
        let here = self.by_namespace.entry(object.namespace().into());
        let here = here.or_default();
        let old = here.get(object.name());
        if old != Some(&budget) {
            self.version += 1;
            let same =
                |old: &Budget| old.selector == budget.selector && old.disrupted == budget.disrupted;
            self.reach += u64::from(!old.is_some_and(same));
            here.insert(object.name().into(), budget);
        }
        Ok(())
    }

    /// Removes a PodDisruptionBudget.
    pub fn remove(&mut self, namespace: &str, name: &str) {
        if let Some(here) = self.by_namespace.get_mut(namespace) {
            here.remove(name);
            if here.is_empty() {
                self.by_namespace.remove(namespace);
            }
            self.version += 1;
            self.reach += 1;
        }
    }

    /// A count of pods going one after another.
    #[must_use]
    pub fn tally(&self) -> Tally<'_> {
        Tally {
            budgets: self,
            gone: HashMap::new(),
        }
    }
}

/// Pods going one after another, counted against the budgets.
pub struct Tally<'a> {
    budgets: &'a Budgets,
    gone: HashMap<*const Budget, i32>,
}

impl Tally<'_> {
    /// One more pod goes. Whether any budget has a say about it, and whether its going violates one.
    pub fn goes(&mut self, class: &PodClass, pod: &Placed) -> (bool, bool) {
        let here = self.budgets.by_namespace.get(&*pod.occupant.namespace);
        let labels = &class.labels;
        if labels.is_empty() && pod.occupant.rest.is_empty() {
            return (false, false);
        }
        let (mut matched, mut violated) = (false, false);
        for budget in here.into_iter().flat_map(BTreeMap::values) {
            let matches = budget.selector.as_ref().is_some_and(|s| s.matches(labels));
            matched |= matches;
            if !matches || budget.disrupted.contains(&*pod.occupant.name) {
                continue;
            }
            let gone = self.gone.entry(std::ptr::from_ref(budget)).or_default();
            *gone += 1;
            violated |= *gone > budget.allowed;
        }
        (matched, violated)
    }
}
