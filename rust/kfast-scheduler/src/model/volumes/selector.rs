//! Label selectors of claims and storage capacities.

use kfast_selector::LabelSelector;
use serde_json::Value;
use std::hash::{Hash, Hasher};

/// A compiled label selector that compares by how it is written.
#[derive(Clone, Debug)]
pub struct Selector {
    written: Value,
    compiled: LabelSelector,
}

impl Selector {
    /// Compiles a `LabelSelector`; one that is invalid selects nothing.
    #[must_use]
    pub fn new(written: Value) -> Self {
        let compiled =
            LabelSelector::from_value(Some(&written)).unwrap_or_else(|_| LabelSelector::nothing());
        Self { written, compiled }
    }

    /// The compiled form.
    #[must_use]
    pub fn compiled(&self) -> &LabelSelector {
        &self.compiled
    }
}

impl PartialEq for Selector {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Eq for Selector {}

impl Hash for Selector {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.written.to_string().hash(state);
    }
}
