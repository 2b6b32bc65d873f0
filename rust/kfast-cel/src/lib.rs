//! CEL as Kubernetes has it: expressions are parsed, type-checked against declarations, their cost is estimated, and they
//! are evaluated within a budget. Sans-I/O and deterministic.
//!
//! [`Environment`] declares variables; [`Environment::compile`] makes a [`Program`]; [`Program::evaluate`] runs it on
//! values that are read where they lie ([`Value::read`]).

mod ast;
mod authorizer;
mod checker;
mod composition;
mod cost;
mod declared;
mod device;
mod environment;
mod evaluate;
mod functions;
mod json;
mod kinds;
mod lexer;
pub mod library;
mod macros;
mod overloads;
mod parser;
mod plan;
mod program;
mod source;
pub mod structural;
mod time;
mod types;
mod value;

pub use authorizer::{Authorizer, Check, Decision, Subject};
pub use composition::{Composition, Inputs};
pub use cost::{CostEstimate, SizeEstimate};
pub use declared::{Declared, ListKind, Object, Property, Shape, escape};
pub use device::device_selector_cost;
pub use environment::Environment;
pub use program::{
    Activation, CALL_LIMIT, CompileError, Evaluation, EvaluationError, Program, Variables,
};
pub use time::{Instant, parse_duration};
pub use types::{Opaque, Type};
pub use value::{Entries, List, Map, Node, OpaqueValue, Text, Value};
