//! Questions to plugins outside the core. A cycle that lacks a verdict does not begin: `step` returns, `inquiry` says
//! what is asked, the caller finds out, answers, and steps again.

use super::attempt::Failed;
use super::{Proposal, Scheduler};
use crate::cache::{Cache, ClassId, NodeIndex, Verdict};
use crate::cycle::{Candidates, Evaluation, Prepared};
use crate::framework::{Code, External, Happened, Plugin, Profile, Reason, Rejection, Rejectors};
use crate::model::{Pod, PodClass};
use crate::queue::{Entry, Time};
use std::sync::Arc;

/// What is asked before a pod can be decided about.
#[derive(Clone, Debug)]
pub struct Inquiry {
    /// The pod; plugins that judge by class may take it for all of its class.
    pub pod: Pod,
    /// Plugins that are to say something.
    pub plugins: Vec<&'static str>,
    /// The nodes feasible so far, where they matter to these plugins.
    pub feasible: Option<Vec<Arc<str>>>,
    /// Candidates of preemption, to be answered by `propose`.
    pub candidates: Option<Vec<Proposal>>,
    class: ClassId,
    shared: Arc<PodClass>,
}

/// One plugin's answer, over `Cache::nodes` in their order.
#[derive(Debug, Default)]
pub struct Answer {
    /// 0 for a node that passes, `n` for one rejected because of `reasons[n - 1]`; empty if nothing was filtered.
    pub filtered: Vec<u32>,
    /// What `filtered` refers to; an empty text is no reason.
    pub reasons: Vec<(Code, Box<str>)>,
    /// Raw scores; empty if nothing was scored.
    pub scores: Vec<i64>,
}

impl Inquiry {
    /// About candidates of preemption.
    pub(super) fn about(failed: &Failed<'_>, candidates: Vec<Proposal>) -> Self {
        Self {
            pod: failed.pod.clone(),
            plugins: Vec::new(),
            feasible: None,
            candidates: Some(candidates),
            class: failed.id,
            shared: Arc::clone(failed.class),
        }
    }
}

impl Scheduler {
    /// What the last `step` stopped for.
    #[must_use]
    pub fn inquiry(&self) -> Option<&Inquiry> {
        self.inquiry.as_ref()
    }

    /// Answers for a plugin of the inquiry. An answer that came too late is dropped.
    ///
    /// # Errors
    /// A column does not have one value per node.
    pub fn answer(&mut self, plugin: &str, answer: Answer) -> Result<(), String> {
        let Some(inquiry) = &self.inquiry else {
            return Ok(());
        };
        let nodes = self.cache.node_count();
        for (column, len) in [
            ("filter", answer.filtered.len()),
            ("score", answer.scores.len()),
        ] {
            if len != 0 && len != nodes {
                return Err(format!("{column} of {nodes} nodes gave {len} values"));
            }
        }
        let known = inquiry.plugins.iter().find(|p| **p == plugin).copied();
        let Some(plugin) = known.filter(|_| self.cache.classes.is(inquiry.class, &inquiry.shared))
        else {
            return Ok(());
        };
        let verdict = Verdict {
            filtered: self.by_row(&answer.filtered),
            rejections: answer
                .reasons
                .into_iter()
                .map(|(code, text)| Rejection {
                    plugin,
                    code,
                    reasons: (!text.is_empty())
                        .then_some(Reason::Made(text))
                        .into_iter()
                        .collect(),
                })
                .collect(),
            scores: self.by_row(&answer.scores),
        };
        let now = self.cache.moment();
        self.cache.verdicts.put(inquiry.class, plugin, verdict, now);
        Ok(())
    }

    /// Gives up the attempt of the pod of an inquiry, whose answer is an error; it is retried after a backoff.
    /// Returns whether the pod was still waiting.
    pub fn attempt_failed(&mut self, uid: &str, now: Time) -> bool {
        self.inquiry = None;
        let entry = self.queue.take_ready(uid);
        let waiting = entry.is_some();
        if let Some(entry) = entry {
            self.queue.put_back_failed(entry, now);
        }
        waiting
    }

    /// A plugin outside the core rejected an assumed pod, which now waits for an event. Returns whether the pod was
    /// assumed.
    pub fn rejected(&mut self, uid: &str, plugin: &str, now: Time) -> bool {
        self.unreserve(uid);
        let Some(entry) = self.queue.take_assumed(uid) else {
            return false;
        };
        let class = self.cache.classes.get(entry.class);
        if let Some((freed, _)) = self.cache.unplace(uid) {
            let event = Happened {
                except: Some(Arc::clone(&entry.pod.uid)),
                ..Happened::left(freed)
            };
            self.react(&event, now);
        }
        let profile = self.profiles.of(&class);
        let known = profile.plugins().map(Plugin::name).find(|n| *n == plugin);
        let by = Rejectors {
            unschedulable: profile.set(known.as_slice()),
            ..Rejectors::default()
        };
        self.wait(entry, &class, by, now);
        true
    }

    /// Asks a plugin again about everything.
    pub fn invalidate(&mut self, plugin: &str) {
        self.cache.verdicts.drop_all(plugin);
    }

    /// What must be asked before the pod can be decided about by this class.
    pub(super) fn inquire(&mut self, entry: &Entry, class: ClassId) -> Option<Inquiry> {
        let shared = self.cache.classes.get(class);
        let profile = self.profiles.of(&shared);
        let wanted = |e: &&External| !e.holds(class, &self.cache);
        let wanted: Vec<&External> = profile.externals().filter(wanted).collect();
        let first = wanted.iter().any(|e| !e.among_feasible);
        let plugins: Vec<_> = wanted
            .iter()
            .filter(|e| e.among_feasible != first)
            .map(|e| e.name())
            .collect();
        if plugins.is_empty() {
            return None;
        }
        let feasible = (!first).then(|| {
            let rows = feasible(profile, &mut self.cache, &shared);
            let node = |row| Some(Arc::clone(&self.cache.node(row)?.spec().name));
            rows.into_iter().filter_map(node).collect::<Vec<_>>()
        });
        if feasible.as_ref().is_some_and(Vec::is_empty) {
            return None;
        }
        Some(Inquiry {
            pod: entry.pod.clone(),
            plugins,
            feasible,
            candidates: None,
            class,
            shared,
        })
    }

    /// Drops verdicts that served the cycle just run.
    pub(super) fn spend(&mut self, class: ClassId) {
        if self.cache.verdicts.is_empty() {
            return;
        }
        let shared = self.cache.classes.get(class);
        for external in self.profiles.of(&shared).externals() {
            if external.is_spent_by_a_cycle() {
                self.cache.verdicts.drop(class, external.name());
            }
        }
    }

    fn by_row<T: Copy + Default>(&self, values: &[T]) -> Vec<T> {
        if values.is_empty() {
            return Vec::new();
        }
        let mut rows = vec![T::default(); self.cache.rows()];
        for ((row, _), &value) in self.cache.nodes().zip(values) {
            rows[row as usize] = value;
        }
        rows
    }
}

fn feasible(profile: &Profile, cache: &mut Cache, class: &PodClass) -> Vec<NodeIndex> {
    let prepared = Prepared::new(profile, cache, class);
    let rows = match prepared.candidates(cache) {
        Candidates::Rejected(_) => Vec::new(),
        Candidates::All => cache.nodes().map(|(row, _)| row).collect(),
        Candidates::Some(rows, _) => rows,
    };
    Evaluation::run(profile, cache, class, &prepared, rows.into_iter()).feasible
}
