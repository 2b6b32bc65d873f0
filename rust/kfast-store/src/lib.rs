//! MVCC store and watch cache: revisions, history, indexes, watch hub.
//!
//! A write is checked against the newest state including what is still on its way to the durable log, takes the
//! next revision, and becomes visible, to reads and watches alike, in revision order once it is durable.
//! Lock order: pending writes, then state, then the queue of one watch.

pub mod durable;
mod error;
mod event;
mod filter;
mod history;
mod hub;
mod list;
mod pending;
mod shared;
mod signal;
mod state;
mod store;
mod table;
mod watch;
mod write;
mod writer;

pub use error::{Result, StoreError};
pub use event::{Event, EventKind, Version};
pub use filter::Field;
pub use history::Limits;
pub use list::{ListOptions, Page};
pub use pending::Ticket;
pub use store::Store;
pub use watch::{Delivery, Watch, WatchId, WatchOptions};
pub use write::{Completion, Submitted, Write};
