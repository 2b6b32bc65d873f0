//! Plugins outside the core: their verdicts come as columns over all nodes, asked for once per class.

use super::{
    Events, Filter, MAX_NODE_SCORE, NodeScore, Normalize, Plugin, PreFilter, PreFiltered,
    PreScored, Range, Rejection, Score,
};
use crate::cache::{Cache, ClassId, Moment, NodeView, Verdict};
use crate::model::PodClass;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// What a verdict depends on besides the class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Depends {
    /// The nodes' objects.
    #[default]
    Nodes,
    /// These and the pods on the nodes.
    Requested,
    /// The world: asked in every cycle.
    Cycle,
}

/// How raw scores become 0..=100.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Normalizing {
    /// They are already.
    #[default]
    None,
    /// `100 * score / highest`.
    Highest,
    /// `100 - 100 * score / highest`.
    Reverse,
}

/// A plugin outside the core as a profile names it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExternalSpec {
    /// Its name.
    pub name: String,
    /// How long verdicts hold.
    #[serde(default)]
    pub depends: Depends,
    /// How its scores are normalised.
    #[serde(default)]
    pub normalize: Normalizing,
    /// It is asked last, and told which nodes are feasible so far.
    #[serde(default)]
    pub among_feasible: bool,
}

/// The plugin.
pub struct External {
    name: &'static str,
    depends: Depends,
    normalize: Normalizing,
    /// Asked last, about feasible nodes.
    pub among_feasible: bool,
}

impl External {
    /// The plugin of a specification.
    #[must_use]
    pub fn new(spec: &ExternalSpec) -> Self {
        Self {
            name: lasting(&spec.name),
            depends: spec.depends,
            normalize: spec.normalize,
            among_feasible: spec.among_feasible,
        }
    }

    /// Whether its last verdict on a class still holds.
    #[must_use]
    pub fn holds(&self, class: ClassId, cache: &Cache) -> bool {
        let (given, now) = (cache.verdicts.given(class, self.name), cache.moment());
        match (given, self.depends) {
            (None, _) => false,
            (Some(Moment { nodes, .. }), Depends::Nodes) => nodes == now.nodes,
            (Some(given), Depends::Requested) => given == now,
            (Some(_), Depends::Cycle) => true,
        }
    }

    /// Whether a verdict serves one cycle only.
    #[must_use]
    pub fn is_spent_by_a_cycle(&self) -> bool {
        self.depends == Depends::Cycle
    }

    fn verdict(&self, class: &PodClass, cache: &Cache) -> Option<Arc<Verdict>> {
        let class = cache.classes.find(class)?;
        cache.verdicts.get(class, self.name).map(Arc::clone)
    }

    fn number(&self, class: &PodClass, cache: &Cache) -> u64 {
        let class = cache.classes.find(class);
        class.map_or(0, |class| cache.verdicts.version(class, self.name))
    }
}

impl Plugin for External {
    fn name(&self) -> &'static str {
        self.name
    }

    fn pre_filter(&self) -> Option<&dyn PreFilter> {
        Some(self)
    }

    fn filter(&self) -> Option<&dyn Filter> {
        Some(self)
    }

    fn score(&self) -> Option<&dyn Score> {
        Some(self)
    }

    /// Nobody knows what may help: upstream's answer for plugins that do not say.
    fn events(&self) -> Events {
        Events::ALL
    }

    fn external(&self) -> Option<&External> {
        Some(self)
    }
}

impl PreFilter for External {
    fn prepare(&self, class: &PodClass, cache: &mut Cache) -> PreFiltered {
        match self.verdict(class, cache) {
            Some(verdict) if !verdict.filtered.is_empty() => PreFiltered::rows(Column(verdict)),
            _ => PreFiltered::Skip,
        }
    }

    fn version(&self, class: &PodClass, cache: &Cache) -> u64 {
        self.number(class, cache)
    }
}

impl Filter for External {
    /// Rows are checked by what `prepare` returned.
    fn check(&self, _: &PodClass, _: NodeView<'_>) -> Option<Rejection> {
        None
    }
}

impl Score for External {
    fn prepare(&self, class: &PodClass, cache: &mut Cache) -> PreScored {
        match self.verdict(class, cache) {
            Some(verdict) if !verdict.scores.is_empty() => PreScored::rows(Column(verdict)),
            _ => PreScored::Skip,
        }
    }

    fn version(&self, class: &PodClass, cache: &Cache) -> u64 {
        self.number(class, cache)
    }

    fn score(&self, _: &PodClass, _: NodeView<'_>) -> i64 {
        0
    }

    fn normalize(&self) -> Option<&dyn Normalize> {
        (self.normalize != Normalizing::None).then_some(self)
    }
}

impl Normalize for External {
    fn normalize(&self, raw: i64, range: Range) -> i64 {
        let reverse = self.normalize == Normalizing::Reverse;
        if range.max <= 0 {
            return if reverse { MAX_NODE_SCORE } else { raw };
        }
        let score = raw.saturating_mul(MAX_NODE_SCORE) / range.max;
        if reverse {
            MAX_NODE_SCORE - score
        } else {
            score
        }
    }
}

/// A verdict read by row. Rows younger than it pass and score 0.
struct Column(Arc<Verdict>);

impl Filter for Column {
    fn check(&self, _: &PodClass, node: NodeView<'_>) -> Option<Rejection> {
        let reason = *self.0.filtered.get(node.index() as usize)?;
        let at = usize::try_from(reason).ok()?.checked_sub(1)?;
        self.0.rejections.get(at).cloned()
    }
}

impl NodeScore for Column {
    fn score(&self, _: &PodClass, node: NodeView<'_>) -> i64 {
        self.0
            .scores
            .get(node.index() as usize)
            .copied()
            .unwrap_or_default()
    }
}

/// A name that lives as long as the process: rejections carry plugin names by reference. Each is kept once.
fn lasting(name: &str) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return known;
    }
    let kept: &'static str = Box::leak(name.into());
    names.insert(kept);
    kept
}
