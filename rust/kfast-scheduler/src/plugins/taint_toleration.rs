//! TaintToleration: hard taints filter; soft taints not tolerated cost score.

use crate::cache::NodeView;
use crate::framework::{
    ClusterEvent, Events, Filter, MAX_NODE_SCORE, Normalize, Plugin, Range, Rejection, Score,
};
use crate::model::{Effect, PodClass};

/// The plugin.
pub struct TaintToleration;

impl Plugin for TaintToleration {
    fn name(&self) -> &'static str {
        "TaintToleration"
    }

    fn filter(&self) -> Option<&dyn Filter> {
        Some(self)
    }

    fn score(&self) -> Option<&dyn Score> {
        Some(self)
    }

    fn events(&self) -> Events {
        Events::NODE_ADD | Events::NODE_TAINT | Events::TARGET_TOLERATION
    }

    fn hint(&self, class: &PodClass, event: &ClusterEvent<'_>) -> bool {
        event.node.is_none_or(|n| self.check(class, n).is_none())
    }
}

impl Filter for TaintToleration {
    fn check(&self, class: &PodClass, node: NodeView<'_>) -> Option<Rejection> {
        node.spec()
            .taints
            .iter()
            .filter(|t| matches!(t.effect, Effect::NoSchedule | Effect::NoExecute))
            .any(|taint| !class.tolerations.iter().any(|t| t.tolerates(taint)))
            .then(|| Rejection::unresolvable(self.name(), "node(s) had untolerated taint(s)"))
    }
}

impl Score for TaintToleration {
    fn score(&self, class: &PodClass, node: NodeView<'_>) -> i64 {
        let soft = |e| matches!(e, Effect::Any | Effect::PreferNoSchedule);
        let count = node
            .spec()
            .taints
            .iter()
            .filter(|t| t.effect == Effect::PreferNoSchedule)
            .filter(|taint| {
                !class
                    .tolerations
                    .iter()
                    .any(|t| soft(t.effect) && t.tolerates(taint))
            })
            .count();
        i64::try_from(count).unwrap_or(i64::MAX)
    }

    fn normalize(&self) -> Option<&dyn Normalize> {
        Some(self)
    }
}

impl Normalize for TaintToleration {
    fn normalize(&self, raw: i64, range: Range) -> i64 {
        match range.max {
            0 => MAX_NODE_SCORE,
            max => MAX_NODE_SCORE - MAX_NODE_SCORE * raw / max,
        }
    }
}
