//! One decision: the filters and scores by counts, and what brings scores to 0..=100, over the buckets.

use super::buckets::{Bucket, BucketId, Buckets};
use super::layout::{NONE, Source, Sources, domain};
use super::rejections::Rejections;
use super::{ActiveFilter, ActiveScore, Layout, Prepared, ScoreKind};
use crate::cache::{Cache, DomainId, KeyId, NodeIndex};
use crate::framework::{CountedFilter, CountedScore, Feasible, Profile, Range, Rejection, Totals};
use crate::model::PodClass;
use smallvec::SmallVec;

/// What is decided about.
type Question<'a> = (&'a Profile, &'a Cache, &'a PodClass, &'a Prepared);

/// The outcome over all buckets.
#[derive(Debug, Default)]
pub struct Walk {
    live: Vec<(BucketId, i64)>,
    rejected: Vec<(BucketId, Rejection)>,
    tied: Vec<BucketId>,
    tied_rows: usize,
    raw: Vec<Option<i64>>,
}

/// A filter by counts, ready for this decision.
struct Gate<'a> {
    order: usize,
    filter: &'a dyn CountedFilter,
    totals: Totals,
    sources: &'a Sources,
}

impl Walk {
    /// Number of feasible rows with the highest total.
    #[must_use]
    pub fn tied_rows(&self) -> usize {
        self.tied_rows
    }

    /// One of the feasible rows with the highest total.
    #[must_use]
    pub fn tied(&self, buckets: &Buckets, mut at: usize) -> Option<NodeIndex> {
        for &id in &self.tied {
            let (_, rows) = buckets.list()[id as usize].top()?;
            match rows.get(at) {
                Some(row) => return Some(*row),
                None => at -= rows.len(),
            }
        }
        None
    }

    /// Buckets no row of which is feasible, with the reason.
    #[must_use]
    pub fn rejected(&self) -> &[(BucketId, Rejection)] {
        &self.rejected
    }

    /// Goes over all buckets.
    pub fn run(
        &mut self,
        question: Question<'_>,
        layout: &Layout,
        buckets: &Buckets,
        rejections: &Rejections,
    ) {
        self.filter(question, layout, buckets, rejections);
        self.score(question, layout, buckets);
        self.tied.clear();
        self.tied_rows = 0;
        let mut best = i64::MIN;
        for &(id, total) in &self.live {
            let Some((fixed, rows)) = buckets.list()[id as usize].top() else {
                continue;
            };
            let total = total + fixed;
            if total > best {
                best = total;
                self.tied.clear();
                self.tied_rows = 0;
            }
            if total == best {
                self.tied.push(id);
                self.tied_rows += rows.len();
            }
        }
    }

    fn filter(
        &mut self,
        (profile, cache, class, prepared): Question<'_>,
        layout: &Layout,
        buckets: &Buckets,
        rejections: &Rejections,
    ) {
        let counted = prepared
            .filters(profile)
            .enumerate()
            .filter_map(|(order, f)| match f {
                ActiveFilter::Counts(filter) => Some((order, filter)),
                ActiveFilter::Rows(_) => None,
            });
        let gates: SmallVec<[Gate<'_>; 2]> = counted
            .zip(layout.filters())
            .map(|((order, filter), sources)| Gate {
                order,
                filter,
                totals: filter.totals(class, cache),
                sources,
            })
            .collect();
        self.live.clear();
        self.rejected.clear();
        for (id, bucket) in (0..).zip(buckets.list()).filter(|(_, b)| !b.is_empty()) {
            let late = u32::try_from(bucket.key()[0] - 1).ok();
            let before = late.map_or(usize::MAX, |id| rejections.order(id));
            let verdict = gates.iter().filter(|g| g.order < before).find_map(|gate| {
                let readings = gate.filter.readings();
                let values = Layout::values(cache, gate.sources, readings, bucket.key());
                gate.filter.check(&gate.totals, &values)
            });
            match verdict.or_else(|| late.map(|id| rejections.get(id).clone())) {
                Some(rejection) => self.rejected.push((id, rejection)),
                None => self.live.push((id, 0)),
            }
        }
    }

    fn score(
        &mut self,
        (profile, cache, class, prepared): Question<'_>,
        layout: &Layout,
        buckets: &Buckets,
    ) {
        let mut sources = layout.scores().iter();
        let mut slot = 1;
        for score in prepared.scores(profile) {
            self.raw.clear();
            if let ScoreKind::Counts(counted) = score.kind {
                let Some(sources) = sources.next() else {
                    continue;
                };
                self.counted((cache, class), counted, sources, buckets);
            } else if score.normalize.is_some() {
                let at = slot;
                slot += 1;
                let raw = |(id, _): &(BucketId, i64)| Some(buckets.list()[*id as usize].key()[at]);
                self.raw.extend(self.live.iter().map(raw));
            }
            self.add(&score);
        }
    }

    /// Adds normalised, weighted scores to the totals.
    fn add(&mut self, score: &ActiveScore<'_>) {
        let range = Range::of(self.raw.iter().copied().flatten());
        for ((_, total), raw) in self.live.iter_mut().zip(&self.raw) {
            let Some(raw) = *raw else { continue };
            let normalized = score.normalize.map_or(raw, |n| n.normalize(raw, range));
            *total += normalized * score.weight;
        }
    }

    /// Raw scores of the live buckets, `None` for those ignored; none at all if the plugin skips.
    fn counted(
        &mut self,
        (cache, class): (&Cache, &PodClass),
        score: &dyn CountedScore,
        sources: &Sources,
        buckets: &Buckets,
    ) {
        let readings = score.readings();
        let seen = |values: &[Option<i64>]| {
            !score.ignores_incomplete() || values.iter().all(Option::is_some)
        };
        let of = |id: BucketId| {
            let bucket = &buckets.list()[id as usize];
            (
                bucket,
                Layout::values(cache, sources, readings, bucket.key()),
            )
        };
        let mut feasible = Feasible::default();
        let mut domains: SmallVec<[Domains; 4]> =
            readings.iter().map(|_| Domains::default()).collect();
        for &(id, _) in &self.live {
            let (bucket, values) = of(id);
            if !seen(&values) {
                continue;
            }
            feasible.nodes += bucket.len();
            if score.counts_domains() {
                for ((set, reading), source) in domains.iter_mut().zip(readings).zip(sources) {
                    set.add(cache, reading.key, bucket, *source);
                }
            }
        }
        feasible.domains = domains.iter().map(Domains::len).collect();
        let Some(weights) = score.weights(class, cache, &feasible) else {
            return;
        };
        for &(id, _) in &self.live {
            let (_, values) = of(id);
            self.raw
                .push(seen(&values).then(|| score.score(&weights, &values)));
        }
    }
}

/// Different domains of one key among buckets.
#[derive(Default)]
struct Domains {
    /// One bit per domain of many rows.
    seen: SmallVec<[u64; 4]>,
    /// Number of rows that each are a domain.
    single: usize,
    absent: bool,
}

impl Domains {
    fn add(&mut self, cache: &Cache, key: KeyId, bucket: &Bucket, source: Source) {
        match source {
            Source::Shared(slot) => self.mark(domain(bucket.key()[slot])),
            Source::Local(slot) if bucket.key()[slot] == NONE => self.absent = true,
            Source::Local(_) if cache.counters().topology().is_single(key) => {
                self.single += bucket.len()
            }
            Source::Local(_) => bucket
                .rows()
                .for_each(|row| self.mark(cache.domain(key, row))),
        }
    }

    fn mark(&mut self, domain: Option<DomainId>) {
        let Some(domain) = domain else {
            self.absent = true;
            return;
        };
        let (word, bit) = (domain as usize / 64, domain % 64);
        if self.seen.len() <= word {
            self.seen.resize(word + 1, 0);
        }
        self.seen[word] |= 1 << bit;
    }

    fn len(&self) -> usize {
        let seen: u32 = self.seen.iter().map(|w| w.count_ones()).sum();
        seen as usize + self.single + usize::from(self.absent)
    }
}
