//! Which facts make up a bucket's key for a class, and where counted plugins find their values.

use super::buckets::Key;
use super::{ActiveFilter, ActiveScore, Prepared, ScoreKind};
use crate::cache::{Cache, DomainId, KeyId, NodeIndex};
use crate::framework::{Profile, Reading, Values};
use smallvec::SmallVec;

/// No domain: the node lacks the label.
pub const NONE: i64 = i64::MIN;

/// The slots of a key: the rejection by a filter by row that runs after one by counts, raw scores to be
/// normalised, domains of topology keys with many rows each, and values read in domains of hardly more than
/// one row. What is read in a domain of many rows is not in the key but looked up when needed, for it changes
/// with placements elsewhere.
pub struct Layout {
    /// Number of raw scores.
    raws: usize,
    axes: Vec<KeyId>,
    locals: Vec<Reading>,
    /// Per filter by counts.
    filters: Vec<Sources>,
    /// Per score by counts.
    scores: Vec<Sources>,
}

/// Where the values of a plugin's readings are.
pub type Sources = SmallVec<[Source; 4]>;

/// Where one value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// In this slot of the key.
    Local(usize),
    /// In the counters, at the domain in this slot of the key.
    Shared(usize),
}

impl Layout {
    /// For a class.
    #[must_use]
    pub fn new(profile: &Profile, cache: &Cache, prepared: &Prepared) -> Self {
        let by_row =
            |s: &ActiveScore<'_>| s.normalize.is_some() && !matches!(s.kind, ScoreKind::Counts(_));
        let mut layout = Self {
            raws: prepared.scores(profile).filter(by_row).count(),
            axes: Vec::new(),
            locals: Vec::new(),
            filters: Vec::new(),
            scores: Vec::new(),
        };
        let filters = prepared.filters(profile).filter_map(|f| match f {
            ActiveFilter::Counts(f) => Some(f.readings()),
            ActiveFilter::Rows(_) => None,
        });
        let scores = prepared.scores(profile).filter_map(|s| match s.kind {
            ScoreKind::Counts(s) => Some(s.readings()),
            _ => None,
        });
        let (filters, scores): (Vec<_>, Vec<_>) = (filters.collect(), scores.collect());
        for reading in filters.iter().chain(&scores).copied().flatten() {
            layout.collect(cache, reading);
        }
        let place = |layout: &Self, readings: &[Reading]| -> Sources {
            readings.iter().map(|r| layout.source(cache, r)).collect()
        };
        layout.filters = filters.iter().map(|r| place(&layout, r)).collect();
        layout.scores = scores.iter().map(|r| place(&layout, r)).collect();
        layout
    }

    fn collect(&mut self, cache: &Cache, reading: &Reading) {
        match shared_key(cache, reading) {
            Some(key) if !self.axes.contains(&key) => self.axes.push(key),
            None if !self.locals.contains(reading) => self.locals.push(reading.clone()),
            _ => {}
        }
    }

    fn source(&self, cache: &Cache, reading: &Reading) -> Source {
        let position = |found: Option<usize>| found.unwrap_or_default();
        match shared_key(cache, reading) {
            Some(key) => {
                Source::Shared(1 + self.raws + position(self.axes.iter().position(|k| *k == key)))
            }
            None => {
                let at = position(self.locals.iter().position(|r| r == reading));
                Source::Local(1 + self.raws + self.axes.len() + at)
            }
        }
    }

    /// The key of a row.
    #[must_use]
    pub fn key(
        &self,
        cache: &Cache,
        row: NodeIndex,
        late: i64,
        raws: impl Iterator<Item = i64>,
    ) -> Key {
        let mut key = Key::from_iter([late]);
        key.extend(raws);
        key.extend(
            self.axes
                .iter()
                .map(|&k| cache.domain(k, row).map_or(NONE, i64::from)),
        );
        key.extend(self.locals.iter().map(|r| r.at(cache, row).unwrap_or(NONE)));
        key
    }

    /// Where the values of the filters by counts are, in order.
    #[must_use]
    pub fn filters(&self) -> &[Sources] {
        &self.filters
    }

    /// Where the values of the scores by counts are, in order.
    #[must_use]
    pub fn scores(&self) -> &[Sources] {
        &self.scores
    }

    /// Rows that share a domain in which a value of the key is read.
    #[must_use]
    pub fn crowded(&self, cache: &Cache) -> Vec<NodeIndex> {
        let topology = cache.counters().topology();
        let keys = self.locals.iter().map(|r| r.counter_key(cache));
        keys.filter(|key| !topology.is_single(*key))
            .flat_map(|key| {
                let domains = topology.domains(key).map(move |d| topology.rows(key, d));
                domains.filter(|rows| rows.len() > 1).flatten().copied()
            })
            .collect()
    }

    /// The values of readings in a bucket.
    #[must_use]
    pub fn values(cache: &Cache, sources: &[Source], readings: &[Reading], key: &[i64]) -> Values {
        let value = |(source, reading): (&Source, &Reading)| match *source {
            Source::Local(slot) => Some(key[slot]).filter(|v| *v != NONE),
            Source::Shared(slot) => domain(key[slot]).map(|d| reading.in_domain(cache, d)),
        };
        sources.iter().zip(readings).map(value).collect()
    }
}

/// The domain in a slot.
#[must_use]
pub fn domain(slot: i64) -> Option<DomainId> {
    DomainId::try_from(slot).ok()
}

/// The key if its domains have many rows. Counters by node are no matter of the key's domains.
fn shared_key(cache: &Cache, reading: &Reading) -> Option<KeyId> {
    let by_key = reading.counter_key(cache) == reading.key;
    let shared = by_key && !cache.counters().topology().is_row_like(reading.key);
    shared.then_some(reading.key)
}
