//! Preemption on one node, tried out: all pods of lower priority leave, and as many as can come back.

use super::nominator::Present;
use super::{Budgets, Cost};
use crate::cache::{Cache, ClassId, NodeIndex};
use crate::framework::Rejection;
use crate::model::PodClass;
use std::cmp::Reverse;
use std::sync::Arc;

/// Who must go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Victims {
    /// Uids, the most important pod first.
    pub pods: Vec<Arc<str>>,
    /// How this compares with other nodes.
    pub cost: Cost,
}

/// The outcome on one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DryRun {
    /// The victims, or why preemption does not help.
    pub verdict: Result<Victims, Rejection>,
    /// Whether budgets have a say about any pod considered.
    pub budgeted: bool,
}

/// A pod of lower priority on the node.
struct Considered {
    uid: Arc<str>,
    class: ClassId,
    priority: i32,
    started: i64,
    deleting: bool,
    violating: bool,
}

/// The preemptor on a node.
struct Trial<'a> {
    cache: &'a mut Cache,
    row: NodeIndex,
    /// Nominated pods the preemptor yields to.
    nominated: &'a [Present],
    check: Check<'a>,
}

/// What `check` says of a row.
pub type Check<'a> = &'a dyn Fn(&Cache, NodeIndex) -> Option<Rejection>;

/// Filters a row with these pods present.
pub fn with_present(
    cache: &mut Cache,
    row: NodeIndex,
    pods: &[Present],
    check: Check<'_>,
) -> Option<Rejection> {
    pods.iter()
        .for_each(|(uid, c)| cache.suppose(row, uid, (*c, false), true));
    let rejection = check(cache, row);
    pods.iter()
        .for_each(|(uid, c)| cache.suppose(row, uid, (*c, false), false));
    rejection
}

/// Filters with the nominated pods present, then without.
pub fn check_with_nominated(
    cache: &mut Cache,
    row: NodeIndex,
    nominated: &[Present],
    check: Check<'_>,
) -> Option<Rejection> {
    if !nominated.is_empty() {
        let rejection = with_present(cache, row, nominated, check);
        if rejection.is_some() {
            return rejection;
        }
    }
    check(cache, row)
}

impl Trial<'_> {
    fn rejection(&mut self) -> Option<Rejection> {
        check_with_nominated(self.cache, self.row, self.nominated, self.check)
    }

    fn suppose(&mut self, pod: &Considered, there: bool) {
        let class = (pod.class, pod.deleting);
        self.cache.suppose(self.row, &pod.uid, class, there);
    }

    /// Puts back pods, the most important first, as long as the preemptor fits. Returns those that must stay away.
    fn reprieve(&mut self, pods: Vec<Considered>) -> Vec<Considered> {
        let mut victims = Vec::new();
        for pod in pods {
            self.suppose(&pod, true);
            if self.rejection().is_some() {
                self.suppose(&pod, false);
                victims.push(pod);
            }
        }
        victims
    }
}

/// Tries preemption on a row for pods of `class`; `check` filters it. The cache is as before afterwards.
pub fn dry_run(
    cache: &mut Cache,
    row: NodeIndex,
    class: &PodClass,
    nominated: &[Present],
    budgets: &Budgets,
    check: Check<'_>,
) -> DryRun {
    let (pods, budgeted) = considered(cache, row, class.priority, budgets);
    if pods.is_empty() {
        let none = "No preemption victims found for incoming pod";
        return DryRun {
            verdict: Err(Rejection::unresolvable("DefaultPreemption", none)),
            budgeted,
        };
    }
    let mut trial = Trial {
        cache,
        row,
        nominated,
        check,
    };
    pods.iter().for_each(|p| trial.suppose(p, false));
    let verdict = match trial.rejection() {
        Some(rejection) => {
            pods.iter().for_each(|p| trial.suppose(p, true));
            Err(rejection)
        }
        None => Ok(victims(&mut trial, pods)),
    };
    DryRun { verdict, budgeted }
}

fn victims(trial: &mut Trial<'_>, pods: Vec<Considered>) -> Victims {
    let (violating, others): (Vec<_>, Vec<_>) = pods.into_iter().partition(|p| p.violating);
    let mut victims = trial.reprieve(violating);
    let violations = u32::try_from(victims.len()).unwrap_or(u32::MAX);
    victims.extend(trial.reprieve(others));
    victims.iter().for_each(|p| trial.suppose(p, true));
    victims.sort_by_key(|p| (Reverse(p.priority), p.started));
    Victims {
        cost: Cost::of(violations, victims.iter().map(|p| (p.priority, p.started))),
        pods: victims.into_iter().map(|p| p.uid).collect(),
    }
}

/// The pods of lower priority on a row, the most important first, and whether any budget speaks of them.
fn considered(
    cache: &Cache,
    row: NodeIndex,
    priority: i32,
    budgets: &Budgets,
) -> (Vec<Considered>, bool) {
    let Some(node) = cache.node(row) else {
        return (Vec::new(), false);
    };
    let mut pods: Vec<_> = cache
        .pods_on(&node.spec().name)
        .map(|(uid, placed)| (uid, placed, cache.classes.get(placed.class)))
        .filter(|(_, _, class)| class.priority < priority)
        .collect();
    pods.sort_by_key(|(_, pod, class)| {
        (
            Reverse(class.priority),
            pod.occupant.started.unwrap_or(i64::MAX),
        )
    });
    let mut tally = budgets.tally();
    let mut budgeted = false;
    let mut consider = |(uid, placed, class): (&Arc<str>, &crate::cache::Placed, Arc<PodClass>)| {
        let (matched, violating) = tally.goes(&class, placed);
        budgeted |= matched;
        Considered {
            uid: Arc::clone(uid),
            class: placed.class,
            priority: class.priority,
            started: placed.occupant.started.unwrap_or(i64::MAX),
            deleting: placed.occupant.deleting,
            violating,
        }
    };
    let pods = pods.into_iter().map(&mut consider).collect();
    (pods, budgeted)
}
