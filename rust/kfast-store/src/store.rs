//! The store: what callers hold.

use crate::durable::DurableLog;
use crate::event::Event;
use crate::filter::{Field, Fields};
use crate::history::Limits;
use crate::list::{ListOptions, Page};
use crate::shared::Shared;
use crate::state::State;
use crate::watch::{Watch, WatchId, WatchOptions};
use crate::write::{Completion, Submitted, Write, checked, key, label, named, numbered, revive};
use crate::writer::{self, Dead};
use crate::{Result, StoreError};
use kfast_core::{FieldTexts, Object, Revision};
use parking_lot::Mutex;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

/// Objects by (resource, namespace, name) under one revision counter. Share it by reference; every method may be
/// called from any thread.
#[derive(Debug)]
pub struct Store {
    shared: Arc<Shared>,
    durable: bool,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Store {
    /// A store that lives and dies with the process.
    ///
    /// # Errors
    /// `Unavailable` if the system has no file descriptor left.
    pub fn memory(limits: Limits) -> Result<Self> {
        Ok(Self {
            shared: Arc::new(Shared::new(State::new(limits))?),
            durable: false,
            writer: Mutex::new(None),
        })
    }

    /// A store whose writes count once they are in `log`; starts with what the log holds and no history.
    ///
    /// # Errors
    /// `Unavailable` if the log cannot be read or holds no objects.
    pub fn open(mut log: Box<dyn DurableLog>, limits: Limits) -> Result<Self> {
        let mut state = State::new(limits);
        let mut dead = Dead::default();
        let mut broken = None;
        let mut texts = FieldTexts::default();
        log.load(
            &mut |record| match revive(&mut state, &mut texts, &record) {
                Ok(event) => {
                    state.load(&event);
                    dead.add(&event);
                }
                Err(error) => broken = Some(format!("record {}: {error}", record.revision)),
            },
        )
        .map_err(|e| StoreError::Unavailable(e.to_string()))?;
        if let Some(broken) = broken {
            return Err(StoreError::Unavailable(broken));
        }
        let shared = Arc::new(Shared::new(state)?);
        shared.pending.lock().texts = texts;
        let theirs = shared.clone();
        let writer = std::thread::Builder::new()
            .name("kfast-store-log".into())
            .spawn(move || writer::run(&theirs, log, dead))
            .map_err(|e| StoreError::Unavailable(e.to_string()))?;
        Ok(Self {
            shared,
            durable: true,
            writer: Mutex::new(Some(writer)),
        })
    }

    /// Declares a resource and its selectable fields. Idempotent; other fields than before end its watches.
    pub fn register(&self, resource: &str, fields: &[Field]) {
        let lost = self.shared.state.write().declare(resource, fields);
        self.shared.announce(lost);
    }

    /// The newest committed revision; 1 of an empty store.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.shared.committed.load(Ordering::Acquire)
    }

    /// The oldest revision still readable.
    #[must_use]
    pub fn compacted(&self) -> Revision {
        self.shared.compacted.load(Ordering::Acquire)
    }

    /// The newest committed state.
    #[must_use]
    pub fn get(&self, resource: &str, namespace: &str, name: &str) -> Option<Object> {
        let key = key(namespace, name);
        let state = self.shared.state.read();
        Some(state.table(resource)?.get(&key)?.object.clone())
    }

    /// Reads one page.
    ///
    /// # Errors
    /// `Compacted`, `Future`, `UnknownField`.
    pub fn list(&self, resource: &str, options: &ListOptions) -> Result<Page> {
        self.shared.state.read().list(resource, options)
    }

    /// Opens a cursor over events.
    ///
    /// # Errors
    /// `Compacted`, `UnknownField`.
    pub fn watch(&self, resource: &str, options: &WatchOptions) -> Result<Watch> {
        let cursor = self.shared.state.write().watch(resource, options)?;
        Ok(Watch {
            shared: self.shared.clone(),
            resource: resource.into(),
            cursor,
        })
    }

    /// Checks a write against the newest state, pending writes included, and submits it.
    ///
    /// # Errors
    /// `AlreadyExists`, `Absent`, `Modified`, `Malformed`, `Unavailable`.
    pub fn write(
        &self,
        resource: &str,
        namespace: &str,
        name: &str,
        write: Write<'_>,
    ) -> Result<Submitted> {
        let one = [(namespace, name)];
        let mut written = self.submit(resource, one, |_, current, revision| {
            let key = key(namespace, name);
            let body = checked(resource, &key, write, current)?;
            body.map(|body| numbered(body, revision)).transpose()
        });
        written.remove(0)
    }

    /// Submits creates of the bodies `body` gives for the number of a key; see `submit`.
    ///
    /// # Errors
    /// `AlreadyExists`, `Malformed`, `Unavailable`.
    pub fn create_many<'k, 'b>(
        &self,
        resource: &str,
        keys: impl IntoIterator<Item = (&'k str, &'k str)>,
        body: impl Fn(usize) -> &'b [u8],
    ) -> Vec<Result<Submitted>> {
        self.submit(resource, keys, |number, current, revision| {
            if let Some(taken) = current {
                let key = key(taken.namespace(), taken.name());
                return Err(StoreError::AlreadyExists(label(resource, &key)));
            }
            numbered(body(number), revision).map(Some)
        })
    }

    /// Submits one write a key, of all keys for which `plan` has one; they become visible in order. `plan` is
    /// asked in order with the number of the key, its newest state (pending writes and those of this very batch
    /// included) and the revision the write is going to take; its answer is the new state under that revision,
    /// `None` to delete. It is asked under the store's locks: it must not call back.
    ///
    /// Outcomes come in the order of `keys`. Pending ones have consecutive tickets and are completed together.
    ///
    /// # Errors
    /// Those of `plan`; `Malformed` if its answer is another object than the key's; `Unavailable`.
    pub fn submit<'k, E: From<StoreError>>(
        &self,
        resource: &str,
        keys: impl IntoIterator<Item = (&'k str, &'k str)>,
        mut plan: impl FnMut(usize, Option<&Object>, Revision) -> std::result::Result<Option<Object>, E>,
    ) -> Vec<std::result::Result<Submitted, E>> {
        let keys = keys.into_iter().enumerate();
        let mut pending = self.shared.pending.lock();
        if pending.closed {
            let closed = |_| Err(StoreError::Unavailable("the store is closed".to_owned()).into());
            return keys.map(closed).collect();
        }
        let (resource, fields) = self.known(resource);
        let state = self.shared.state.read();
        let table = state.table(&resource);
        let mut submit = |(number, (namespace, name)): (usize, (&str, &str))| {
            let key = key(namespace, name);
            let current = match pending.newest(&resource, &key) {
                Some(event) => event.next.clone(),
                None => table.and_then(|t| t.get(&key)).cloned(),
            };
            let revision = pending.revision.max(state.revision) + 1;
            let next = plan(number, current.as_ref().map(|v| &v.object), revision)?
                .map(|object| named(object, namespace, name))
                .transpose()?
                .map(|object| fields.version(object.sharing(&mut pending.texts)));
            if next.is_none() && current.is_none() {
                return Err(StoreError::Absent(key).into());
            }
            let event = Event::new(revision, resource.clone(), key.into(), current, next);
            Ok(Submitted::Pending(pending.push(Arc::new(event))))
        };
        let mut written: Vec<_> = keys.map(&mut submit).collect();
        drop(state);
        if self.durable {
            self.shared.work.notify_one();
            return written;
        }
        let batch = pending.take();
        pending.settle(&batch.events);
        let mut outcomes = batch.events.iter().map(|e| e.settled());
        for outcome in written.iter_mut().filter(|w| w.is_ok()) {
            if let Some(settled) = outcomes.next() {
                *outcome = settled.map(Submitted::Done).map_err(E::from);
            }
        }
        drop(outcomes);
        self.shared.apply(&batch.events);
        written
    }

    /// The shared name of a resource and its fields, declared from now on.
    fn known(&self, resource: &str) -> (Arc<str>, Arc<Fields>) {
        if let Some(known) = self.shared.state.read().known(resource) {
            return known;
        }
        let mut state = self.shared.state.write();
        let name = state.name(resource);
        let fields = state.table_mut(&name).fields.clone();
        (name, fields)
    }

    /// Forgets history below `revision`.
    pub fn compact(&self, revision: Revision) {
        let mut state = self.shared.state.write();
        state.compact(revision);
        self.shared
            .compacted
            .store(state.compacted, Ordering::Release);
    }

    /// A descriptor that is readable while `ready`, `completions` or a revision asked for is worth a look.
    #[must_use]
    pub fn signal_fd(&self) -> RawFd {
        self.shared.signal.fd()
    }

    /// Makes `signal_fd` quiet until something new happens; to be called before looking.
    pub fn quiet(&self) {
        self.shared.signal.lower();
    }

    /// The armed watches that got something to hand out.
    #[must_use]
    pub fn ready(&self) -> Vec<WatchId> {
        std::mem::take(&mut *self.shared.ready.lock())
    }

    /// The outcomes of pending writes, in order of submission.
    #[must_use]
    pub fn completions(&self) -> Vec<Completion> {
        std::mem::take(&mut *self.shared.done.lock())
    }

    /// Raises the signal once `revision` is committed. Only the lowest asked for counts.
    pub fn signal_at(&self, revision: Revision) {
        self.shared.signal_at(revision);
    }

    /// Writes out what is pending and ends the writer. Reads go on, writes are refused. Idempotent.
    pub fn close(&self) {
        self.shared.pending.lock().closed = true;
        self.shared.work.notify_one();
        if let Some(writer) = self.writer.lock().take() {
            // A writer that panicked has nothing left to write.
            let _ = writer.join();
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close();
    }
}
