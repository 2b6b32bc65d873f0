//! What PreFilter and PreScore say of a class, kept until one of the plugins asks for another look.

use super::Candidates;
use crate::cache::{Cache, NodeIndex, NodeView};
use crate::framework::{
    Check, Code, CountedFilter, CountedScore, Filter, Normalize, Point, PreFiltered, PreScored,
    Profile, Reason, Reasons, Rejection, Score, Totals, values_at,
};
use crate::model::PodClass;
use crate::preemption::{NominatedVerdicts, Nominator};
use std::collections::{BTreeSet, HashMap};

/// The plugins that have a say about one class, with what they prepared.
pub struct Prepared {
    versions: Vec<u64>,
    verdict: Verdict,
    filters: Vec<(usize, Check)>,
    scores: Vec<(usize, PreScored)>,
    /// Rows on which pods of the class must leave room for nominated pods; the first of the filters.
    nominated: NominatedVerdicts,
}

/// What PreFilter made of all plugins' answers.
enum Verdict {
    Rejected(Rejection),
    All,
    Named(BTreeSet<String>, Rejection),
}

/// A plugin's filter for one class.
pub enum ActiveFilter<'p> {
    /// By row.
    Rows(&'p dyn Filter),
    /// By counts.
    Counts(&'p dyn CountedFilter),
}

/// A plugin's score for one class.
pub struct ActiveScore<'p> {
    /// The plugin.
    pub plugin: &'static str,
    /// Its weight.
    pub weight: i64,
    /// How it scores.
    pub kind: ScoreKind<'p>,
    /// Its NormalizeScore, if it has one.
    pub normalize: Option<&'p dyn Normalize>,
}

/// How a plugin scores.
#[derive(Clone, Copy)]
pub enum ScoreKind<'p> {
    /// 0 on every node.
    Zero,
    /// By its own Score.
    Row(&'p dyn Score),
    /// By what it prepared, by row.
    Rows(&'p dyn crate::framework::NodeScore),
    /// By what it prepared, by counts.
    Counts(&'p dyn CountedScore),
}

impl ScoreKind<'_> {
    /// The raw score of a row; 0 for scores by counts.
    #[must_use]
    pub fn by_row(&self, class: &PodClass, node: NodeView<'_>) -> i64 {
        match self {
            Self::Zero | Self::Counts(_) => 0,
            Self::Row(s) => s.score(class, node),
            Self::Rows(s) => s.score(class, node),
        }
    }
}

impl Prepared {
    /// Asks all plugins.
    #[must_use]
    pub fn new(profile: &Profile, cache: &mut Cache, class: &PodClass) -> Self {
        let mut prepared = Self {
            versions: versions(profile, cache, class).collect(),
            verdict: Verdict::All,
            filters: Vec::new(),
            scores: Vec::new(),
            nominated: NominatedVerdicts::default(),
        };
        prepared.verdict = prepared.pre_filter(profile, cache, class);
        for (at, (_, score, _)) in profile.scorers().enumerate() {
            let answer = score.prepare(class, cache);
            if !matches!(answer, PreScored::Skip) {
                prepared.scores.push((at, answer));
            }
        }
        prepared
    }

    fn pre_filter(&mut self, profile: &Profile, cache: &mut Cache, class: &PodClass) -> Verdict {
        let mut restricted: Option<(BTreeSet<String>, BTreeSet<&'static str>)> = None;
        let mut rejected = None;
        let mut checks: HashMap<usize, Option<Check>> = HashMap::new();
        for (at, plugin) in profile.at(Point::PreFilter) {
            let Some(answer) = plugin.pre_filter().map(|p| p.prepare(class, cache)) else {
                continue;
            };
            match answer {
                PreFiltered::Skip => drop(checks.insert(at, None)),
                PreFiltered::Reject(r) if r.code != Code::Unschedulable => {
                    return Verdict::Rejected(r);
                }
                PreFiltered::Reject(r) => rejected = rejected.or(Some(r)),
                PreFiltered::Run(names, check) => {
                    checks.insert(at, Some(check));
                    let Some(names) = names else { continue };
                    let (set, plugins) =
                        restricted.get_or_insert_with(|| (names.clone(), BTreeSet::new()));
                    set.retain(|n| names.contains(n));
                    plugins.insert(plugin.name());
                    if set.is_empty() {
                        return Verdict::Rejected(empty_set(plugins));
                    }
                }
            }
        }
        self.filters = profile
            .at(Point::Filter)
            .filter_map(|(at, _)| match checks.remove(&at) {
                Some(check) => check.map(|c| (at, c)),
                None => Some((at, Check::Plugin)),
            })
            .collect();
        match (rejected, restricted) {
            (Some(rejection), _) => Verdict::Rejected(rejection),
            (None, None) => Verdict::All,
            (None, Some((names, plugins))) => {
                let text = format!("node(s) didn't satisfy plugin(s) {}", listed(&plugins));
                Verdict::Named(names, outside(&plugins, text))
            }
        }
    }

    /// Whether no plugin asks for another look at the class.
    #[must_use]
    pub fn is_current(&self, profile: &Profile, cache: &Cache, class: &PodClass) -> bool {
        self.versions
            .iter()
            .copied()
            .eq(versions(profile, cache, class))
    }

    /// The nodes the class may go to.
    #[must_use]
    pub fn candidates(&self, cache: &Cache) -> Candidates {
        match &self.verdict {
            Verdict::Rejected(rejection) => Candidates::Rejected(rejection.clone()),
            Verdict::All => Candidates::All,
            Verdict::Named(names, outside) => {
                let rows = names.iter().filter_map(|n| cache.index(n)).collect();
                Candidates::Some(rows, outside.clone())
            }
        }
    }

    /// What the plugins' `version` said when they were asked.
    #[must_use]
    pub fn versions(&self) -> &[u64] {
        &self.versions
    }

    /// Brings the verdicts with nominated pods present up to date.
    pub fn yield_to(
        &mut self,
        profile: &Profile,
        cache: &mut Cache,
        class: &PodClass,
        nominator: &Nominator,
    ) {
        if nominator.is_empty() && self.nominated.is_empty() {
            return;
        }
        let mut nominated = std::mem::take(&mut self.nominated);
        let check = |cache: &Cache, row| self.rejection_alone(profile, cache, class, row);
        let shared = self.filters_count();
        nominated.refresh(cache, nominator, class.priority, shared, &check);
        self.nominated = nominated;
    }

    /// The filters that run, in order; the first stands for the nominated pods.
    pub fn filters<'p>(&'p self, profile: &'p Profile) -> impl Iterator<Item = ActiveFilter<'p>> {
        let nominated = ActiveFilter::Rows(&self.nominated);
        std::iter::once(nominated).chain(self.plugin_filters(profile))
    }

    fn plugin_filters<'p>(
        &'p self,
        profile: &'p Profile,
    ) -> impl Iterator<Item = ActiveFilter<'p>> {
        self.filters.iter().filter_map(|(at, check)| {
            Some(match check {
                Check::Plugin => ActiveFilter::Rows(profile.plugin(*at)?.filter()?),
                Check::Rows(filter) => ActiveFilter::Rows(filter.as_ref()),
                Check::Counts(filter) => ActiveFilter::Counts(filter.as_ref()),
            })
        })
    }

    /// The scores that run, in order.
    pub fn scores<'p>(&'p self, profile: &'p Profile) -> impl Iterator<Item = ActiveScore<'p>> {
        let mut answers = self.scores.iter().peekable();
        profile
            .scorers()
            .enumerate()
            .filter_map(move |(at, (plugin, score, weight))| {
                let (_, answer) = answers.next_if(|(i, _)| *i == at)?;
                let kind = match answer {
                    PreScored::Skip => return None,
                    PreScored::Zero => ScoreKind::Zero,
                    PreScored::Row => ScoreKind::Row(score),
                    PreScored::Rows(s) => ScoreKind::Rows(s.as_ref()),
                    PreScored::Counts(s) => ScoreKind::Counts(s.as_ref()),
                };
                Some(ActiveScore {
                    plugin,
                    weight,
                    kind,
                    normalize: score.normalize(),
                })
            })
    }

    /// Whether any filter goes by counts.
    #[must_use]
    pub fn filters_count(&self) -> bool {
        let mut checks = self.filters.iter().map(|(_, check)| check);
        checks.any(|check| matches!(check, Check::Counts(_)))
    }

    /// Whether any filter or score goes by counts.
    #[must_use]
    pub fn counts(&self) -> bool {
        let filters = self.filters.iter().map(|(_, c)| c);
        let scores = self.scores.iter().map(|(_, s)| s);
        filters.into_iter().any(|c| matches!(c, Check::Counts(_)))
            || scores
                .into_iter()
                .any(|s| matches!(s, PreScored::Counts(_)))
    }

    /// The cluster-wide numbers the filters by counts use, for `rejection`; void once the cache changed.
    #[must_use]
    pub fn totals(&self, cache: &Cache, class: &PodClass) -> Vec<Totals> {
        self.filters
            .iter()
            .filter_map(|(_, check)| match check {
                Check::Counts(filter) => Some(filter.totals(class, cache)),
                Check::Plugin | Check::Rows(_) => None,
            })
            .collect()
    }

    /// The first filter's reason why the class does not fit a row.
    #[must_use]
    pub fn rejection(
        &self,
        profile: &Profile,
        cache: &Cache,
        class: &PodClass,
        totals: &[Totals],
        row: NodeIndex,
    ) -> Option<Rejection> {
        self.rejections(profile, cache, class, totals, row).next()
    }

    /// Every filter's reason why the class does not fit a row, in order.
    pub fn rejections<'a>(
        &'a self,
        profile: &'a Profile,
        cache: &'a Cache,
        class: &'a PodClass,
        totals: &'a [Totals],
        row: NodeIndex,
    ) -> impl Iterator<Item = Rejection> + 'a {
        let filters = self.filters(profile);
        rejections(filters, cache, class, totals, row)
    }

    /// As `rejection` if no pod were nominated; the cache may hold suppositions.
    #[must_use]
    pub fn rejection_alone(
        &self,
        profile: &Profile,
        cache: &Cache,
        class: &PodClass,
        row: NodeIndex,
    ) -> Option<Rejection> {
        let totals = self.totals(cache, class);
        let filters = self.plugin_filters(profile);
        rejections(filters, cache, class, &totals, row).next()
    }
}

fn rejections<'a>(
    filters: impl Iterator<Item = ActiveFilter<'a>> + 'a,
    cache: &'a Cache,
    class: &'a PodClass,
    totals: &'a [Totals],
    row: NodeIndex,
) -> impl Iterator<Item = Rejection> + 'a {
    let (node, mut totals) = (cache.node(row), totals.iter());
    filters.filter_map(move |filter| {
        let node = node?;
        match filter {
            ActiveFilter::Rows(filter) => filter.check(class, node),
            ActiveFilter::Counts(filter) => {
                let totals = totals.next()?;
                filter.check(totals, &values_at(filter.readings(), cache, row))
            }
        }
    })
}

fn versions<'a>(
    profile: &'a Profile,
    cache: &'a Cache,
    class: &'a PodClass,
) -> impl Iterator<Item = u64> + 'a {
    profile.plugins().flat_map(|plugin| {
        let filter = plugin.pre_filter().map(|p| p.version(class, cache));
        let score = plugin.score().map(|s| s.version(class, cache));
        filter.into_iter().chain(score)
    })
}

fn listed(plugins: &BTreeSet<&'static str>) -> String {
    format!(
        "[{}]",
        plugins.iter().copied().collect::<Vec<_>>().join(" ")
    )
}

fn empty_set(plugins: &BTreeSet<&'static str>) -> Rejection {
    let text = match plugins.first() {
        Some(one) if plugins.len() == 1 => format!("node(s) didn't satisfy plugin {one}"),
        _ => format!(
            "node(s) didn't satisfy plugin(s) {} simultaneously",
            listed(plugins)
        ),
    };
    outside(plugins, text)
}

fn outside(plugins: &BTreeSet<&'static str>, text: String) -> Rejection {
    Rejection {
        plugin: plugins.first().copied().unwrap_or_default(),
        code: Code::UnschedulableAndUnresolvable,
        reasons: Reasons::from_iter([Reason::Made(text.into())]),
    }
}
