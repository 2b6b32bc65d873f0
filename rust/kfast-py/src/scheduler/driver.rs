//! `SchedulerDriver`: pods into a scheduler core and decisions out of it at the speed of the core, on a stopwatch
//! that runs only while the core works.

use super::{PyScheduler, malformed, time};
use kfast_core::Object;
use kfast_scheduler::queue::Time;
use kfast_scheduler::{Decision, Outcome, PodRef, Scheduler};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Decisions between two looks at the stopwatch.
const CHUNK: usize = 64;
const NUMBER: &str = "@number@";
const NODE: &str = "@node@";

/// How far a pod has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    Attempted,
    Bound,
    Gone,
}

struct Driven {
    template: u32,
    node: u32,
    stage: Stage,
    counted: bool,
}

/// A pod's JSON around the places where its number and its node go.
struct Template(Vec<Piece>);

enum Piece {
    Text(Box<str>),
    Number,
    Node,
}

impl Template {
    fn new(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(at) = [rest.find(NUMBER), rest.find(NODE)]
            .into_iter()
            .flatten()
            .min()
        {
            pieces.push(Piece::Text(rest[..at].into()));
            let (piece, length) = if rest[at..].starts_with(NUMBER) {
                (Piece::Number, NUMBER.len())
            } else {
                (Piece::Node, NODE.len())
            };
            pieces.push(piece);
            rest = &rest[at + length..];
        }
        pieces.push(Piece::Text(rest.into()));
        Self(pieces)
    }

    fn render(&self, number: usize, node: &str) -> PyResult<Object> {
        let mut text = String::with_capacity(512);
        for piece in &self.0 {
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Number => text.push_str(&format!("{number:012}")),
                Piece::Node => text.push_str(node),
            }
        }
        Object::parse(text.into_bytes()).map_err(|e| PyValueError::new_err(e.to_string()))
    }
}

#[derive(Default)]
struct State {
    templates: Vec<Template>,
    pods: Vec<Driven>,
    nodes: Vec<Arc<str>>,
    node_ids: HashMap<Arc<str>, u32>,
    /// Work of the core on decisions and on what happens in the cluster meanwhile.
    deciding: Duration,
    /// Work of the core on pods told and bindings confirmed.
    feeding: Duration,
    attempts: u64,
    evictions: u64,
    counted: u64,
    points: Vec<(f64, u64)>,
}

/// Drives a `Scheduler` from memory. Pods are numbers, in the order they were added.
#[pyclass(frozen, name = "SchedulerDriver", module = "kfast._native")]
pub struct PySchedulerDriver {
    core: Py<PyScheduler>,
    state: Mutex<State>,
}

#[pymethods]
impl PySchedulerDriver {
    #[new]
    fn new(core: Py<PyScheduler>) -> Self {
        Self {
            core,
            state: Mutex::default(),
        }
    }

    /// Adds `count` pods of a template, or one pod for each of several. In the JSON `@number@` stands for the pod's
    /// number, 12 digits that the uid must end with, and `@node@` for its node. `counted`: they are measured.
    /// Returns the first number. ValueError if a template is no pod.
    #[pyo3(signature = (templates, count, now, counted=false))]
    fn add(
        &self,
        py: Python<'_>,
        templates: Vec<String>,
        count: usize,
        now: f64,
        counted: bool,
    ) -> PyResult<usize> {
        py.detach(|| {
            let mut state = self.state();
            let mut core = self.core.get().lock();
            let first = state.pods.len();
            for (at, text) in templates.iter().enumerate() {
                let template = u32::try_from(state.templates.len()).unwrap_or(u32::MAX);
                state.templates.push(Template::new(text));
                let pods = if templates.len() == 1 { count } else { 1 };
                for number in first + at..first + at + pods {
                    state.add(&mut core, template, number, counted, time(now))?;
                }
            }
            Ok(first)
        })
    }

    /// Decides until nothing is left to decide, confirming each binding; at most `max` decisions. Returns how many
    /// were made.
    #[pyo3(signature = (now, max=usize::MAX))]
    fn decide(&self, py: Python<'_>, now: f64, max: usize) -> PyResult<usize> {
        py.detach(|| {
            let mut state = self.state();
            let mut core = self.core.get().lock();
            let mut made = 0;
            while made < max {
                let started = Instant::now();
                let decisions = core.step(time(now), CHUNK.min(max - made));
                state.deciding += started.elapsed();
                if decisions.is_empty() {
                    break;
                }
                made += decisions.len();
                state.act(&mut core, &decisions, time(now))?;
            }
            Ok(made)
        })
    }

    /// Deletes a pod, on the stopwatch.
    fn remove(&self, py: Python<'_>, number: usize, now: f64) {
        py.detach(|| {
            self.state()
                .remove(&mut self.core.get().lock(), number, time(now))
        });
    }

    /// Replaces a pod's object, on the stopwatch. ValueError if the template is no pod.
    fn replace(&self, py: Python<'_>, number: usize, template: &str, now: f64) -> PyResult<()> {
        let template = Template::new(template);
        py.detach(|| {
            let mut state = self.state();
            state.replace(&mut self.core.get().lock(), number, template, time(now))
        })
    }

    /// Adds seconds of the core's work that the caller has measured.
    fn spend(&self, seconds: f64) {
        self.state().deciding += Duration::from_secs_f64(seconds.max(0.0));
    }

    /// Of the pods `first..first + count`, how many were never tried, tried but not bound, bound.
    fn stages(&self, first: usize, count: usize) -> (usize, usize, usize) {
        let state = self.state();
        let end = (first + count).min(state.pods.len());
        let of = |stage| {
            let pods = state.pods[first.min(end)..end].iter();
            pods.filter(|p| p.stage == stage).count()
        };
        (of(Stage::Waiting), of(Stage::Attempted), of(Stage::Bound))
    }

    /// The node of a pod; None unless it is bound.
    fn node(&self, number: usize) -> Option<String> {
        let state = self.state();
        let pod = state.pods.get(number)?;
        (pod.stage == Stage::Bound).then(|| state.nodes[pod.node as usize].to_string())
    }

    /// Seconds of the core's work: deciding, and taking in pods and confirmed bindings.
    fn seconds(&self) -> (f64, f64) {
        let state = self.state();
        (state.deciding.as_secs_f64(), state.feeding.as_secs_f64())
    }

    /// Decisions made, and pods preempted by them.
    fn attempts(&self) -> (u64, u64) {
        let state = self.state();
        (state.attempts, state.evictions)
    }

    /// (seconds of deciding, counted pods bound so far), after each few decisions. Forgets them.
    fn take_points(&self) -> Vec<(f64, u64)> {
        std::mem::take(&mut self.state().points)
    }
}

impl PySchedulerDriver {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add(
        &mut self,
        core: &mut Scheduler,
        template: u32,
        number: usize,
        counted: bool,
        now: Time,
    ) -> PyResult<()> {
        let object = self.templates[template as usize].render(number, "")?;
        let stage = if self.feed(core, &object, now)? {
            Stage::Attempted
        } else {
            Stage::Waiting
        };
        self.pods.push(Driven {
            template,
            node: 0,
            stage,
            counted,
        });
        Ok(())
    }

    fn feed(&mut self, core: &mut Scheduler, pod: &Object, now: Time) -> PyResult<bool> {
        let started = Instant::now();
        let gated = core.set_pod(pod, now).map_err(malformed)?;
        self.feeding += started.elapsed();
        Ok(gated)
    }

    fn act(&mut self, core: &mut Scheduler, decisions: &[Decision], now: Time) -> PyResult<()> {
        for decision in decisions {
            self.attempts += 1;
            let Some(number) = self.number(&decision.pod.uid) else {
                continue;
            };
            match &decision.outcome {
                Outcome::Assumed(node) => self.bind(core, number, node, now)?,
                Outcome::Failed { .. } => self.pods[number].stage = Stage::Attempted,
                Outcome::Unschedulable { preemption, .. } => {
                    self.pods[number].stage = Stage::Attempted;
                    if let Some(preemption) = preemption {
                        self.evict(core, &preemption.victims, now);
                        let started = Instant::now();
                        core.preempted(&decision.pod.uid, false, now);
                        self.deciding += started.elapsed();
                    }
                }
            }
        }
        self.points
            .push((self.deciding.as_secs_f64(), self.counted));
        Ok(())
    }

    fn number(&self, uid: &str) -> Option<usize> {
        let number = uid.get(uid.len().saturating_sub(12)..)?.parse().ok()?;
        (number < self.pods.len()).then_some(number)
    }

    fn evict(&mut self, core: &mut Scheduler, victims: &[PodRef], now: Time) {
        for number in victims
            .iter()
            .filter_map(|v| self.number(&v.uid))
            .collect::<Vec<_>>()
        {
            self.evictions += 1;
            self.remove(core, number, now);
        }
    }

    fn bind(
        &mut self,
        core: &mut Scheduler,
        number: usize,
        node: &Arc<str>,
        now: Time,
    ) -> PyResult<()> {
        let next = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        let id = *self.node_ids.entry(Arc::clone(node)).or_insert(next);
        if id == next {
            self.nodes.push(Arc::clone(node));
        }
        let pod = &mut self.pods[number];
        (pod.stage, pod.node) = (Stage::Bound, id);
        self.counted += u64::from(pod.counted);
        let object = self.templates[pod.template as usize].render(number, node)?;
        self.feed(core, &object, now).map(drop)
    }

    fn replace(
        &mut self,
        core: &mut Scheduler,
        number: usize,
        template: Template,
        now: Time,
    ) -> PyResult<()> {
        let Some(pod) = self.pods.get_mut(number) else {
            return Ok(());
        };
        let node = match pod.stage {
            Stage::Bound => Arc::clone(&self.nodes[pod.node as usize]),
            _ => Arc::default(),
        };
        pod.template = u32::try_from(self.templates.len()).unwrap_or(u32::MAX);
        let object = template.render(number, &node)?;
        self.templates.push(template);
        let started = Instant::now();
        let gated = core.set_pod(&object, now).map_err(malformed)?;
        self.deciding += started.elapsed();
        let pod = &mut self.pods[number];
        if object.deleting() && pod.stage != Stage::Bound {
            pod.stage = Stage::Gone;
        } else if gated {
            pod.stage = Stage::Attempted;
        }
        Ok(())
    }

    fn remove(&mut self, core: &mut Scheduler, number: usize, now: Time) {
        let Some(pod) = self.pods.get_mut(number).filter(|p| p.stage != Stage::Gone) else {
            return;
        };
        pod.stage = Stage::Gone;
        let Ok(object) = self.templates[pod.template as usize].render(number, "") else {
            return;
        };
        let started = Instant::now();
        core.remove_pod(object.uid(), now);
        self.deciding += started.elapsed();
    }
}
