//! What the store, its writer thread and its watches share, and how news spreads among them.

use crate::event::Event;
use crate::pending::Pending;
use crate::signal::Signal;
use crate::state::State;
use crate::watch::WatchId;
use crate::write::Completion;
use crate::{Result, StoreError};
use kfast_core::Revision;
use parking_lot::{Condvar, Mutex, RwLock};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) pending: Mutex<Pending>,
    pub(crate) work: Condvar,
    pub(crate) state: RwLock<State>,
    /// `State::revision` and `State::compacted`, to be read without the lock.
    pub(crate) committed: AtomicU64,
    pub(crate) compacted: AtomicU64,
    /// Somebody wants to hear once this revision is committed.
    wanted: AtomicU64,
    pub(crate) ready: Mutex<Vec<WatchId>>,
    pub(crate) done: Mutex<Vec<Completion>>,
    pub(crate) signal: Signal,
}

impl Shared {
    /// # Errors
    /// `Unavailable` if the system has no file descriptor left.
    pub(crate) fn new(state: State) -> Result<Self> {
        Ok(Self {
            pending: Mutex::default(),
            work: Condvar::new(),
            committed: AtomicU64::new(state.revision),
            compacted: AtomicU64::new(state.compacted),
            wanted: AtomicU64::new(u64::MAX),
            state: RwLock::new(state),
            ready: Mutex::default(),
            done: Mutex::default(),
            signal: Signal::new().map_err(|e| StoreError::Unavailable(e.to_string()))?,
        })
    }

    /// Makes writes visible in their order, and tells who waits for them. Readers and writers get their turn in between.
    pub(crate) fn apply(&self, batch: &[Arc<Event>]) {
        let mut ready = Vec::new();
        let mut revision = 0;
        for event in batch {
            let mut state = self.state.write();
            state.apply(event.clone(), &mut ready);
            revision = state.revision;
            self.compacted.store(state.compacted, Ordering::Release);
            self.committed.store(revision, Ordering::SeqCst);
        }
        if revision >= self.wanted.load(Ordering::SeqCst) {
            self.wanted.store(u64::MAX, Ordering::SeqCst);
            self.signal.raise();
        }
        self.announce(ready);
    }

    /// Names watches in `Store::ready`.
    pub(crate) fn announce(&self, watches: impl IntoIterator<Item = WatchId>) {
        let mut ready = self.ready.lock();
        let before = ready.len();
        ready.extend(watches);
        if ready.len() > before {
            drop(ready);
            self.signal.raise();
        }
    }

    /// Raises the signal once `revision` is committed.
    pub(crate) fn signal_at(&self, revision: Revision) {
        // Either this sees the revision or the writer sees the wish: both sides store first, then load.
        self.wanted.fetch_min(revision, Ordering::SeqCst);
        if self.committed.load(Ordering::SeqCst) >= revision {
            self.signal.raise();
        }
    }

    /// Hands outcomes to `Store::completions`.
    pub(crate) fn complete(&self, completions: Vec<Completion>) {
        self.done.lock().extend(completions);
        self.signal.raise();
    }
}
