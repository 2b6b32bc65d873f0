//! The choice of a node for a class, with the states of the classes seen lately.

use super::sampling::Sampling;
use super::{Candidates, ClassState, Diagnosis, Evaluation, OneShot, Prepared};
use crate::cache::{Cache, ClassId, NodeIndex};
use crate::framework::{Profile, Rejection};
use crate::model::PodClass;
use crate::preemption::{Nominator, check_with_nominated};
use foldhash::HashMap;
use std::sync::Arc;

/// Class states together hold at most this many rows.
const STATE_ROWS: usize = 1 << 22;

/// At most so many classes are remembered.
const CLASSES: usize = 1 << 12;
/// A state is kept while less than one row in so many changed between two uses; beyond that, looking at all
/// rows by columns is as quick as looking at the changed ones.
const SPARSE: usize = 8;

/// What is kept of a class.
struct Kept {
    /// Cycle of the last use.
    used: u64,
    /// Position in the change log at the last use.
    position: u64,
    prepared: Prepared,
    state: Option<ClassState>,
}

impl Kept {
    /// Whether few rows changed since the last use, which is now.
    fn is_close(&mut self, cache: &Cache) -> bool {
        let end = cache.changes().end();
        let changed = end - std::mem::replace(&mut self.position, end);
        usize::try_from(changed).is_ok_and(|n| n <= cache.rows() / SPARSE + 16)
    }

    /// Brings the state up to date. Number of the best rows.
    fn refresh(&mut self, profile: &Profile, cache: &Cache, class: &PodClass) -> usize {
        match &mut self.state {
            Some(state) => state.refresh(profile, cache, class, &self.prepared),
            None => self.state = Some(ClassState::new(profile, cache, class, &self.prepared)),
        }
        self.state.as_ref().map_or(0, ClassState::tied_rows)
    }
}

/// Finds nodes; equally good ones are chosen from by a seeded generator.
pub struct Placement {
    kept: HashMap<ClassId, Kept>,
    one_shot: OneShot,
    sampling: Sampling,
    cycle: u64,
    seed: u64,
}

impl Placement {
    /// Without any states.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            kept: HashMap::default(),
            one_shot: OneShot::default(),
            sampling: Sampling::default(),
            cycle: 0,
            seed,
        }
    }

    /// Drops the states of classes whose numbers were given up.
    pub fn forget(&mut self, classes: &[ClassId]) {
        for class in classes {
            self.kept.remove(class);
        }
    }

    /// The node for a class.
    ///
    /// # Errors
    /// Why there is none.
    pub fn find(
        &mut self,
        profile: &Profile,
        cache: &mut Cache,
        id: ClassId,
        class: &PodClass,
        (nominator, uid): (&Nominator, &str),
    ) -> Result<Arc<str>, Diagnosis> {
        self.cycle += 1;
        let mut diagnosis = Diagnosis {
            total: cache.node_count(),
            ..Diagnosis::default()
        };
        let close = self.prepare(profile, cache, id, class);
        if let Some(node) = self.nominated(profile, cache, (id, class), nominator, uid) {
            return Ok(node);
        }
        let cache = &*cache;
        let Some(kept) = self.kept.get_mut(&id) else {
            return Err(diagnosis);
        };
        let best = match kept.prepared.candidates(cache) {
            Candidates::Rejected(rejection) => {
                diagnosis.pre_filter = Some(rejection);
                None
            }
            Candidates::Some(rows, outside) => {
                let excluded = diagnosis.total - rows.len();
                let found = self.at_once(profile, cache, class, id, Some(&rows));
                found
                    .map_err(|rejections| {
                        diagnosis.rejections = rejections;
                        let excluded = (excluded > 0).then_some((outside, excluded));
                        diagnosis.rejections.extend(excluded);
                    })
                    .ok()
            }
            Candidates::All if close && !samples(profile) => {
                let tied = kept.refresh(profile, cache, class);
                let at = draw(&mut self.seed, tied);
                let state = kept.state.as_ref();
                let row = state.and_then(|s| s.tied(at));
                if row.is_none() {
                    diagnosis.rejections = state.map(ClassState::rejections).unwrap_or_default();
                }
                row
            }
            Candidates::All => {
                kept.state = None;
                let found = self.at_once(profile, cache, class, id, None);
                found.map_err(|r| diagnosis.rejections = r).ok()
            }
        };
        best.and_then(|row| cache.node(row))
            .map(|node| Arc::clone(&node.spec().name))
            .ok_or(diagnosis)
    }

    /// The node for a class among `rows` or all rows, keeping nothing; or the rejections.
    fn at_once(
        &mut self,
        profile: &Profile,
        cache: &Cache,
        class: &PodClass,
        id: ClassId,
        rows: Option<&[NodeIndex]>,
    ) -> Result<NodeIndex, Vec<(Rejection, usize)>> {
        let Some(Kept { prepared, .. }) = self.kept.get(&id) else {
            return Err(Vec::new());
        };
        if samples(profile) {
            let found = self.sampling.search(profile, cache, class, prepared, rows);
            let feasible = &found.feasible;
            let best = self
                .one_shot
                .best_of(profile, cache, class, prepared, feasible);
            return pick(&mut self.seed, best).ok_or(found.rejections);
        }
        let all = || (0..).take(cache.rows());
        let best = match rows {
            Some(rows) => {
                let rows = rows.iter().copied();
                self.one_shot.best(profile, cache, class, prepared, rows)
            }
            None => self.one_shot.best(profile, cache, class, prepared, all()),
        };
        if let Some(row) = pick(&mut self.seed, best) {
            return Ok(row);
        }
        let run = match rows {
            Some(rows) => Evaluation::run(profile, cache, class, prepared, rows.iter().copied()),
            None => Evaluation::run(profile, cache, class, prepared, all()),
        };
        Err(counted(&run))
    }

    /// Lets the class yield to nominated pods. The node the pod itself is nominated for, if it fits there.
    fn nominated(
        &mut self,
        profile: &Profile,
        cache: &mut Cache,
        (id, class): (ClassId, &PodClass),
        nominator: &Nominator,
        uid: &str,
    ) -> Option<Arc<str>> {
        let prepared = &mut self.kept.get_mut(&id)?.prepared;
        prepared.yield_to(profile, cache, class, nominator);
        let node = nominator.node_of(uid)?;
        if let Candidates::Rejected(_) = prepared.candidates(cache) {
            return None;
        }
        let row = cache.index(node)?;
        let others = nominator.yields_to(node, class.priority, uid);
        let check = |cache: &Cache, row| prepared.rejection_alone(profile, cache, class, row);
        let rejection = check_with_nominated(cache, row, &others, &check);
        rejection.is_none().then(|| Arc::clone(node))
    }

    /// What the plugins prepared for a class when it was last looked at.
    #[must_use]
    pub fn prepared(&self, id: ClassId) -> Option<&Prepared> {
        self.kept.get(&id).map(|kept| &kept.prepared)
    }

    /// A number below `bound`, 0 for none.
    pub fn draw(&mut self, bound: usize) -> usize {
        draw(&mut self.seed, bound)
    }

    /// Sees to it that what the plugins prepared for a class is current. Whether few rows changed since the
    /// class was last looked at.
    fn prepare(
        &mut self,
        profile: &Profile,
        cache: &mut Cache,
        id: ClassId,
        class: &PodClass,
    ) -> bool {
        if let Some(kept) = self.kept.get_mut(&id) {
            kept.used = self.cycle;
            let close = kept.is_close(cache);
            if !kept.prepared.is_current(profile, cache, class) {
                kept.prepared = Prepared::new(profile, cache, class);
                kept.state = None;
            }
            if close && kept.state.is_none() {
                self.evict((STATE_ROWS / cache.rows().max(1)).max(16));
            }
            return close;
        }
        let kept = Kept {
            used: self.cycle,
            position: cache.changes().end(),
            prepared: Prepared::new(profile, cache, class),
            state: None,
        };
        self.kept.insert(id, kept);
        if self.kept.len() > CLASSES {
            let median = median(self.kept.values().map(|kept| kept.used));
            self.kept.retain(|_, kept| kept.used >= median);
        }
        false
    }

    /// Drops the half of the states used least lately when there are too many.
    fn evict(&mut self, most: usize) {
        let with_state = self.kept.values().filter(|kept| kept.state.is_some());
        if with_state.clone().count() < most {
            return;
        }
        let median = median(with_state.map(|kept| kept.used));
        for kept in self.kept.values_mut().filter(|kept| kept.used < median) {
            kept.state = None;
        }
    }
}

fn median(values: impl Iterator<Item = u64>) -> u64 {
    let mut values: Vec<u64> = values.collect();
    let middle = values.len() / 2;
    if values.is_empty() {
        return 0;
    }
    *values.select_nth_unstable(middle).1
}

/// Whether enough feasible nodes do instead of all.
fn samples(profile: &Profile) -> bool {
    (1..100).contains(&profile.percentage_of_nodes_to_score())
}

/// One of equally good rows.
fn pick(seed: &mut u64, rows: &[NodeIndex]) -> Option<NodeIndex> {
    rows.get(draw(seed, rows.len())).copied()
}

/// A number below `bound` (0 for none); the seed moves on. Splitmix64.
fn draw(seed: &mut u64, bound: usize) -> usize {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *seed;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
    usize::try_from((z ^ (z >> 31)) % bound).unwrap_or(0)
}

/// Distinct rejections with the number of nodes.
fn counted(run: &Evaluation) -> Vec<(Rejection, usize)> {
    let mut counts: Vec<(Rejection, usize)> = Vec::new();
    for (_, rejection) in &run.rejected {
        match counts.iter_mut().find(|(r, _)| r == rejection) {
            Some((_, n)) => *n += 1,
            None => counts.push((rejection.clone(), 1)),
        }
    }
    counts
}
