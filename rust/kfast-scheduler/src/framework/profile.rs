//! A profile: which plugins run at which extension point, in which order, with which weights and arguments.

use super::registry::REGISTRY;
use super::{
    Events, External, ExternalSpec, Plugin, PluginSet, PostFilter, PreBind, PreEnqueue, Rejection,
    Rejectors, Reserve, Score,
};
use crate::SchedulerError;
use crate::model::{Pod, PodClass, ResourceNames};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;

/// The name pods get that ask for no scheduler.
pub const DEFAULT_SCHEDULER: &str = "default-scheduler";

/// The extension points the core runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Point {
    /// Before a pod enters the active queue.
    PreEnqueue,
    /// The order of the active queue.
    QueueSort,
    /// Once per pod, before any node.
    PreFilter,
    /// Per node.
    Filter,
    /// When no node is left.
    PostFilter,
    /// Once per pod, before any score.
    PreScore,
    /// Per feasible node.
    Score,
    /// When a node is chosen.
    Reserve,
    /// Before binding.
    PreBind,
    /// Whether to bind now, later or not at all.
    Permit,
    /// Binding.
    Bind,
}

const POINTS: usize = Point::Bind as usize + 1;

/// A plugin at one extension point.
#[derive(Clone, Debug, Deserialize)]
pub struct Enabled {
    /// Its name.
    pub name: String,
    /// The weight of its scores; 0 where it does not score.
    #[serde(default)]
    pub weight: i64,
}

/// What a profile is made from.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProfileSpec {
    /// `schedulerName` of the pods it is for.
    pub scheduler_name: String,
    /// Plugins by extension point in their order; an absent point runs no plugin. `None` is the default profile.
    #[serde(default)]
    pub plugins: Option<HashMap<Point, Vec<Enabled>>>,
    /// Arguments by plugin, as in v1 of kubescheduler.config.k8s.io.
    #[serde(default)]
    pub args: HashMap<String, Value>,
    /// Plugins outside the core.
    #[serde(default)]
    pub external: Vec<ExternalSpec>,
    /// How many of all nodes are enough to choose from, in percent; 0 stands for all.
    #[serde(default)]
    pub percentage_of_nodes_to_score: usize,
}

impl Default for ProfileSpec {
    fn default() -> Self {
        Self {
            scheduler_name: DEFAULT_SCHEDULER.to_owned(),
            plugins: None,
            args: HashMap::new(),
            external: Vec::new(),
            percentage_of_nodes_to_score: 0,
        }
    }
}

/// Plugins in the order they run. The default has none.
#[derive(Default)]
pub struct Profile {
    name: Box<str>,
    plugins: Vec<Box<dyn Plugin>>,
    /// By extension point: positions in `plugins` with weights.
    points: [Vec<(usize, i64)>; POINTS],
    percentage_of_nodes_to_score: usize,
}

impl Profile {
    /// Makes every plugin of the specification.
    ///
    /// # Errors
    /// `Profile`: a plugin is unknown, or refuses its arguments.
    pub fn new(spec: &ProfileSpec, names: &mut ResourceNames) -> Result<Self, SchedulerError> {
        let mut profile = Self {
            name: spec.scheduler_name.as_str().into(),
            percentage_of_nodes_to_score: spec.percentage_of_nodes_to_score,
            ..Self::default()
        };
        let fail = |plugin: &str, cause: &dyn std::fmt::Display| SchedulerError::Profile {
            profile: spec.scheduler_name.clone(),
            cause: format!("initializing plugin \"{plugin}\": {cause}"),
        };
        let asked = |name: &str| {
            spec.plugins
                .as_ref()
                .is_none_or(|points| points.values().flatten().any(|e| e.name == name))
        };
        for (name, _, make) in REGISTRY.iter().filter(|(name, ..)| asked(name)) {
            let args = spec.args.get(*name).unwrap_or(&Value::Null);
            let plugin = make(args, names).map_err(|e| fail(name, &e))?;
            profile.plugins.push(plugin);
        }
        for external in spec.external.iter().filter(|e| asked(&e.name)) {
            profile.plugins.push(Box::new(External::new(external)));
        }
        if profile.plugins.len() > PluginSet::CAPACITY {
            return Err(fail("", &"a profile has at most 64 plugins"));
        }
        match &spec.plugins {
            None => profile.enable_all(),
            Some(points) => {
                for (&point, enabled) in points {
                    for one in enabled {
                        let at = profile.plugins.iter().position(|p| p.name() == one.name);
                        let at = at.ok_or_else(|| fail(&one.name, &"there is no such plugin"))?;
                        profile.points[point as usize].push((at, one.weight));
                    }
                }
            }
        }
        Ok(profile)
    }

    fn enable_all(&mut self) {
        for (at, plugin) in self.plugins.iter().enumerate() {
            let weight = REGISTRY.iter().find(|(name, ..)| *name == plugin.name());
            let weight = weight.map_or(0, |(_, weight, _)| *weight);
            for point in &mut self.points {
                point.push((at, weight));
            }
        }
    }

    /// `schedulerName` of the pods it is for.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many of all nodes are enough to choose from, in percent; 0 stands for all.
    #[must_use]
    pub fn percentage_of_nodes_to_score(&self) -> usize {
        self.percentage_of_nodes_to_score
    }

    /// All plugins.
    pub fn plugins(&self) -> impl Iterator<Item = &dyn Plugin> {
        self.plugins.iter().map(AsRef::as_ref)
    }

    /// The plugin with a number.
    #[must_use]
    pub fn plugin(&self, at: usize) -> Option<&dyn Plugin> {
        self.plugins.get(at).map(AsRef::as_ref)
    }

    /// The plugins outside the core that filter or score.
    pub fn externals(&self) -> impl Iterator<Item = &External> {
        let asked = |at: usize| {
            [Point::Filter, Point::Score]
                .iter()
                .any(|&p| self.points[p as usize].iter().any(|&(i, _)| i == at))
        };
        let plugins = self.plugins.iter().enumerate();
        plugins
            .filter_map(|(at, p)| Some((at, p.external()?)))
            .filter(move |&(at, _)| asked(at))
            .map(|(_, external)| external)
    }

    /// The plugins of an extension point in their order, with their numbers. In the default profile these are all:
    /// ask each for the point.
    pub fn at(&self, point: Point) -> impl Iterator<Item = (usize, &dyn Plugin)> {
        self.points[point as usize]
            .iter()
            .map(|&(at, _)| (at, self.plugins[at].as_ref()))
    }

    /// The PostFilter plugins in order.
    pub fn post_filters(&self) -> impl Iterator<Item = &dyn PostFilter> {
        self.at(Point::PostFilter)
            .filter_map(|(_, p)| p.post_filter())
    }

    /// The Reserve plugins in order.
    pub fn reserves(&self) -> impl Iterator<Item = &dyn Reserve> {
        self.at(Point::Reserve).filter_map(|(_, p)| p.reserve())
    }

    /// Whether plugins outside the core may turn a placement down.
    #[must_use]
    pub fn may_turn_down(&self) -> bool {
        let points = [Point::Reserve, Point::Permit];
        let mut plugins = points.into_iter().flat_map(|point| self.at(point));
        plugins.any(|(_, plugin)| plugin.external().is_some())
    }

    /// The PreBind plugins in order.
    pub fn pre_binds(&self) -> impl Iterator<Item = &dyn PreBind> {
        self.at(Point::PreBind).filter_map(|(_, p)| p.pre_bind())
    }

    /// The scoring plugins with their weights, in order. Enabling Score enables the plugin's PreScore.
    pub fn scorers(&self) -> impl Iterator<Item = (&'static str, &dyn Score, i64)> {
        self.points[Point::Score as usize]
            .iter()
            .filter_map(|&(at, weight)| {
                let plugin = self.plugins[at].as_ref();
                Some((plugin.name(), plugin.score()?, weight))
            })
    }

    /// The rank of a pod in the active queue.
    #[must_use]
    pub fn rank(&self, pod: &Pod) -> i64 {
        self.at(Point::QueueSort)
            .find_map(|(_, p)| p.queue_sort())
            .map_or(0, |sort| sort.rank(pod))
    }

    /// The first PreEnqueue plugin's reason to hold a pod back.
    #[must_use]
    pub fn gate(&self, pod: &Pod) -> Option<Rejection> {
        self.at(Point::PreEnqueue)
            .filter_map(|(_, p)| p.pre_enqueue())
            .find_map(|p: &dyn PreEnqueue| p.check(pod))
    }
}

/// The profiles of one scheduler. Pod classes name theirs by number.
pub struct Profiles(Vec<Profile>);

impl Profiles {
    /// Makes the profiles.
    ///
    /// # Errors
    /// `Profile`: one cannot be made, there is none, or two have the same name.
    pub fn new(specs: &[ProfileSpec], names: &mut ResourceNames) -> Result<Self, SchedulerError> {
        let fail = |profile: &str, cause: &str| {
            Err(SchedulerError::Profile {
                profile: profile.to_owned(),
                cause: cause.to_owned(),
            })
        };
        if specs.is_empty() {
            return fail("", "a scheduler needs at least one profile");
        }
        let mut profiles = Self(Vec::with_capacity(specs.len()));
        for spec in specs {
            if profiles.named(&spec.scheduler_name).is_some() {
                return fail(&spec.scheduler_name, "duplicate profile");
            }
            if profiles.0.len() > usize::from(u8::MAX) {
                return fail(&spec.scheduler_name, "more than 256 profiles");
            }
            profiles.0.push(Profile::new(spec, names)?);
        }
        Ok(profiles)
    }

    /// The number of the profile for a `schedulerName`.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<u8> {
        let at = self.0.iter().position(|p| *p.name == *name)?;
        u8::try_from(at).ok()
    }

    /// Whether any of the plugins, of whichever profile, cares about such events.
    #[must_use]
    pub fn concerned(&self, by: Rejectors, events: Events) -> bool {
        self.0.iter().any(|profile| profile.concerned(by, events))
    }

    /// The profile pods of a class are scheduled with.
    #[must_use]
    pub fn of(&self, class: &PodClass) -> &Profile {
        &self.0[usize::from(class.profile)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn made(spec: Value) -> Result<Profile, SchedulerError> {
        let spec: ProfileSpec = serde_json::from_value(spec).unwrap();
        Profile::new(&spec, &mut ResourceNames::default())
    }

    #[test]
    fn every_plugin_is_made_under_its_name() {
        let profile = Profile::new(&ProfileSpec::default(), &mut ResourceNames::default()).unwrap();
        let names: Vec<_> = profile.plugins().map(Plugin::name).collect();
        let registered: Vec<_> = REGISTRY.iter().map(|(name, ..)| *name).collect();
        assert_eq!(names, registered);
        assert_eq!(profile.name(), DEFAULT_SCHEDULER);
    }

    #[test]
    fn points_run_what_they_name_in_their_order() {
        let score = json!([{"name": "ImageLocality", "weight": 7}, {"name": "TaintToleration", "weight": 1}]);
        let filter = json!([{"name": "NodeName"}]);
        let profile =
            made(json!({"schedulerName": "mine", "plugins": {"score": score, "filter": filter}}))
                .unwrap();
        let scorers: Vec<_> = profile.scorers().map(|(n, _, w)| (n, w)).collect();
        assert_eq!(scorers, [("ImageLocality", 7), ("TaintToleration", 1)]);
        let filters: Vec<_> = profile.at(Point::Filter).map(|(_, p)| p.name()).collect();
        assert_eq!(filters, ["NodeName"]);
        assert_eq!(profile.at(Point::PreFilter).count(), 0);
    }

    #[test]
    fn an_unknown_plugin_is_named() {
        let error =
            made(json!({"schedulerName": "mine", "plugins": {"filter": [{"name": "Nope"}]}}));
        let text = error.err().unwrap().to_string();
        assert_eq!(
            text,
            "profile mine: initializing plugin \"Nope\": there is no such plugin"
        );
    }
}
