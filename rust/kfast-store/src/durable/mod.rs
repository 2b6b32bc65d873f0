//! Where committed writes survive the process. Without one, a store lives in memory only.

mod sqlite;

pub use sqlite::SqliteLog;

use crate::Event;
use kfast_core::Revision;
use std::sync::Arc;

/// One retained write of an earlier run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The revision the write took.
    pub revision: Revision,
    /// The resource.
    pub resource: String,
    /// `namespace/name`.
    pub key: String,
    /// The object's bytes; `None` of a delete.
    pub value: Option<Vec<u8>>,
}

/// The log failed.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum LogError {
    /// Another process has the log open.
    #[error("{0} is in use by another process")]
    InUse(String),
    /// It cannot be read or written.
    #[error("{0}")]
    Failed(String),
}

/// An ordered log of writes. Called from one thread at a time.
pub trait DurableLog: Send {
    /// Hands out every retained record in order of revision.
    ///
    /// # Errors
    /// If the log cannot be read; what was handed out then does not count.
    fn load(&mut self, found: &mut dyn FnMut(Record)) -> Result<(), LogError>;

    /// Appends all events or none, durable on return, and drops the records of the revisions `dead`.
    ///
    /// An append that failed leaves the outcome open; the next one starts again at the same revision and replaces
    /// whatever was left.
    ///
    /// # Errors
    /// If the events may not be durable.
    fn append(&mut self, events: &[Arc<Event>], dead: &[Revision]) -> Result<(), LogError>;
}
