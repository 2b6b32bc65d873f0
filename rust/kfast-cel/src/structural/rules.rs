//! The rules of a structure, compiled.

use super::declare::{Seen, declare};
use crate::declared::Declared;
use crate::environment::Environment;
use crate::program::{CompileError, Program};
use crate::types::Type;
use kfast_schema::structural::{Rule, Schema};
use std::sync::Arc;

/// The rules of a schema and of those below it that have any.
#[derive(Debug)]
pub struct Rules {
    pub(super) declared: Arc<Declared>,
    pub(super) rules: Vec<Compiled>,
    /// By the positions of the schema's properties.
    pub(super) properties: Vec<(usize, Self)>,
    pub(super) additional: Option<Box<Self>>,
    pub(super) items: Option<Box<Self>>,
}

/// One rule: its program, or why it has none.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) rule: Rule,
    /// `None` for a rule that says nothing.
    pub(super) program: Option<Result<Program, String>>,
    pub(super) message: Option<Result<Program, String>>,
    pub(super) uses_old: bool,
}

impl Rules {
    /// The rules of a structure's schema; `None` if there are none.
    #[must_use]
    pub fn new(schema: &Schema) -> Option<Self> {
        if !schema.ruled {
            return None;
        }
        let seen = declare(schema, true)?;
        Some(Self::below(schema, &seen))
    }

    fn below(schema: &Schema, seen: &Seen) -> Self {
        let of = |schema: &Schema| {
            let seen = declare(schema, schema.embedded).filter(|_| schema.ruled)?;
            Some(Self::below(schema, &seen))
        };
        let properties = schema.properties.iter().enumerate();
        Self {
            declared: seen.declared.clone(),
            rules: compile(schema, &seen.declared),
            properties: properties
                .filter_map(|(at, p)| Some((at, of(&p.schema)?)))
                .collect(),
            additional: schema.others().and_then(of).map(Box::new),
            items: schema.items.as_deref().and_then(of).map(Box::new),
        }
    }
}

/// Compiles the rules of one schema.
pub(super) fn compile(schema: &Schema, declared: &Arc<Declared>) -> Vec<Compiled> {
    if schema.rules.is_empty() {
        return Vec::new();
    }
    let ty = declared.cel_type();
    let of_self = Environment::new().variable("self", ty.clone());
    let plain = of_self.clone().variable("oldSelf", ty.clone());
    let optional = of_self.variable("oldSelf", Type::optional(ty));
    let rules = schema.rules.iter();
    rules
        .map(|rule| {
            let environment = match rule.optional_old_self {
                Some(true) => &optional,
                _ => &plain,
            };
            one(rule, environment)
        })
        .collect()
}

fn one(rule: &Rule, environment: &Environment) -> Compiled {
    let program = (!rule.rule.trim().is_empty()).then(|| {
        typed(
            environment,
            &rule.rule,
            &Type::Bool,
            "",
            "cel expression must evaluate to a bool",
        )
    });
    let compiled = matches!(program, Some(Ok(_)));
    let message = (compiled && !rule.message_expression.is_empty()).then(|| {
        let wrong = "messageExpression must evaluate to a string";
        let prefix = "messageExpression ";
        typed(
            environment,
            &rule.message_expression,
            &Type::String,
            prefix,
            wrong,
        )
    });
    let uses_old = match &program {
        Some(Ok(program)) => program.variables().iter().any(|v| **v == *"oldSelf"),
        _ => false,
    };
    Compiled {
        rule: rule.clone(),
        program,
        message,
        uses_old,
    }
}

fn typed(
    environment: &Environment,
    text: &str,
    ty: &Type,
    prefix: &str,
    wrong: &str,
) -> Result<Program, String> {
    let program = environment.compile(text).map_err(|error| match error {
        CompileError::Issues(issues) => format!("{prefix}compilation failed: {issues}"),
        CompileError::Instantiation(why) if prefix.is_empty() => {
            format!("program instantiation failed: {why}")
        }
        CompileError::Instantiation(why) => format!("{prefix}instantiation failed: {why}"),
    })?;
    if program.output_type() == ty {
        Ok(program)
    } else {
        Err(wrong.to_owned())
    }
}
