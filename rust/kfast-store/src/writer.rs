//! The thread that owns the log: whatever piled up while it wrote is its next batch.

use crate::durable::DurableLog;
use crate::event::Event;
use crate::pending::Batch;
use crate::shared::Shared;
use crate::write::Completion;
use crate::{Result, StoreError};
use kfast_core::{Object, Revision};
use std::collections::VecDeque;
use std::time::Duration;

/// Superseded records are dropped once so many have come together ...
const DEAD_KEPT: usize = 256;
/// ... and so many more with each batch than it has events.
const DEAD_EXTRA: usize = 16;

/// A batch is worth its commit from this size on ...
const FULL: usize = 16;
/// ... and a smaller one waits this long for company, if writes came while the one before was committed: then there
/// are several writers, and a shared commit costs each of them less than a turn of its own. A lone writer never waits.
const COMPANY: Duration = Duration::from_micros(500);

/// Revisions of log records nothing needs any more, oldest first. A tombstone follows what it hides, so it never
/// goes first.
#[derive(Debug, Default)]
pub(crate) struct Dead(VecDeque<Revision>);

impl Dead {
    pub(crate) fn add(&mut self, event: &Event) {
        if let Some(previous) = &event.previous {
            self.0.push_back(previous.object.revision());
        }
        if event.next.is_none() {
            self.0.push_back(event.revision);
        }
    }

    /// What to drop along with a batch. Never the newest record: it carries the revision.
    fn due(&self, batch: usize) -> Vec<Revision> {
        let count = self.0.len().saturating_sub(DEAD_KEPT);
        let due = self.0.iter().take(count.min(batch + DEAD_EXTRA));
        due.copied().collect()
    }

    fn dropped(&mut self, count: usize) {
        self.0.drain(..count);
    }
}

/// Runs until the store is closed and nothing is pending.
pub(crate) fn run(shared: &Shared, mut log: Box<dyn DurableLog>, mut dead: Dead) {
    while let Some(batch) = next_batch(shared) {
        let due = dead.due(batch.events.len());
        match log.append(&batch.events, &due) {
            Ok(()) => {
                dead.dropped(due.len());
                batch.events.iter().for_each(|event| dead.add(event));
                publish(shared, batch);
            }
            Err(error) => fail(shared, batch, &error.to_string()),
        }
    }
}

fn next_batch(shared: &Shared) -> Option<Batch> {
    let mut pending = shared.pending.lock();
    if (1..FULL).contains(&pending.len()) && !pending.closed {
        drop(pending);
        std::thread::sleep(COMPANY);
        pending = shared.pending.lock();
    }
    while pending.is_empty() {
        if pending.closed {
            return None;
        }
        shared.work.wait(&mut pending);
    }
    Some(pending.take())
}

fn publish(shared: &Shared, batch: Batch) {
    let done = completions(&batch, Event::settled);
    // Until they are settled, writes of the same keys are checked against these events as pending ones, which comes to
    // the same; nobody has to wait for the whole batch.
    shared.apply(&batch.events);
    shared.pending.lock().settle(&batch.events);
    shared.complete(done);
}

fn fail(shared: &Shared, mut batch: Batch, reason: &str) {
    let mut pending = shared.pending.lock();
    let committed = shared.state.read().revision;
    pending.roll_back(committed, &mut batch);
    drop(pending);
    let error = |_: &Event| Err(StoreError::Unavailable(reason.to_owned()));
    shared.complete(completions(&batch, error));
}

fn completions(batch: &Batch, result: impl Fn(&Event) -> Result<Object>) -> Vec<Completion> {
    (batch.first..)
        .zip(&batch.events)
        .map(|(ticket, event)| Completion {
            ticket,
            result: result(event),
        })
        .collect()
}
