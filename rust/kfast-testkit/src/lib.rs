//! Builders and reference models for the tests of the other crates.

mod faulty_log;
pub mod guarantees;
mod naive_store;
mod pods;

pub use faulty_log::{Fault, FaultyLog};
pub use naive_store::{NaiveEvent, NaiveStore, Refusal};
pub use pods::Pod;
