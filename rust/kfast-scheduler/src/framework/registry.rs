//! The default profile: plugins in upstream's order with their weights.

use super::Plugin;
use crate::plugins as p;

/// Plugins in the order they run, with the weight of their scores.
pub struct Profile(Vec<(Box<dyn Plugin>, i64)>);

/// The default profile of v1.36.
#[must_use]
pub fn default_profile() -> Profile {
    Profile(vec![
        (Box::new(p::SchedulingGates), 0),
        (Box::new(p::PrioritySort), 0),
        (Box::new(p::NodeUnschedulable), 0),
        (Box::new(p::NodeName), 0),
        (Box::new(p::TaintToleration), 3),
        (Box::new(p::NodeAffinity::default()), 2),
        (Box::new(p::NodePorts), 0),
        (Box::new(p::NodeResourcesFit::default()), 1),
        (Box::new(p::DefaultPreemption), 0),
        (Box::new(p::NodeResourcesBalancedAllocation::default()), 1),
        (Box::new(p::ImageLocality), 1),
    ])
}

impl Profile {
    /// All plugins in order.
    pub fn plugins(&self) -> impl Iterator<Item = &dyn Plugin> {
        self.0.iter().map(|(plugin, _)| plugin.as_ref())
    }

    /// The plugin at a place in the order.
    #[must_use]
    pub fn plugin(&self, at: usize) -> Option<&dyn Plugin> {
        self.0.get(at).map(|(plugin, _)| plugin.as_ref())
    }

    /// The scoring plugins with their weights, in order.
    pub fn scorers(&self) -> impl Iterator<Item = (&'static str, &dyn super::Score, i64)> {
        self.0
            .iter()
            .filter_map(|(p, weight)| p.score().map(|s| (p.name(), s, *weight)))
    }

    /// The rank of a pod in the active queue.
    #[must_use]
    pub fn rank(&self, pod: &crate::model::Pod) -> i64 {
        self.plugins()
            .find_map(Plugin::queue_sort)
            .map_or(0, |sort| sort.rank(pod))
    }

    /// The first PreEnqueue plugin's reason to hold a pod back.
    #[must_use]
    pub fn gate(&self, pod: &crate::model::Pod) -> Option<super::Rejection> {
        self.plugins()
            .filter_map(Plugin::pre_enqueue)
            .find_map(|p| p.check(pod))
    }

    /// The set of plugins of these names.
    #[must_use]
    pub fn set(&self, names: &[&'static str]) -> PluginSet {
        let at = |name| self.plugins().position(|p| p.name() == name);
        PluginSet(
            names
                .iter()
                .filter_map(|n| at(*n))
                .fold(0, |set, i| set | 1 << i),
        )
    }

    /// Whether one of the plugins thinks that the event helps pods of the class. An empty set stands for
    /// a pod no plugin rejected: every event helps.
    #[must_use]
    pub fn helps(
        &self,
        set: PluginSet,
        class: &crate::model::PodClass,
        event: &super::ClusterEvent<'_>,
    ) -> bool {
        set.0 == 0
            || self.plugins().enumerate().any(|(i, plugin)| {
                set.0 & 1 << i != 0
                    && plugin.events().meets(event.events)
                    && plugin.hint(class, event)
            })
    }
}

/// A set of plugins of one profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct PluginSet(u64);
