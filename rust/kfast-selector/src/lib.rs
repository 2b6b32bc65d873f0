//! Label and field selectors: upstream's grammar and messages, compiled for fast matching.

mod error;
mod field;
mod label;
mod lexer;
mod parser;
mod requirement;

pub use error::{Result, SelectorError};
pub use field::{FieldOperator, FieldRequirement, FieldSelector};
pub use label::LabelSelector;
pub use requirement::{Operator, Requirement};
