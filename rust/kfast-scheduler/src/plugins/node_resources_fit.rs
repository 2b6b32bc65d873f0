//! NodeResourcesFit: requests must fit what is left; scores by a strategy over configured resources.

use crate::cache::{Cache, NodeIndex, NodeView};
use crate::framework::{
    ClusterEvent, Code, Events, Filter, Plugin, Reason, Reasons, Rejection, Score,
};
use crate::model::{PodClass, ResourceId, ResourceNames};
use crate::scoring::{Column, ResourceSpec, Scored, Shape, Strategy, default_resources, scored};
use serde::Deserialize;
use smallvec::SmallVec;

/// Arguments; an absent field has upstream's default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeResourcesFitArgs {
    /// Extended resources the filter leaves to others.
    pub ignored_resources: Vec<String>,
    /// The same for all resources with these prefixes (`example.com`).
    pub ignored_resource_groups: Vec<String>,
    /// How nodes are ranked.
    pub scoring_strategy: ScoringStrategy,
}

/// `scoringStrategy`: a type, the resources, and a shape for RequestedToCapacityRatio.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ScoringStrategy {
    /// The type.
    #[serde(rename = "type")]
    pub kind: ScoringStrategyType,
    /// Resources with weights; cpu and memory if empty.
    pub resources: Vec<ResourceSpec>,
    /// Used by RequestedToCapacityRatio alone.
    pub requested_to_capacity_ratio: RequestedToCapacityRatio,
}

impl Default for ScoringStrategy {
    fn default() -> Self {
        Self {
            kind: ScoringStrategyType::LeastAllocated,
            resources: default_resources(),
            requested_to_capacity_ratio: RequestedToCapacityRatio::default(),
        }
    }
}

/// The type of a scoring strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum ScoringStrategyType {
    /// The emptier the better.
    LeastAllocated,
    /// The fuller the better.
    MostAllocated,
    /// By a shape.
    RequestedToCapacityRatio,
}

/// Arguments of RequestedToCapacityRatio.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct RequestedToCapacityRatio {
    /// Score by used percentage.
    pub shape: Shape,
}

/// The plugin.
pub struct NodeResourcesFit {
    ignored_resources: Vec<ResourceId>,
    ignored_groups: Vec<String>,
    strategy: Strategy,
    scored: Vec<Scored>,
}

impl NodeResourcesFit {
    /// The plugin with its arguments; resources they name are numbered in `names`.
    #[must_use]
    pub fn new(args: &NodeResourcesFitArgs, names: &mut ResourceNames) -> Self {
        let strategy = &args.scoring_strategy;
        Self {
            ignored_resources: args
                .ignored_resources
                .iter()
                .filter(|n| is_extended(n))
                .filter_map(|n| names.id(n))
                .collect(),
            ignored_groups: args.ignored_resource_groups.clone(),
            strategy: match strategy.kind {
                ScoringStrategyType::LeastAllocated => Strategy::LeastAllocated,
                ScoringStrategyType::MostAllocated => Strategy::MostAllocated,
                ScoringStrategyType::RequestedToCapacityRatio => {
                    let shape = strategy.requested_to_capacity_ratio.shape.clone();
                    Strategy::RequestedToCapacityRatio(shape)
                }
            },
            scored: scored(&strategy.resources, names),
        }
    }

    fn ignores(&self, resource: ResourceId, node: NodeView<'_>) -> bool {
        if self.ignored_resources.contains(&resource) {
            return true;
        }
        if self.ignored_groups.is_empty() {
            return false;
        }
        let name = node.resource_name(resource);
        is_extended(name)
            && name
                .split_once('/')
                .is_some_and(|(group, _)| self.ignored_groups.iter().any(|g| g == group))
    }
}

impl Default for NodeResourcesFit {
    fn default() -> Self {
        Self::new(
            &NodeResourcesFitArgs::default(),
            &mut ResourceNames::default(),
        )
    }
}

/// Whether a name is an extended resource's: qualified, outside kubernetes.io.
fn is_extended(name: &str) -> bool {
    name.contains('/') && !name.contains("kubernetes.io/") && !name.starts_with("requests.")
}

impl Plugin for NodeResourcesFit {
    fn name(&self) -> &'static str {
        "NodeResourcesFit"
    }

    fn filter(&self) -> Option<&dyn Filter> {
        Some(self)
    }

    fn score(&self) -> Option<&dyn Score> {
        Some(self)
    }

    fn events(&self) -> Events {
        Events::POD_DELETE
            | Events::POD_SCALE_DOWN
            | Events::TARGET_SCALE_DOWN
            | Events::NODE_ADD
            | Events::NODE_ALLOCATABLE
    }

    /// A node helps if it could hold the pod when empty: what is on it may be preempted.
    fn hint(&self, class: &PodClass, event: &ClusterEvent<'_>) -> bool {
        if let Some(node) = event.node {
            let fits = |(id, amount): (ResourceId, i64)| {
                amount <= node.allocatable(id) || self.ignores(id, node)
            };
            return node.allowed_pods() > 0 && class.requests.iter().all(fits);
        }
        match (event.pod, event.pod_now) {
            (Some(old), Some(now)) => {
                let mut wanted = class.requests.iter();
                wanted.any(|(id, _)| old.requests.get(id) > now.requests.get(id))
            }
            _ => true,
        }
    }
}

impl Filter for NodeResourcesFit {
    fn check(&self, class: &PodClass, node: NodeView<'_>) -> Option<Rejection> {
        let mut reasons = Reasons::new();
        let mut code = Code::Unschedulable;
        if node.pods() + 1 > node.allowed_pods() {
            reasons.push(Reason::Text("Too many pods"));
        }
        for (resource, request) in class.requests.iter() {
            let allocatable = node.allocatable(resource);
            if request > allocatable.saturating_sub(node.requested(resource))
                && !self.ignores(resource, node)
            {
                reasons.push(Reason::Insufficient(resource));
                if request > allocatable {
                    code = Code::UnschedulableAndUnresolvable;
                }
            }
        }
        (!reasons.is_empty()).then(|| Rejection {
            plugin: self.name(),
            code,
            reasons,
        })
    }

    fn screen(&self, class: &PodClass, cache: &Cache, rows: &mut Vec<NodeIndex>) {
        let ignores_some = !self.ignored_resources.is_empty() || !self.ignored_groups.is_empty();
        if ignores_some {
            let fits = |node| self.check(class, node).is_none();
            rows.retain(|&row| cache.node(row).is_some_and(fits));
            return;
        }
        let (pods, allowed) = cache.columns().pod_counts();
        rows.retain(|&row| pods[row as usize] < allowed[row as usize]);
        for (resource, request) in class.requests.iter() {
            match cache.columns().of(resource) {
                None => rows.clear(),
                Some((capacity, used)) => rows.retain(|&row| {
                    request <= capacity[row as usize].saturating_sub(used[row as usize])
                }),
            }
        }
    }
}

impl Score for NodeResourcesFit {
    /// The strategy over the configured resources, on requests with defaults.
    fn score(&self, class: &PodClass, node: NodeView<'_>) -> i64 {
        let shares = self.scored.iter();
        self.strategy
            .score(shares.filter_map(|r| r.with_defaults(class, node)))
    }

    fn column(&self, class: &PodClass, cache: &Cache, rows: &[NodeIndex], out: &mut Vec<i64>) {
        let columns = self.scored.iter();
        let columns = columns.filter_map(|r| r.column_with_defaults(class, cache));
        let columns: SmallVec<[Column<'_>; 2]> = columns.collect();
        let score = |&row| {
            self.strategy
                .score(columns.iter().filter_map(|c| c.share(row)))
        };
        out.extend(rows.iter().map(score));
    }
}
