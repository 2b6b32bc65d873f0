//! The verdict on a class over all nodes, kept and brought up to date from the change log.

use super::buckets::{Buckets, Place};
use super::rejections::Rejections;
use super::walk::Walk;
use super::{ActiveFilter, ActiveScore, Layout, Prepared, ScoreKind};
use crate::cache::{Cache, NodeIndex};
use crate::framework::{Profile, Rejection};
use crate::model::PodClass;
use smallvec::SmallVec;

/// Where a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    /// There is no node.
    Absent,
    /// A filter by row rejected it.
    Rejected(u32),
    /// It is in a bucket, whose key may hold a rejection by a filter by row that comes after one by counts.
    Held(Place),
}

/// Verdicts and scores of one class. A row is looked at only when it changed; every decision goes over
/// the buckets of rows that cannot differ but for their own scores.
pub struct ClassState {
    /// Change log position up to which rows are current.
    position: u64,
    layout: Layout,
    cells: Vec<Cell>,
    rejections: Rejections,
    buckets: Buckets,
    walk: Walk,
    /// Rows whose values other rows may change.
    crowded: Vec<NodeIndex>,
}

/// What looking at a row takes.
struct Sight<'a> {
    cache: &'a Cache,
    class: &'a PodClass,
    filters: SmallVec<[ActiveFilter<'a>; 16]>,
    scores: SmallVec<[ActiveScore<'a>; 8]>,
}

impl<'a> Sight<'a> {
    fn new(
        profile: &'a Profile,
        cache: &'a Cache,
        class: &'a PodClass,
        prepared: &'a Prepared,
    ) -> Self {
        Self {
            cache,
            class,
            filters: prepared.filters(profile).collect(),
            scores: prepared.scores(profile).collect(),
        }
    }
}

impl ClassState {
    /// Computes all rows.
    #[must_use]
    pub fn new(profile: &Profile, cache: &Cache, class: &PodClass, prepared: &Prepared) -> Self {
        let mut state = Self {
            position: cache.changes().end(),
            layout: Layout::new(profile, cache, prepared),
            cells: vec![Cell::Absent; cache.rows()],
            rejections: Rejections::default(),
            buckets: Buckets::default(),
            walk: Walk::default(),
            crowded: Vec::new(),
        };
        let sight = Sight::new(profile, cache, class, prepared);
        for (row, _) in cache.nodes() {
            state.visit(&sight, row);
        }
        state.crowded = state.layout.crowded(cache);
        state.decide(profile, cache, class, prepared);
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
        let few = behind <= cache.rows() / 2 + 8 && self.cells.len() == cache.rows();
        let Some(changed) = cache.changes().since(self.position).filter(|_| few) else {
            *self = Self::new(profile, cache, class, prepared);
            return;
        };
        let sight = Sight::new(profile, cache, class, prepared);
        let rows: SmallVec<[NodeIndex; 16]> = changed.collect();
        for &row in &rows {
            self.visit(&sight, row);
        }
        self.visit_crowded(&sight);
        self.position = end;
        self.decide(profile, cache, class, prepared);
    }

    /// The feasible rows with the highest total.
    #[must_use]
    pub fn best(&self) -> Vec<NodeIndex> {
        (0..self.walk.tied_rows())
            .filter_map(|at| self.tied(at))
            .collect()
    }

    /// Number of feasible rows with the highest total.
    #[must_use]
    pub fn tied_rows(&self) -> usize {
        self.walk.tied_rows()
    }

    /// One of the feasible rows with the highest total.
    #[must_use]
    pub fn tied(&self, at: usize) -> Option<NodeIndex> {
        self.walk.tied(&self.buckets, at)
    }

    /// Distinct rejections with the number of rows.
    #[must_use]
    pub fn rejections(&self) -> Vec<(Rejection, usize)> {
        let mut counts = self.rejections.counts();
        for (bucket, rejection) in self.walk.rejected() {
            let rows = self.buckets.list()[*bucket as usize].len();
            match counts.iter_mut().find(|(r, _)| r == rejection) {
                Some((_, n)) => *n += rows,
                None => counts.push((rejection.clone(), rows)),
            }
        }
        counts
    }

    /// All rejected rows with the reason, in no order.
    pub fn rejected_rows(&self) -> impl Iterator<Item = (NodeIndex, &Rejection)> {
        let by_row = (0..).zip(&self.cells).filter_map(|(row, cell)| match cell {
            Cell::Rejected(id) => Some((row, self.rejections.get(*id))),
            Cell::Absent | Cell::Held(_) => None,
        });
        let by_counts = self.walk.rejected().iter().flat_map(|(bucket, rejection)| {
            let rows = self.buckets.list()[*bucket as usize].rows();
            rows.map(move |row| (row, rejection))
        });
        by_row.chain(by_counts)
    }

    fn decide(&mut self, profile: &Profile, cache: &Cache, class: &PodClass, prepared: &Prepared) {
        self.walk.run(
            (profile, cache, class, prepared),
            &self.layout,
            &self.buckets,
            &self.rejections,
        );
    }

    /// Visits the rows that share, or shared, a domain of a key whose domains are hardly more than one row:
    /// what is read there moves with other rows.
    fn visit_crowded(&mut self, sight: &Sight<'_>) {
        let before = std::mem::take(&mut self.crowded);
        self.crowded = self.layout.crowded(sight.cache);
        for &row in before.iter().chain(&self.crowded.clone()) {
            self.visit(sight, row);
        }
    }

    /// Looks at a row again.
    fn visit(&mut self, sight: &Sight<'_>, row: NodeIndex) {
        let at = row as usize;
        let Some(node) = sight.cache.node(row) else {
            self.leave(at);
            return;
        };
        let (mut late, mut counted) = (None, false);
        for (order, filter) in sight.filters.iter().enumerate() {
            match filter {
                ActiveFilter::Counts(_) => counted = true,
                ActiveFilter::Rows(filter) => {
                    let Some(rejection) = filter.check(sight.class, node) else {
                        continue;
                    };
                    let id = self.rejections.id(rejection, order);
                    if !counted {
                        self.leave(at);
                        self.rejections.count(id, true);
                        self.cells[at] = Cell::Rejected(id);
                        return;
                    }
                    late = Some(id);
                    break;
                }
            }
        }
        let mut fixed = 0;
        let mut raws: SmallVec<[i64; 4]> = SmallVec::new();
        for score in &sight.scores {
            if matches!(score.kind, ScoreKind::Counts(_)) {
                continue;
            }
            let raw = score.kind.by_row(sight.class, node);
            if score.normalize.is_none() {
                fixed += raw * score.weight;
            } else {
                raws.push(raw);
            }
        }
        let late = late.map_or(0, |id| i64::from(id) + 1);
        let key = self.layout.key(sight.cache, row, late, raws.into_iter());
        match self.cells[at] {
            Cell::Held(place) if self.buckets.agrees(place, &key, fixed) => {}
            _ => {
                self.leave(at);
                self.cells[at] = Cell::Held(self.buckets.insert(key, fixed, row));
            }
        }
    }

    fn leave(&mut self, at: usize) {
        match std::mem::replace(&mut self.cells[at], Cell::Absent) {
            Cell::Absent => {}
            Cell::Rejected(id) => self.rejections.count(id, false),
            Cell::Held(place) => {
                if let Some(moved) = self.buckets.remove(place) {
                    self.cells[moved as usize] = Cell::Held(place);
                }
            }
        }
    }
}
