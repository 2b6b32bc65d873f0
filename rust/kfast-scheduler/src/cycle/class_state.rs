//! The verdict on a class over all nodes, kept and brought up to date from the change log.

use super::{ActiveFilter, ActiveScore, Prepared, Ranking};
use crate::cache::{Cache, NodeIndex};
use crate::framework::{Profile, Range, Rejection};
use crate::model::PodClass;
use std::collections::{BTreeMap, HashMap};

/// Row states besides the index of a rejection.
const ABSENT: u32 = u32::MAX;
const FEASIBLE: u32 = u32::MAX - 1;

/// Verdicts and totals of one class.
pub struct ClassState {
    /// Change log position up to which rows are current.
    position: u64,
    verdicts: Vec<u32>,
    rejections: Vec<(Rejection, usize)>,
    rejection_ids: HashMap<Rejection, u32>,
    /// Weighted sum of the scores that need no normalisation.
    fixed: Vec<i64>,
    normalised: Vec<Normalised>,
    ranking: Ranking,
}

/// One normalised plugin's raw scores over the feasible rows.
struct Normalised {
    /// Index among the profile's scorers.
    scorer: usize,
    raw: Vec<i64>,
    counts: BTreeMap<i64, u32>,
    /// The range the totals were computed with.
    range: Range,
}

impl Normalised {
    fn range(&self) -> Range {
        let first = self.counts.first_key_value().map_or(0, |(&k, _)| k);
        let last = self.counts.last_key_value().map_or(0, |(&k, _)| k);
        Range {
            min: first,
            max: last,
        }
    }

    fn count(&mut self, row: usize, add: bool) {
        let count = self.counts.entry(self.raw[row]).or_default();
        if add {
            *count += 1;
        } else {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&self.raw[row]);
            }
        }
    }
}

impl ClassState {
    /// Computes all rows.
    #[must_use]
    pub fn new(profile: &Profile, cache: &Cache, class: &PodClass, prepared: &Prepared) -> Self {
        let scores: Vec<_> = prepared.scores(profile).collect();
        let normalised = scores
            .iter()
            .enumerate()
            .filter(|(_, s)| s.normalize.is_some())
            .map(|(scorer, _)| Normalised {
                scorer,
                raw: vec![0; cache.rows()],
                counts: BTreeMap::new(),
                range: Range { min: 0, max: 0 },
            })
            .collect();
        let mut state = Self {
            position: cache.changes().end(),
            verdicts: vec![ABSENT; cache.rows()],
            rejections: Vec::new(),
            rejection_ids: HashMap::new(),
            fixed: vec![0; cache.rows()],
            normalised,
            ranking: Ranking::new(cache.rows()),
        };
        let filters: Vec<_> = prepared.filters(profile).collect();
        for (row, _) in cache.nodes() {
            state.visit(&scores, cache, class, &filters, row);
        }
        state.rank_all(&scores);
        state
    }

    /// Visits the rows changed since the last call; starts over where that cannot do.
    pub fn refresh(
        &mut self,
        profile: &Profile,
        cache: &Cache,
        class: &PodClass,
        prepared: &Prepared,
    ) {
        let end = cache.changes().end();
        if self.position == end {
            return;
        }
        let behind = usize::try_from(end - self.position).unwrap_or(usize::MAX);
        let changed = cache.changes().since(self.position);
        let few = behind <= cache.rows() / 2 && self.verdicts.len() == cache.rows();
        let (Some(changed), true) = (changed, few) else {
            *self = Self::new(profile, cache, class, prepared);
            return;
        };
        let scorers: Vec<_> = prepared.scores(profile).collect();
        let filters: Vec<_> = prepared.filters(profile).collect();
        let rows: smallvec::SmallVec<[NodeIndex; 8]> = changed.collect();
        for &row in &rows {
            self.visit(&scorers, cache, class, &filters, row);
        }
        if self.normalised.iter().any(|n| n.range() != n.range_used()) {
            self.rank_all(&scorers);
        } else {
            for &row in &rows {
                self.rank(&scorers, row);
            }
        }
        self.position = end;
    }

    /// The feasible rows with the highest total.
    #[must_use]
    pub fn best(&self) -> &[NodeIndex] {
        self.ranking.best()
    }

    /// Distinct rejections with the number of rows.
    #[must_use]
    pub fn rejections(&self) -> Vec<(Rejection, usize)> {
        self.rejections
            .iter()
            .filter(|(_, count)| *count > 0)
            .cloned()
            .collect()
    }

    /// Recomputes verdict and raw scores of a row.
    fn visit(
        &mut self,
        scorers: &[ActiveScore<'_>],
        cache: &Cache,
        class: &PodClass,
        filters: &[ActiveFilter<'_>],
        row: NodeIndex,
    ) {
        let at = row as usize;
        match self.verdicts[at] {
            ABSENT => {}
            FEASIBLE => self.normalised.iter_mut().for_each(|n| n.count(at, false)),
            rejected => self.rejections[rejected as usize].1 -= 1,
        }
        let Some(node) = cache.node(row) else {
            self.verdicts[at] = ABSENT;
            return;
        };
        if let Some(rejection) = filters.iter().find_map(|f| match f {
            ActiveFilter::Rows(f) => f.check(class, node),
            ActiveFilter::Counts(_) => None,
        }) {
            self.verdicts[at] = self.rejection_id(rejection);
            return;
        }
        self.verdicts[at] = FEASIBLE;
        let mut fixed = 0;
        let mut normalised = self.normalised.iter_mut();
        for score in scorers {
            let raw = score.kind.by_row(class, node);
            if score.normalize.is_none() {
                fixed += raw * score.weight;
            } else if let Some(column) = normalised.next() {
                column.raw[at] = raw;
                column.count(at, true);
            }
        }
        self.fixed[at] = fixed;
    }

    fn rejection_id(&mut self, rejection: Rejection) -> u32 {
        let next = u32::try_from(self.rejections.len()).unwrap_or(FEASIBLE - 1);
        let id = *self
            .rejection_ids
            .entry(rejection)
            .or_insert_with_key(|rejection| {
                self.rejections.push((rejection.clone(), 0));
                next
            });
        self.rejections[id as usize].1 += 1;
        id
    }

    fn rank_all(&mut self, scorers: &[ActiveScore<'_>]) {
        for column in &mut self.normalised {
            column.range = column.range();
        }
        for row in 0..self.verdicts.len() {
            self.rank(scorers, NodeIndex::try_from(row).unwrap_or(NodeIndex::MAX));
        }
    }

    fn rank(&mut self, scorers: &[ActiveScore<'_>], row: NodeIndex) {
        let at = row as usize;
        let total = (self.verdicts[at] == FEASIBLE).then(|| {
            self.fixed[at]
                + self
                    .normalised
                    .iter()
                    .map(|n| n.score(scorers, at))
                    .sum::<i64>()
        });
        self.ranking.set(row, total);
    }
}

impl Normalised {
    fn range_used(&self) -> Range {
        self.range
    }

    fn score(&self, scorers: &[ActiveScore<'_>], row: usize) -> i64 {
        let score = &scorers[self.scorer];
        let normalize =
            |n: &dyn crate::framework::Normalize| n.normalize(self.raw[row], self.range);
        score.normalize.map_or(0, normalize) * score.weight
    }
}
