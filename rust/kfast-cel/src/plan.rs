//! From checked trees to what is evaluated: variables have slots, constants are folded, regular expressions compiled.

use crate::ast::{ACCUMULATOR, Entry, Expr, Field, Item, Kind, Literal};
use crate::checker::Checked;
use crate::cost::Rule;
use crate::environment::Environment;
use crate::functions::{Failure, Implementation, Outcome};
use crate::library::regexes;

use crate::types::Type;
use crate::value::{List, Value};
use regex::Regex;
use std::sync::Arc;

/// What is evaluated.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) root: Step,
    /// How many variables of comprehensions live at once.
    pub(crate) slots: usize,
}

/// One operation.
#[derive(Debug)]
pub(crate) enum Step {
    Constant(Value<'static>),
    Attribute(Attribute),
    Call(Box<Call>),
    /// `&&` if true is neutral, else `||`.
    Logical {
        neutral: bool,
        terms: Box<[Step; 2]>,
    },
    /// Whether a value is not `false`; errors count as that.
    NotFalse(Box<Step>),
    /// Whether a value is among constants.
    Among {
        value: Box<Step>,
        set: Vec<Value<'static>>,
    },
    /// The first value if it is there, else the second; unwrapped, or as an optional.
    Or {
        sides: Box<[Step; 2]>,
        unwrap: bool,
    },
    List(Vec<(Step, bool)>),
    Map(Vec<(Step, Step, bool)>),
    Object {
        ty: Type,
        fields: Vec<(Arc<str>, Step, bool)>,
    },
    Fold(Box<Fold>),
}

/// A value and a path from it.
#[derive(Debug)]
pub(crate) struct Attribute {
    pub(crate) root: Root,
    pub(crate) path: Vec<Qualifier>,
    /// Only whether the path's end is there.
    pub(crate) test: bool,
}

#[derive(Debug)]
pub(crate) enum Root {
    Variable(Arc<str>),
    Slot(usize),
    Value(Box<Step>),
    /// Condition, and where it starts from if that is true or false.
    Conditional(Box<(Step, Attribute, Attribute)>),
}

/// A step of a path.
#[derive(Debug)]
pub(crate) struct Qualifier {
    pub(crate) key: Key,
    pub(crate) optional: bool,
}

#[derive(Debug)]
pub(crate) enum Key {
    Constant(Value<'static>),
    Computed(Attribute),
}

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) function: &'static str,
    pub(crate) implementation: Implementation,
    pub(crate) args: Vec<Step>,
    pub(crate) cost: Rule,
    /// A compiled pattern, if the function's pattern is constant.
    pub(crate) pattern: Option<Regex>,
    /// The slot whose value the call replaces: its first argument, which it may take apart.
    pub(crate) replaces: Option<usize>,
}

/// A comprehension.
#[derive(Debug)]
pub(crate) struct Fold {
    pub(crate) range: Step,
    pub(crate) variable: usize,
    pub(crate) second: Option<usize>,
    pub(crate) accumulator: usize,
    pub(crate) init: Step,
    pub(crate) condition: Step,
    pub(crate) step: Step,
    pub(crate) result: Step,
}

/// Makes a plan.
///
/// # Errors
/// Which constant cannot be computed.
pub(crate) fn plan(checked: &Checked, environment: &Environment) -> Result<Plan, String> {
    let mut planner = Planner {
        checked,
        environment,
        scopes: Vec::new(),
        slots: 0,
    };
    let root = planner.step(&checked.ast.root)?;
    Ok(Plan {
        root,
        slots: planner.slots,
    })
}

type Planned<T> = Result<T, String>;

struct Planner<'p> {
    checked: &'p Checked,
    environment: &'p Environment,
    scopes: Vec<Arc<str>>,
    slots: usize,
}

impl Planner<'_> {
    fn slot(&self, name: &str) -> Option<usize> {
        self.scopes.iter().rposition(|n| **n == *name)
    }

    fn enter(&mut self, name: &Arc<str>) -> usize {
        self.scopes.push(name.clone());
        self.slots = self.slots.max(self.scopes.len());
        self.scopes.len() - 1
    }

    fn step(&mut self, expr: &Expr) -> Planned<Step> {
        Ok(match &expr.kind {
            Kind::Error => return Err("an expression with errors has no program".to_owned()),
            Kind::Literal(literal) => Step::Constant(constant(literal)),
            Kind::Ident(name) => self.ident(name),
            Kind::Select {
                operand,
                field,
                test,
            } => {
                let mut attribute = self.attribute(operand)?;
                attribute.path.push(Qualifier {
                    key: Key::Constant(Value::shared(field.clone())),
                    optional: false,
                });
                attribute.test = *test;
                Step::Attribute(attribute)
            }
            Kind::Call {
                function,
                target,
                args,
            } => {
                let args: Vec<&Expr> = target.as_deref().into_iter().chain(args).collect();
                self.call(expr, function, &args)?
            }
            Kind::List(items) => self.list(items)?,
            Kind::Map(entries) => self.map(entries)?,
            Kind::Struct { fields, .. } => self.object(expr, fields)?,
            Kind::Fold(fold) => {
                let init = self.step(&fold.init)?;
                let range = self.step(&fold.range)?;
                let outer = self.scopes.len();
                let accumulator = self.enter(&fold.accumulator);
                let variable = self.enter(&fold.variable);
                let second = fold.second.as_ref().map(|name| self.enter(name));
                let condition = self.step(&fold.condition)?;
                let step = self.step(&fold.step)?;
                self.scopes.truncate(outer + 1);
                let result = self.step(&fold.result)?;
                self.scopes.truncate(outer);
                Step::Fold(Box::new(Fold {
                    range,
                    variable,
                    second,
                    accumulator,
                    init,
                    condition,
                    step,
                    result,
                }))
            }
        })
    }

    fn ident(&self, name: &Arc<str>) -> Step {
        let root = match self.slot(name) {
            Some(slot) => Root::Slot(slot),
            None if self.environment.variable_type(name).is_some() => Root::Variable(name.clone()),
            None => {
                let ty = self.environment.type_named(name).unwrap_or(Type::Dyn);
                return Step::Constant(Value::Type(ty));
            }
        };
        Step::Attribute(Attribute {
            root,
            path: Vec::new(),
            test: false,
        })
    }

    /// The expression as something a path can start from.
    fn attribute(&mut self, expr: &Expr) -> Planned<Attribute> {
        let step = self.step(expr)?;
        Ok(start(step))
    }

    fn call(&mut self, expr: &Expr, function: &str, args: &[&Expr]) -> Planned<Step> {
        let mut steps = Vec::with_capacity(args.len());
        for arg in args {
            steps.push(self.step(arg)?);
        }
        match function {
            "_&&_" | "_||_" => {
                let terms: [Step; 2] = steps
                    .try_into()
                    .map_err(|_| "a logical operator has two terms")?;
                Ok(Step::Logical {
                    neutral: function == "_&&_",
                    terms: Box::new(terms),
                })
            }
            "_?_:_" => {
                let [condition, yes, no]: [Step; 3] = steps
                    .try_into()
                    .map_err(|_| "a conditional has three operands")?;
                Ok(Step::Attribute(Attribute {
                    root: Root::Conditional(Box::new((condition, start(yes), start(no)))),
                    path: Vec::new(),
                    test: false,
                }))
            }
            "_[_]" | "_[?_]" | "_?._" => {
                let [operand, key]: [Step; 2] =
                    steps.try_into().map_err(|_| "an index has two operands")?;
                let mut attribute = start(operand);
                let key = match key {
                    Step::Constant(value) => Key::Constant(value),
                    other => Key::Computed(start(other)),
                };
                attribute.path.push(Qualifier {
                    key,
                    optional: function != "_[_]",
                });
                Ok(Step::Attribute(attribute))
            }
            "@not_strictly_false" => {
                let [operand]: [Step; 1] = steps.try_into().map_err(|_| "it has one operand")?;
                Ok(Step::NotFalse(Box::new(operand)))
            }
            "or" | "orValue" => {
                let sides: [Step; 2] = steps.try_into().map_err(|_| "it has two operands")?;
                Ok(Step::Or {
                    sides: Box::new(sides),
                    unwrap: function == "orValue",
                })
            }
            _ => self.plain_call(expr, function, args, steps),
        }
    }

    fn plain_call(
        &self,
        expr: &Expr,
        function: &str,
        args: &[&Expr],
        steps: Vec<Step>,
    ) -> Planned<Step> {
        let declaration = self
            .environment
            .function(function)
            .ok_or_else(|| format!("no such function: {function}"))?;
        let overloads = &self.checked.overloads[expr.id as usize];
        let overload = match overloads[..] {
            [single] => single.id,
            _ => "",
        };
        if let [Step::Constant(value)] = &steps[..]
            && is_conversion(function)
        {
            let folded = (declaration.call)(&mut [value.clone()]);
            return folded
                .map(Step::Constant)
                .map_err(|failure| message(function, value, failure));
        }
        let steps = match among(overload, steps) {
            Ok(planned) => return Ok(planned),
            Err(steps) => steps,
        };
        let replaces = match args.first().and_then(|arg| arg.as_ident()) {
            Some(name)
                if **name == *ACCUMULATOR && matches!(function, "_+_" | "cel.@mapInsert") =>
            {
                self.slot(name)
            }
            _ => None,
        };
        let pattern = match (function, steps.get(1)) {
            ("matches" | "find" | "findAll", Some(Step::Constant(Value::String(pattern)))) => {
                Some(kfast_core::regexp::compile(pattern)?)
            }
            _ => None,
        };
        Ok(Step::Call(Box::new(Call {
            function: declaration.name,
            implementation: declaration.call,
            args: steps,
            cost: Rule::of(declaration.name, overload),
            pattern,
            replaces,
        })))
    }

    fn list(&mut self, items: &[Item]) -> Planned<Step> {
        let mut planned = Vec::with_capacity(items.len());
        for item in items {
            planned.push((self.step(&item.value)?, item.optional));
        }
        let constants: Option<Vec<Value<'static>>> = planned
            .iter()
            .map(|(step, optional)| match step {
                Step::Constant(value) if !optional => Some(value.clone()),
                _ => None,
            })
            .collect();
        Ok(match constants {
            Some(values) => Step::Constant(Value::list(values)),
            None => Step::List(planned),
        })
    }

    fn map(&mut self, entries: &[Entry]) -> Planned<Step> {
        let mut planned = Vec::with_capacity(entries.len());
        for entry in entries {
            planned.push((
                self.step(&entry.key)?,
                self.step(&entry.value)?,
                entry.optional,
            ));
        }
        let constants: Option<Vec<_>> = planned
            .iter()
            .map(|entry| match entry {
                (Step::Constant(key), Step::Constant(value), false) => {
                    Some((key.clone(), value.clone()))
                }
                _ => None,
            })
            .collect();
        Ok(match constants {
            Some(pairs) => Step::Constant(Value::map(pairs)),
            None => Step::Map(planned),
        })
    }

    fn object(&mut self, expr: &Expr, fields: &[Field]) -> Planned<Step> {
        let mut planned = Vec::with_capacity(fields.len());
        for field in fields {
            planned.push((field.name.clone(), self.step(&field.value)?, field.optional));
        }
        Ok(Step::Object {
            ty: self.checked.types[expr.id as usize].clone(),
            fields: planned,
        })
    }
}

/// The step as the start of a path; one that is a path already goes on.
fn start(step: Step) -> Attribute {
    match step {
        Step::Attribute(attribute) if !attribute.test => attribute,
        other => Attribute {
            root: Root::Value(Box::new(other)),
            path: Vec::new(),
            test: false,
        },
    }
}

fn constant(literal: &Literal) -> Value<'static> {
    match literal {
        Literal::Null => Value::Null,
        Literal::Bool(flag) => Value::Bool(*flag),
        Literal::Int(number) => Value::Int(*number),
        Literal::Uint(number) => Value::Uint(*number),
        Literal::Double(number) => Value::Double(*number),
        Literal::String(text) => Value::shared(text.clone()),
        Literal::Bytes(bytes) => Value::Bytes(bytes.clone()),
    }
}

fn is_conversion(function: &str) -> bool {
    matches!(
        function,
        "bool"
            | "bytes"
            | "double"
            | "duration"
            | "dyn"
            | "int"
            | "string"
            | "timestamp"
            | "type"
            | "uint"
    )
}

/// A test for constants, if that is what the call is.
fn among(overload: &str, mut steps: Vec<Step>) -> Result<Step, Vec<Step>> {
    let set = match steps.get(1) {
        Some(Step::Constant(Value::List(List::Owned(items)))) if overload == "in_list" => {
            items.clone()
        }
        _ => return Err(steps),
    };
    if set.is_empty() {
        return Ok(Step::Constant(Value::Bool(false)));
    }
    let simple = |value: &Value<'_>| {
        matches!(
            value,
            Value::Bool(_) | Value::Double(_) | Value::Int(_) | Value::Uint(_) | Value::String(_)
        )
    };
    if !set.iter().all(simple) {
        return Err(steps);
    }
    Ok(Step::Among {
        value: Box::new(steps.swap_remove(0)),
        set: set.as_ref().clone(),
    })
}

fn message(function: &str, value: &Value<'_>, failure: Failure) -> String {
    match failure {
        Failure::Error(message) => message,
        Failure::NoOverload | Failure::Budget => {
            format!("no such overload: {function}({})", value.type_name())
        }
    }
}

impl Call {
    /// Computes the call.
    pub(crate) fn compute<'a>(&self, args: &mut [Value<'a>]) -> Outcome<'a> {
        match &self.pattern {
            Some(pattern) => regexes::call(pattern, self.function, args),
            None => (self.implementation)(args),
        }
    }
}
