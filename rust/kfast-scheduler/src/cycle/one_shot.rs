//! The best nodes for a class of which nothing is kept: plugin by plugin over columns.

use super::evaluation::counted_scores;
use super::{ActiveFilter, Prepared, ScoreKind};
use crate::cache::{Cache, NodeIndex};
use crate::framework::{Profile, Range, Values, values_of};
use crate::model::PodClass;

/// Room for one evaluation, used again by the next.
#[derive(Debug, Default)]
pub struct OneShot {
    rows: Vec<NodeIndex>,
    raw: Vec<i64>,
    totals: Vec<i64>,
}

impl OneShot {
    /// The rows with the highest total among `rows`, by row; of a single feasible row no score is asked.
    pub fn best(
        &mut self,
        profile: &Profile,
        cache: &Cache,
        class: &PodClass,
        prepared: &Prepared,
        rows: impl Iterator<Item = NodeIndex>,
    ) -> &[NodeIndex] {
        self.rows.clear();
        self.rows.extend(rows);
        for filter in prepared.filters(profile) {
            match filter {
                ActiveFilter::Rows(filter) => filter.screen(class, cache, &mut self.rows),
                ActiveFilter::Counts(filter) => {
                    let (totals, readings) = (filter.totals(class, cache), filter.readings());
                    let values = values_of(readings, cache, &self.rows);
                    let mut values = values.iter();
                    let fits = |v: &Values| filter.check(&totals, v).is_none();
                    self.rows.retain(|_| values.next().is_some_and(fits));
                }
            }
        }
        self.best_feasible(profile, cache, class, prepared)
    }

    /// As `best` among rows known to be feasible.
    pub fn best_of(
        &mut self,
        profile: &Profile,
        cache: &Cache,
        class: &PodClass,
        prepared: &Prepared,
        feasible: &[NodeIndex],
    ) -> &[NodeIndex] {
        self.rows.clear();
        self.rows.extend_from_slice(feasible);
        self.best_feasible(profile, cache, class, prepared)
    }

    fn best_feasible(
        &mut self,
        profile: &Profile,
        cache: &Cache,
        class: &PodClass,
        prepared: &Prepared,
    ) -> &[NodeIndex] {
        if self.rows.len() > 1 {
            self.score(profile, cache, class, prepared);
            let max = self.totals.iter().max().copied();
            let mut totals = self.totals.iter();
            self.rows.retain(|_| totals.next().copied() == max);
        }
        &self.rows
    }

    fn score(&mut self, profile: &Profile, cache: &Cache, class: &PodClass, prepared: &Prepared) {
        self.totals.clear();
        self.totals.resize(self.rows.len(), 0);
        for score in prepared.scores(profile) {
            self.raw.clear();
            match score.kind {
                ScoreKind::Zero if score.normalize.is_none() => continue,
                ScoreKind::Zero => self.raw.resize(self.rows.len(), 0),
                ScoreKind::Row(s) => s.column(class, cache, &self.rows, &mut self.raw),
                ScoreKind::Rows(s) => {
                    let score = |&row| cache.node(row).map_or(0, |node| s.score(class, node));
                    self.raw.extend(self.rows.iter().map(score));
                }
                ScoreKind::Counts(s) => {
                    let raw = counted_scores(cache, class, s, &self.rows).unwrap_or_default();
                    let range = Range::of(raw.iter().copied().flatten());
                    for (total, raw) in self.totals.iter_mut().zip(raw) {
                        let Some(raw) = raw else { continue };
                        let normalize = score.normalize;
                        *total += normalize.map_or(raw, |n| n.normalize(raw, range)) * score.weight;
                    }
                    continue;
                }
            }
            self.add(score.normalize, score.weight);
        }
    }

    /// Adds raw scores, normalised and weighted, to the totals. Equal neighbours are normalised once.
    fn add(&mut self, normalize: Option<&dyn crate::framework::Normalize>, weight: i64) {
        let Some(normalize) = normalize else {
            for (total, raw) in self.totals.iter_mut().zip(&self.raw) {
                *total += raw * weight;
            }
            return;
        };
        let range = Range::of(self.raw.iter().copied());
        let mut last = None;
        for (total, &raw) in self.totals.iter_mut().zip(&self.raw) {
            let score = match last {
                Some((known, score)) if known == raw => score,
                _ => normalize.normalize(raw, range) * weight,
            };
            last = Some((raw, score));
            *total += score;
        }
    }
}
