//! VolumeBinding: bound volumes are used where they can be; unbound claims are bound to volumes the node can use,
//! or to ones that can be made for it.

use crate::cache::volumes::{Matcher, Unmatched};
use crate::cache::{Cache, NodeView};
use crate::framework::{
    Chosen, ClusterEvent, Code, Events, Filter, NodeScore, Plugin, PreBind, PreFilter, PreFiltered,
    PreScored, Reason, Reasons, Rejection, Reserve, Score, Task,
};
use crate::model::PodClass;
use crate::model::volumes::VolumeDemand;
use crate::queue::{SECOND, Time};
use crate::scoring::{Shape, rounded};
use serde::Deserialize;
use std::sync::Arc;

const NAME: &str = "VolumeBinding";

/// Arguments; an absent field has upstream's default.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VolumeBindingArgs {
    /// Seconds to wait for claims to be bound.
    pub bind_timeout_seconds: i64,
    /// Score by used percentage of a storage class's capacity; without it the plugin does not score.
    pub shape: Option<Shape>,
}

impl Default for VolumeBindingArgs {
    fn default() -> Self {
        Self {
            bind_timeout_seconds: 600,
            shape: None,
        }
    }
}

/// The plugin.
pub struct VolumeBinding {
    timeout: Time,
    shape: Option<Arc<Shape>>,
}

impl VolumeBinding {
    /// The plugin with its arguments.
    #[must_use]
    pub fn new(args: &VolumeBindingArgs) -> Self {
        Self {
            timeout: args.bind_timeout_seconds.saturating_mul(SECOND),
            shape: args.shape.clone().map(Arc::new),
        }
    }
}

impl Default for VolumeBinding {
    fn default() -> Self {
        Self::new(&VolumeBindingArgs::default())
    }
}

impl Plugin for VolumeBinding {
    fn name(&self) -> &'static str {
        NAME
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

    fn reserve(&self) -> Option<&dyn Reserve> {
        Some(self)
    }

    fn pre_bind(&self) -> Option<&dyn PreBind> {
        Some(self)
    }

    fn events(&self) -> Events {
        Events::CLASS_ADD
            | Events::CLASS_TOPOLOGY
            | Events::CLAIM_ADD
            | Events::CLAIM_UPDATE
            | Events::VOLUME_ADD
            | Events::VOLUME_UPDATE
            | Events::NODE_ADD
            | Events::NODE_LABEL
            | Events::CSI_NODE_ADD
            | Events::CSI_MIGRATED
            | Events::CAPACITY
            | Events::CAPACITY_UNCHECKED
    }

    fn hint(&self, class: &PodClass, event: &ClusterEvent<'_>) -> bool {
        !event.events.meets(Events::CAPACITY_UNCHECKED)
            || class
                .volumes
                .csi_drivers
                .iter()
                .any(|driver| event.driver == Some(driver))
    }
}

/// The check of one demand.
struct Binding {
    demand: Arc<VolumeDemand>,
    matcher: Option<Matcher>,
}

impl Binding {
    fn new(demand: &Arc<VolumeDemand>, cache: &Cache) -> Self {
        Self {
            demand: Arc::clone(demand),
            matcher: (!demand.delayed.is_empty()).then(|| Matcher::new(cache.volumes(), demand)),
        }
    }
}

impl PreFilter for VolumeBinding {
    fn prepare(&self, class: &PodClass, cache: &mut Cache) -> PreFiltered {
        let Some(demand) = &class.volumes.demand else {
            return PreFiltered::Skip;
        };
        if let Some(fault) = &demand.unusable_claim {
            return PreFiltered::Reject(Rejection::of_fault(NAME, fault));
        }
        if demand.bound.is_empty() && demand.delayed.is_empty() {
            return PreFiltered::Skip;
        }
        PreFiltered::rows(Binding::new(demand, cache))
    }
}

impl Filter for VolumeBinding {
    /// For classes that were not prepared; all that have claims are.
    fn check(&self, _: &PodClass, _: NodeView<'_>) -> Option<Rejection> {
        None
    }
}

impl Filter for Binding {
    fn check(&self, _: &PodClass, node: NodeView<'_>) -> Option<Rejection> {
        let (mut misplaced, mut gone) = (false, false);
        for topology in &self.demand.bound {
            let Some(topology) = topology else {
                gone = true;
                break;
            };
            match topology.allows(node.spec(), node.volumes().migrated()) {
                Ok(true) => {}
                Ok(false) => {
                    misplaced = true;
                    break;
                }
                Err(text) => return Some(Rejection::error(NAME, text)),
            }
        }
        let unmatched = self
            .matcher
            .as_ref()
            .and_then(|m| m.find(node.spec()).err());
        let reasons: Reasons = [
            (
                misplaced,
                "node(s) didn't match PersistentVolume's node affinity",
            ),
            (
                unmatched == Some(Unmatched::NoVolume),
                "node(s) didn't find available persistent volumes to bind",
            ),
            (
                unmatched == Some(Unmatched::NoRoom),
                "node(s) did not have enough free storage",
            ),
            (
                gone,
                "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)",
            ),
        ]
        .into_iter()
        .filter(|(holds, _)| *holds)
        .map(|(_, text)| Reason::Text(text))
        .collect();
        (!reasons.is_empty()).then_some(Rejection {
            plugin: NAME,
            code: Code::UnschedulableAndUnresolvable,
            reasons,
        })
    }
}

/// The score of one demand.
struct Capacity {
    matcher: Option<Matcher>,
    shape: Arc<Shape>,
}

impl Score for VolumeBinding {
    fn prepare(&self, class: &PodClass, cache: &mut Cache) -> PreScored {
        let Some(shape) = &self.shape else {
            return PreScored::Skip;
        };
        let demand = class.volumes.demand.as_ref();
        let demand = demand.filter(|d| !d.delayed.is_empty());
        PreScored::rows(Capacity {
            matcher: demand.map(|d| Matcher::new(cache.volumes(), d)),
            shape: Arc::clone(shape),
        })
    }

    fn score(&self, _: &PodClass, _: NodeView<'_>) -> i64 {
        0
    }
}

impl NodeScore for Capacity {
    /// The mean over storage classes.
    fn score(&self, _: &PodClass, node: NodeView<'_>) -> i64 {
        let Some(matcher) = &self.matcher else {
            return 0;
        };
        let Ok(binding) = matcher.find(node.spec()) else {
            return 0;
        };
        let shares = matcher.shares(&binding);
        if shares.is_empty() {
            return 0;
        }
        let scores = shares
            .iter()
            .map(|&(used, all)| self.shape.of_share(used, all));
        rounded(
            scores.sum(),
            i64::try_from(shares.len()).unwrap_or(i64::MAX),
        )
    }
}

impl Reserve for VolumeBinding {
    fn reserve(&self, chosen: Chosen<'_>, cache: &mut Cache) -> Result<(), Rejection> {
        if chosen.pod.claims.is_empty() {
            return Ok(());
        }
        let volumes = cache.volumes();
        let demand = volumes.demand(chosen.pod, &chosen.class.volumes);
        let node = cache.index(chosen.node).and_then(|row| cache.node(row));
        let (Some(demand), Some(node)) = (demand, node) else {
            return Ok(());
        };
        let spec = node.spec().clone();
        cache
            .change_volumes(|v| v.reserve(chosen.pod, &demand, &spec))
            .map(drop)
            .map_err(|text| Rejection::error(NAME, &text))
    }

    fn unreserve(&self, chosen: Chosen<'_>, cache: &mut Cache) {
        cache.change_volumes(|v| v.unreserve(&chosen.pod.uid));
    }
}

impl PreBind for VolumeBinding {
    fn tasks(&self, chosen: Chosen<'_>, cache: &Cache) -> Vec<Task> {
        let Some(binding) = cache.volumes().binding(&chosen.pod.uid) else {
            return Vec::new();
        };
        let name =
            |c: &crate::model::volumes::Claim| (Arc::clone(&c.namespace), Arc::clone(&c.name));
        let fixed = binding
            .fixed
            .iter()
            .map(|(volume, claim)| Task::BindVolume {
                volume: Arc::clone(volume),
                claim: name(claim),
            });
        let made = binding
            .made
            .iter()
            .map(|claim| Task::SelectNode { claim: name(claim) });
        let claims = binding.fixed.iter().map(|(_, c)| c).chain(&binding.made);
        let wait = Task::AwaitClaims {
            claims: claims.map(|c| name(c)).collect(),
            timeout: self.timeout,
        };
        fixed.chain(made).chain([wait]).collect()
    }
}
