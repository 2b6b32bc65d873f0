//! What plugins outside the core said of classes: columns over node rows.

use super::ClassId;
use crate::framework::Rejection;
use std::collections::HashMap;
use std::sync::Arc;

/// One plugin's verdict on one class.
#[derive(Debug, Default)]
pub struct Verdict {
    /// By row: 0 passes, `n` is rejected for `rejections[n - 1]`. Empty if the plugin does not filter.
    pub filtered: Vec<u32>,
    /// What `filtered` refers to.
    pub rejections: Vec<Rejection>,
    /// Raw scores by row. Empty if the plugin does not score.
    pub scores: Vec<i64>,
}

/// A verdict with what it was made from.
struct Kept {
    verdict: Arc<Verdict>,
    number: u64,
    nodes: u64,
    changes: u64,
}

/// The verdicts in force.
#[derive(Default)]
pub struct Verdicts {
    kept: HashMap<(ClassId, &'static str), Kept>,
    last: u64,
}

/// How far the cluster had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Version of the nodes' objects.
    pub nodes: u64,
    /// End of the log of changed rows.
    pub changes: u64,
}

impl Verdicts {
    /// Whether no verdict was ever given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The verdict of a plugin on a class.
    #[must_use]
    pub fn get(&self, class: ClassId, plugin: &'static str) -> Option<&Arc<Verdict>> {
        self.kept.get(&(class, plugin)).map(|kept| &kept.verdict)
    }

    /// Another number whenever `get` answers differently; 0 for none.
    #[must_use]
    pub fn version(&self, class: ClassId, plugin: &'static str) -> u64 {
        self.kept
            .get(&(class, plugin))
            .map_or(0, |kept| kept.number)
    }

    /// When the verdict was given.
    #[must_use]
    pub fn given(&self, class: ClassId, plugin: &'static str) -> Option<Moment> {
        let kept = self.kept.get(&(class, plugin))?;
        Some(Moment {
            nodes: kept.nodes,
            changes: kept.changes,
        })
    }

    /// Replaces a verdict.
    pub fn put(&mut self, class: ClassId, plugin: &'static str, verdict: Verdict, now: Moment) {
        self.last += 1;
        let kept = Kept {
            verdict: Arc::new(verdict),
            number: self.last,
            nodes: now.nodes,
            changes: now.changes,
        };
        self.kept.insert((class, plugin), kept);
    }

    /// Drops a verdict.
    pub fn drop(&mut self, class: ClassId, plugin: &'static str) {
        self.kept.remove(&(class, plugin));
    }

    /// Drops all verdicts of a plugin.
    pub fn drop_all(&mut self, plugin: &str) {
        self.kept.retain(|(_, name), _| *name != plugin);
    }

    /// Drops what was said of classes whose numbers were given up.
    pub fn forget(&mut self, classes: &[ClassId]) {
        if !self.kept.is_empty() && !classes.is_empty() {
            self.kept.retain(|(class, _), _| !classes.contains(class));
        }
    }
}
