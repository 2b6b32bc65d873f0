//! The choice of a node for a class, with the states of the classes seen lately.

use super::{Candidates, ClassState, Diagnosis, Evaluation, candidates};
use crate::cache::{Cache, ClassId, NodeIndex};
use crate::framework::{Profile, Rejection};
use crate::model::PodClass;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

/// Class states together hold at most this many rows.
const STATE_ROWS: usize = 1 << 22;

/// Finds nodes; equally good ones are chosen from by a seeded generator.
pub struct Placement {
    /// By class: the cycle of its last use, and its state from the second use on.
    states: HashMap<ClassId, (u64, Option<ClassState>)>,
    cycle: u64,
    seed: u64,
}

impl Placement {
    /// Without any states.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            states: HashMap::new(),
            cycle: 0,
            seed,
        }
    }

    /// Drops the states of classes whose numbers were given up.
    pub fn forget(&mut self, classes: &[ClassId]) {
        for class in classes {
            self.states.remove(class);
        }
    }

    /// The node for a class.
    ///
    /// # Errors
    /// Why there is none.
    pub fn find(
        &mut self,
        profile: &Profile,
        cache: &Cache,
        id: ClassId,
        class: &PodClass,
    ) -> Result<Arc<str>, Diagnosis> {
        self.cycle += 1;
        let mut diagnosis = Diagnosis {
            total: cache.node_count(),
            ..Diagnosis::default()
        };
        let (found, filters) = candidates(profile, cache, class);
        let best = match found {
            Candidates::Rejected(rejection) => {
                diagnosis.pre_filter = Some(rejection);
                None
            }
            Candidates::Some(rows, outside) => {
                let excluded = diagnosis.total - rows.len();
                let run = Evaluation::run(profile, cache, class, &filters, rows.into_iter());
                diagnosis.rejections = counted(&run);
                diagnosis
                    .rejections
                    .extend((excluded > 0).then_some((outside, excluded)));
                self.pick(&run.best())
            }
            Candidates::All => match self.states.entry(id) {
                Entry::Vacant(slot) => {
                    slot.insert((self.cycle, None));
                    let rows = cache.nodes().map(|(row, _)| row);
                    let run = Evaluation::run(profile, cache, class, &filters, rows);
                    diagnosis.rejections = counted(&run);
                    self.evict(cache.rows());
                    self.pick(&run.best())
                }
                Entry::Occupied(slot) => {
                    let (used, kept) = slot.into_mut();
                    *used = self.cycle;
                    match kept {
                        Some(state) => state.refresh(profile, cache, class, &filters),
                        None => *kept = Some(ClassState::new(profile, cache, class, &filters)),
                    }
                    let best = kept.as_ref().map_or(&[][..], ClassState::best);
                    let at = draw(&mut self.seed, best.len());
                    let row = best.get(at).copied();
                    if row.is_none() {
                        diagnosis.rejections = kept
                            .as_ref()
                            .map(ClassState::rejections)
                            .unwrap_or_default();
                    }
                    row
                }
            },
        };
        best.and_then(|row| cache.node(row))
            .map(|node| Arc::clone(&node.spec().name))
            .ok_or(diagnosis)
    }

    fn pick(&mut self, rows: &[NodeIndex]) -> Option<NodeIndex> {
        rows.get(draw(&mut self.seed, rows.len())).copied()
    }

    /// Drops the half used least lately when there are too many.
    fn evict(&mut self, rows: usize) {
        if self.states.len() <= (STATE_ROWS / rows.max(1)).max(16) {
            return;
        }
        let mut used: Vec<u64> = self.states.values().map(|(used, _)| *used).collect();
        let middle = used.len() / 2;
        let (_, &mut median, _) = used.select_nth_unstable(middle);
        self.states.retain(|_, (used, _)| *used >= median);
    }
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
