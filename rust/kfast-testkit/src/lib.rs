//! Builders and reference models for the tests of the other crates.
