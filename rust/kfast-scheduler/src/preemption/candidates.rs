//! The nodes on which preemption would help a class, kept and brought up to date from the log of changed rows.

use super::dry_run::{Check, check_with_nominated, dry_run};
use super::{Budgets, Cost, DryRun, Nominator, Victims};
use crate::cache::{Cache, ClassId, NodeIndex};
use crate::framework::{Code, Rejection};
use crate::model::PodClass;
use std::collections::HashMap;

/// States together hold at most this many rows.
const STATE_ROWS: usize = 1 << 19;

/// How many candidates are looked for: DefaultPreemptionArgs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `minCandidateNodesPercentage` of the nodes that might do.
    pub percentage: usize,
    /// `minCandidateNodesAbsolute`.
    pub absolute: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            percentage: 10,
            absolute: 100,
        }
    }
}

impl Limits {
    fn wanted(self, potential: usize) -> usize {
        let share = potential.saturating_mul(self.percentage) / 100;
        share.max(self.absolute).min(potential)
    }
}

/// A class that fits nowhere, and how to tell whether it fits a row.
pub struct Preemptor<'a> {
    /// Number of the class.
    pub id: ClassId,
    /// The class.
    pub class: &'a PodClass,
    /// The pod.
    pub uid: &'a str,
    /// Why the class does not fit a row as the cache is.
    pub check: Check<'a>,
    /// `check` depends on other rows as well.
    pub shared: bool,
    /// Other numbers whenever `check` may answer differently for an unchanged row.
    pub version: &'a [u64],
    /// The rows that might do, `None` for all.
    pub rows: Option<&'a [NodeIndex]>,
    /// PreFilter rejected the class in a way that removing pods might lift: all rows might do.
    pub everywhere: bool,
}

/// The cluster as preemption sees it.
pub struct Surroundings<'a> {
    /// Nodes and pods.
    pub cache: &'a mut Cache,
    /// Nominated pods.
    pub nominator: &'a Nominator,
    /// Budgets.
    pub budgets: &'a Budgets,
}

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// The best candidate.
    Candidate(NodeIndex, Victims),
    /// None: reasons on the nodes that might have done, with the number of nodes.
    Nothing(Vec<(Rejection, usize)>),
}

/// What preemption can do on one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row {
    /// Removing pods cannot help, or there is no node.
    Unhelpful,
    /// Removing pods does not help, for the reason of this number.
    Hopeless(u32),
    /// It helps.
    Candidate(Cost),
}

/// Rejections by number, with how many rows have them.
#[derive(Debug, Default)]
struct Reasons {
    ids: HashMap<Rejection, u32>,
    counts: Vec<(Rejection, usize)>,
}

impl Reasons {
    fn add(&mut self, rejection: Rejection) -> u32 {
        let next = u32::try_from(self.counts.len()).unwrap_or(u32::MAX);
        let counts = &mut self.counts;
        let id = *self.ids.entry(rejection).or_insert_with_key(|rejection| {
            counts.push((rejection.clone(), 0));
            next
        });
        self.counts[id as usize].1 += 1;
        id
    }

    fn held(&self) -> Vec<(Rejection, usize)> {
        let held = self.counts.iter().filter(|(_, n)| *n > 0);
        held.cloned().collect()
    }
}

/// One class over all rows.
#[derive(Debug, Default)]
struct State {
    /// Attempt of the last use.
    used: u64,
    position: u64,
    version: Vec<u64>,
    budgets: u64,
    reach: u64,
    /// A row set for one pod alone.
    own: Option<NodeIndex>,
    rows: Vec<Row>,
    /// Rows budgets have a say about.
    budgeted: Vec<bool>,
    reasons: Reasons,
    potential: usize,
}

impl State {
    fn set(&mut self, row: NodeIndex, verdict: Option<DryRun>) {
        let at = row as usize;
        match self.rows[at] {
            Row::Unhelpful => {}
            Row::Hopeless(id) => {
                self.reasons.counts[id as usize].1 -= 1;
                self.potential -= 1;
            }
            Row::Candidate(_) => self.potential -= 1,
        }
        self.budgeted[at] = verdict.as_ref().is_some_and(|v| v.budgeted);
        self.rows[at] = match verdict.map(|v| v.verdict) {
            None => Row::Unhelpful,
            Some(Err(rejection)) => Row::Hopeless(self.reasons.add(rejection)),
            Some(Ok(victims)) => Row::Candidate(victims.cost),
        };
        self.potential += usize::from(self.rows[at] != Row::Unhelpful);
    }

    fn refresh(&mut self, of: &Preemptor<'_>, around: &mut Surroundings<'_>) {
        let end = around.cache.occupancy().end();
        let rows = around.cache.rows();
        let changed = around.cache.occupancy().since(self.position);
        let changed: Option<Vec<NodeIndex>> = changed
            .filter(|_| end - self.position <= rows as u64)
            .map(Iterator::collect);
        let reach = around.budgets.reach();
        let kept = self.version == of.version && self.reach == reach && self.rows.len() == rows;
        let mut visit: Vec<NodeIndex> = match changed {
            Some(changed) if kept => changed,
            _ => {
                self.rows = vec![Row::Unhelpful; rows];
                self.budgeted = vec![false; rows];
                (self.reasons, self.potential) = (Reasons::default(), 0);
                (0..NodeIndex::try_from(rows).unwrap_or(NodeIndex::MAX)).collect()
            }
        };
        if self.budgets != around.budgets.version() {
            let budgeted = (0..).zip(&self.budgeted).filter(|(_, b)| **b);
            visit.extend(budgeted.map(|(row, _)| row));
        }
        visit.extend(self.own.take());
        visit.sort_unstable();
        visit.dedup();
        for row in visit {
            let verdict = try_row(of, around, row, "");
            self.set(row, verdict);
        }
        self.position = end;
        self.version = of.version.to_vec();
        self.budgets = around.budgets.version();
        self.reach = reach;
    }
}

/// Preemption on one row; `None` if removing pods cannot help there. `uid`'s own nomination does not count.
fn try_row(
    of: &Preemptor<'_>,
    around: &mut Surroundings<'_>,
    row: NodeIndex,
    uid: &str,
) -> Option<DryRun> {
    let name = std::sync::Arc::clone(&around.cache.node(row)?.spec().name);
    let priority = of.class.priority;
    let nominated = around.nominator.yields_to(&name, priority, uid);
    if !of.everywhere {
        let rejection = check_with_nominated(around.cache, row, &nominated, of.check)?;
        if rejection.code != Code::Unschedulable {
            return None;
        }
    }
    let (cache, budgets) = (&mut *around.cache, around.budgets);
    Some(dry_run(cache, row, of.class, &nominated, budgets, of.check))
}

/// Walks candidates in order until enough are seen; the cheapest of them.
struct Walk {
    wanted: usize,
    violating: usize,
    others: usize,
    best: Option<(Cost, NodeIndex)>,
    /// All of them in order, if they are wanted.
    met: Option<Vec<NodeIndex>>,
}

impl Walk {
    fn new(wanted: usize) -> Self {
        Self {
            wanted,
            violating: 0,
            others: 0,
            best: None,
            met: None,
        }
    }

    /// Takes in one candidate. Whether enough are seen.
    fn meet(&mut self, row: NodeIndex, cost: Cost) -> bool {
        let list = if cost.violations == 0 {
            &mut self.others
        } else {
            &mut self.violating
        };
        *list += 1;
        if *list <= self.wanted {
            self.met.iter_mut().for_each(|met| met.push(row));
            if self.best.is_none_or(|(best, _)| cost < best) {
                self.best = Some((cost, row));
            }
        }
        self.others > 0 && self.others + self.violating >= self.wanted
    }
}

/// The states of the classes that tried to preempt lately; filled with the second attempt.
#[derive(Debug, Default)]
pub struct CandidateStates {
    states: HashMap<ClassId, State>,
    attempts: u64,
}

impl CandidateStates {
    /// Drops the states of classes whose numbers were given up.
    pub fn forget(&mut self, classes: &[ClassId]) {
        for class in classes {
            self.states.remove(class);
        }
    }

    /// The best of the first candidates from a row on, which `offset` tells; which comes first of equal ones
    /// follows from it too.
    pub fn find(
        &mut self,
        of: &Preemptor<'_>,
        around: &mut Surroundings<'_>,
        limits: Limits,
        offset: usize,
    ) -> Found {
        if of.shared || of.everywhere || of.rows.is_some() {
            return find_from_scratch(of, around, limits, offset);
        }
        self.attempts += 1;
        let known = self.states.contains_key(&of.id);
        let state = self.states.entry(of.id).or_default();
        state.used = self.attempts;
        if !known {
            self.evict(around.cache.rows());
            return find_from_scratch(of, around, limits, offset);
        }
        state.refresh(of, around);
        let own = around.nominator.node_of(of.uid).cloned();
        if let Some(row) = own.as_ref().and_then(|node| around.cache.index(node)) {
            let verdict = try_row(of, around, row, of.uid);
            state.set(row, verdict);
            state.own = Some(row);
        }
        let mut walk = Walk::new(limits.wanted(state.potential));
        let rows = state.rows.len().max(1);
        for at in (0..state.rows.len()).map(|i| (offset % rows + i) % rows) {
            if let Row::Candidate(cost) = state.rows[at]
                && walk.meet(NodeIndex::try_from(at).unwrap_or(NodeIndex::MAX), cost)
            {
                break;
            }
        }
        match walk
            .best
            .and_then(|(_, row)| Some((row, victims_on(of, around, row)?)))
        {
            Some((row, victims)) => Found::Candidate(row, victims),
            None => Found::Nothing(state.reasons.held()),
        }
    }

    /// Drops the half used least lately when there are too many.
    fn evict(&mut self, rows: usize) {
        if self.states.len() <= (STATE_ROWS / rows.max(1)).max(4) {
            return;
        }
        let mut used: Vec<u64> = self.states.values().map(|s| s.used).collect();
        let middle = used.len() / 2;
        let (_, &mut median, _) = used.select_nth_unstable(middle);
        self.states.retain(|_, state| state.used >= median);
    }
}

fn victims_on(
    of: &Preemptor<'_>,
    around: &mut Surroundings<'_>,
    row: NodeIndex,
) -> Option<Victims> {
    try_row(of, around, row, of.uid)?.verdict.ok()
}

/// The same without any state: for few rows, or where one row's verdict depends on others.
pub fn find_from_scratch(
    of: &Preemptor<'_>,
    around: &mut Surroundings<'_>,
    limits: Limits,
    offset: usize,
) -> Found {
    let (walk, reasons) = walk_from_scratch(of, around, limits, offset, None);
    match walk
        .best
        .and_then(|(_, row)| Some((row, victims_on(of, around, row)?)))
    {
        Some((row, victims)) => Found::Candidate(row, victims),
        None => Found::Nothing(reasons.held()),
    }
}

/// All candidates among which the best is chosen, in their order.
pub fn all_candidates(
    of: &Preemptor<'_>,
    around: &mut Surroundings<'_>,
    limits: Limits,
    offset: usize,
) -> Vec<(NodeIndex, Victims)> {
    let (walk, _) = walk_from_scratch(of, around, limits, offset, Some(Vec::new()));
    let met = walk.met.into_iter().flatten();
    met.filter_map(|row| Some((row, victims_on(of, around, row)?)))
        .collect()
}

fn walk_from_scratch(
    of: &Preemptor<'_>,
    around: &mut Surroundings<'_>,
    limits: Limits,
    offset: usize,
    met: Option<Vec<NodeIndex>>,
) -> (Walk, Reasons) {
    let mut rows: Vec<NodeIndex> = match of.rows {
        Some(rows) => rows.to_vec(),
        None => around.cache.nodes().map(|(row, _)| row).collect(),
    };
    rows.sort_unstable();
    rows.retain(|&row| of.everywhere || code_on(of, around, row) == Some(Code::Unschedulable));
    let start = rows.partition_point(|&row| (row as usize) < offset % around.cache.rows().max(1));
    rows.rotate_left(start);
    let mut walk = Walk {
        met,
        ..Walk::new(limits.wanted(rows.len()))
    };
    let mut reasons = Reasons::default();
    for row in rows {
        match try_row(of, around, row, of.uid).map(|v| v.verdict) {
            Some(Ok(victims)) if walk.meet(row, victims.cost) => break,
            Some(Ok(_)) | None => {}
            Some(Err(rejection)) => drop(reasons.add(rejection)),
        }
    }
    (walk, reasons)
}

fn code_on(of: &Preemptor<'_>, around: &mut Surroundings<'_>, row: NodeIndex) -> Option<Code> {
    let name = std::sync::Arc::clone(&around.cache.node(row)?.spec().name);
    let nominated = around.nominator.yields_to(&name, of.class.priority, of.uid);
    check_with_nominated(around.cache, row, &nominated, of.check).map(|r| r.code)
}
