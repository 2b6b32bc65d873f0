//! A log in memory that fails when told to, in the ways disks fail.

use kfast_core::Revision;
use kfast_store::Event;
use kfast_store::durable::{DurableLog, LogError, Record};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;

/// What goes wrong with one append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing goes wrong.
    None,
    /// The append fails and leaves nothing behind.
    Lost,
    /// The append fails after this many events.
    Torn(usize),
    /// The append is on disk, but its acknowledgement fails.
    Unacknowledged,
}

#[derive(Debug, Default)]
struct Disk {
    records: Vec<Record>,
    faults: VecDeque<Fault>,
    batches: Vec<usize>,
}

/// A log whose clones share one disk: reopening it after a crash is opening a clone.
#[derive(Clone, Debug, Default)]
pub struct FaultyLog(Arc<Mutex<Disk>>);

impl FaultyLog {
    /// The next appends meet these faults, one each; then all is well.
    pub fn plan(&self, faults: impl IntoIterator<Item = Fault>) {
        self.0.lock().faults.extend(faults);
    }

    /// What is on the disk.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        self.0.lock().records.clone()
    }

    /// The sizes of the batches that came in, failed ones included.
    #[must_use]
    pub fn batches(&self) -> Vec<usize> {
        self.0.lock().batches.clone()
    }
}

impl DurableLog for FaultyLog {
    fn load(&mut self, found: &mut dyn FnMut(Record)) -> Result<(), LogError> {
        self.records().into_iter().for_each(found);
        Ok(())
    }

    fn append(&mut self, events: &[Arc<Event>], dead: &[Revision]) -> Result<(), LogError> {
        let mut disk = self.0.lock();
        disk.batches.push(events.len());
        let fault = disk.faults.pop_front().unwrap_or(Fault::None);
        let kept = match fault {
            Fault::Lost => 0,
            Fault::Torn(count) => count.min(events.len()),
            Fault::None | Fault::Unacknowledged => events.len(),
        };
        let first = events.first().map_or(Revision::MAX, |e| e.revision);
        disk.records.retain(|r| r.revision < first);
        if fault == Fault::None {
            disk.records.retain(|r| !dead.contains(&r.revision));
        }
        disk.records.extend(events[..kept].iter().map(|e| Record {
            revision: e.revision,
            resource: e.resource.to_string(),
            key: e.key.to_string(),
            value: e.next.as_ref().map(|v| v.object.bytes().to_vec()),
        }));
        match fault {
            Fault::None => Ok(()),
            _ => Err(LogError::Failed("injected fault".into())),
        }
    }
}
