//! A compiled expression.

use crate::checker::Checked;
use crate::cost::{self, CostEstimate};
use crate::evaluate::Run;
use crate::functions::Failure;
use crate::plan::Plan;
use crate::types::Type;
use crate::value::Value;
use std::fmt;
use std::sync::Arc;

/// What one evaluation may cost, `PerCallLimit` upstream.
pub const CALL_LIMIT: u64 = 1_000_000;

/// Why an expression does not compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompileError {
    /// Errors of syntax or type, each with its place.
    Issues(String),
    /// A constant of it is wrong.
    Instantiation(String),
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Issues(text) => f.write_str(text),
            Self::Instantiation(text) => write!(f, "program instantiation failed: {text}"),
        }
    }
}

impl std::error::Error for CompileError {}

/// Why an evaluation gave no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvaluationError {
    /// The expression went wrong.
    Failed(String),
    /// It cost too much.
    Budget,
}

impl fmt::Display for EvaluationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(message) => f.write_str(message),
            Self::Budget => f.write_str("operation cancelled: actual cost limit exceeded"),
        }
    }
}

impl std::error::Error for EvaluationError {}

impl From<Failure> for EvaluationError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NoOverload => Self::Failed("no such overload".to_owned()),
            Failure::Error(message) => Self::Failed(message),
            Failure::Budget => Self::Budget,
        }
    }
}

/// Where an evaluation finds variables.
pub trait Activation<'a> {
    /// A variable's value; `None` if it has none.
    fn variable(&self, name: &str) -> Option<Value<'a>>;

    /// A composited variable, of `variables`, computed when it is first read.
    ///
    /// # Errors
    /// Why it has no value.
    fn composited(&self, _name: &str) -> Option<Result<Value<'a>, EvaluationError>> {
        None
    }
}

/// Variables by their names.
pub type Variables<'a> = Vec<(&'a str, Value<'a>)>;

impl<'a> Activation<'a> for Variables<'a> {
    fn variable(&self, name: &str) -> Option<Value<'a>> {
        let (_, value) = self.iter().find(|(n, _)| *n == name)?;
        Some(value.clone())
    }
}

/// What an evaluation gave and what it cost.
#[derive(Debug)]
pub struct Evaluation<'a> {
    /// The value.
    pub value: Result<Value<'a>, EvaluationError>,
    /// Units of cost.
    pub cost: u64,
}

/// An expression that can be evaluated, by several threads at once.
#[derive(Debug)]
pub struct Program {
    checked: Checked,
    plan: Plan,
}

impl Program {
    pub(crate) fn new(checked: Checked, plan: Plan) -> Self {
        Self { checked, plan }
    }

    /// The static type of the value.
    #[must_use]
    pub fn output_type(&self) -> &Type {
        &self.checked.types[self.checked.ast.root.id as usize]
    }

    /// The environment's variables the expression reads.
    #[must_use]
    pub fn variables(&self) -> &[Arc<str>] {
        &self.checked.variables
    }

    /// Evaluates the expression, at a cost of at most `limit`.
    pub fn evaluate<'a>(&'a self, activation: &dyn Activation<'a>, limit: u64) -> Evaluation<'a> {
        let mut run = Run::new(activation, self.plan.slots, limit);
        let value = run.value(&self.plan.root);
        Evaluation {
            value: value.map_err(EvaluationError::from),
            cost: run.cost(),
        }
    }

    /// What an evaluation may cost. `longest` knows the most elements a value may have, by its path from a variable:
    /// names of properties, `@items`, `@keys`, `@values`.
    #[must_use]
    pub fn estimate(&self, longest: &dyn Fn(&[&str]) -> Option<u64>) -> CostEstimate {
        cost::estimate(&self.checked, longest)
    }
}
