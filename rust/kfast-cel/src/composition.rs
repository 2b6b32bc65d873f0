//! Expressions of admission: their variables, some of them composited from others.

use crate::authorizer::{Authorizer, Check};
use crate::declared::{Declared, Object, Shape};
use crate::environment::Environment;
use crate::program::{Activation, CALL_LIMIT, EvaluationError, Program};
use crate::types::{Opaque, Type};
use crate::value::{Map, OpaqueValue, Value};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

const VARIABLES: &str = "variables";

/// An environment of admission and the composited variables of a policy.
#[derive(Debug, Clone)]
pub struct Composition {
    environment: Environment,
    types: HashMap<Box<str>, Type>,
    variables: HashMap<Box<str>, Result<Arc<Program>, String>>,
}

impl Composition {
    /// The variables of every expression of admission: `object`, `oldObject`, `request`, `namespaceObject`; `params` and
    /// the authorizer if asked for.
    #[must_use]
    pub fn new(object: Type, params: Option<Type>, authorizer: bool, mutating: bool) -> Self {
        let mut environment = Environment::new()
            .variable("object", object.clone())
            .variable("oldObject", object)
            .variable("request", Type::Object(request_type()))
            .variable("namespaceObject", Type::Object(namespace_type()));
        if let Some(params) = params {
            environment = environment.variable("params", params);
        }
        if authorizer {
            environment = environment
                .variable("authorizer", Type::Opaque(Opaque::Authorizer))
                .variable(
                    "authorizer.requestResource",
                    Type::Opaque(Opaque::ResourceCheck),
                );
        }
        if mutating {
            environment = environment.mutating();
        }
        Self {
            environment,
            types: HashMap::new(),
            variables: HashMap::new(),
        }
    }

    /// Lets expressions read `variables`; without it there is no such name.
    #[must_use]
    pub fn composited(mut self) -> Self {
        self.declare();
        self
    }

    fn declare(&mut self) {
        let object = Object::computed("kubernetes.variables", self.types.clone());
        let environment = std::mem::take(&mut self.environment);
        self.environment = environment.variable(VARIABLES, Type::Object(Arc::new(object)));
    }

    /// Adds a variable that reads those before it.
    ///
    /// # Errors
    /// Why it does not compile; it is a variable nevertheless, and reading it fails.
    pub fn add(&mut self, name: &str, expression: &str) -> Result<(), String> {
        let compiled = self.compile(expression, &[]).map(Arc::new);
        let ty = compiled
            .as_ref()
            .map_or(Type::Dyn, |program| kept(program.output_type()));
        let failed = compiled.as_ref().err().cloned();
        self.types.insert(name.into(), ty);
        self.variables.insert(name.into(), compiled);
        self.declare();
        failed.map_or(Ok(()), Err)
    }

    /// Compiles an expression whose type is one of those named; of any type if none is.
    ///
    /// # Errors
    /// Why not, in upstream's words.
    pub fn compile(&self, expression: &str, types: &[&str]) -> Result<Program, String> {
        let program = self
            .environment
            .compile(expression)
            .map_err(|error| match error {
                crate::CompileError::Issues(_) => format!("compilation failed: {error}"),
                crate::CompileError::Instantiation(_) => error.to_string(),
            })?;
        let found = match program.output_type() {
            Type::List(_) | Type::Map(_) | Type::Optional(_) | Type::Type(_) => {
                program.output_type().to_string()
            }
            other => other.runtime_name().to_owned(),
        };
        match types {
            [] => {}
            [ty] if *ty != found => return Err(format!("must evaluate to {ty} but got {found}")),
            types if !types.contains(&found.as_str()) => {
                return Err(format!(
                    "must evaluate to one of [{}] but got {found}",
                    types.join(" ")
                ));
            }
            _ => {}
        }
        Ok(program)
    }
}

/// The type under which other expressions see a variable.
fn kept(ty: &Type) -> Type {
    match ty {
        Type::List(item) => Type::list(kept(item)),
        Type::Map(entry) => Type::map(kept(&entry.0), kept(&entry.1)),
        Type::Object(_)
        | Type::Opaque(_)
        | Type::Optional(_)
        | Type::Type(_)
        | Type::Param(_)
        | Type::Error => Type::Dyn,
        simple => simple.clone(),
    }
}

/// What the expressions of one request read.
pub struct Inputs<'a> {
    composition: &'a Composition,
    variables: Vec<(&'static str, Value<'a>)>,
    computed: RefCell<HashMap<&'a str, Result<Value<'a>, String>>>,
    cost: Cell<u64>,
}

impl<'a> Inputs<'a> {
    /// Variables by their names; `requester` answers questions of the authorizer, `resource` is a check of the request's
    /// own resource.
    #[must_use]
    pub fn new(composition: &'a Composition, variables: Vec<(&'static str, Value<'a>)>) -> Self {
        Self {
            composition,
            variables,
            computed: RefCell::default(),
            cost: Cell::new(0),
        }
    }

    /// Adds the authorizer, and the check of the request's own resource: group, resource, subresource, namespace, name.
    pub fn authorizer(&mut self, authorizer: Arc<dyn Authorizer>, resource: [&str; 5]) {
        let whole = Check::new(authorizer);
        let [group, plural, subresource, namespace, name] = resource.map(Arc::from);
        let own = Check {
            group: Some(group),
            resource: Some(plural),
            subresource,
            namespace,
            name,
            ..whole.clone()
        };
        let value = |check: Check| Value::Opaque(OpaqueValue::Check(Arc::new(check)));
        self.variables.push(("authorizer", value(whole)));
        self.variables
            .push(("authorizer.requestResource", value(own)));
    }

    /// Forgets what composited variables were; each group of expressions computes them anew.
    pub fn reset(&mut self) {
        self.computed.get_mut().clear();
    }

    /// Evaluates an expression within what is left of a budget.
    ///
    /// # Errors
    /// The whole budget is spent.
    pub fn evaluate(
        &self,
        program: &'a Program,
        expression: &str,
        budget: &mut u64,
    ) -> Result<Result<Value<'a>, String>, String> {
        const SPENT: &str = "validation failed due to running out of cost budget, no further validation rules will be run";
        let evaluation = program.evaluate(self, CALL_LIMIT);
        let cost = self.cost.take().saturating_add(evaluation.cost);
        *budget = budget.checked_sub(cost).ok_or(SPENT)?;
        Ok(evaluation
            .value
            .map_err(|error| format!("expression '{expression}' resulted in error: {error}")))
    }
}

impl<'a> Activation<'a> for Inputs<'a> {
    fn variable(&self, name: &str) -> Option<Value<'a>> {
        if name == VARIABLES {
            return Some(Value::Map(Map::Variables));
        }
        let (_, value) = self.variables.iter().find(|(n, _)| *n == name)?;
        Some(value.clone())
    }

    fn composited(&self, name: &str) -> Option<Result<Value<'a>, EvaluationError>> {
        let (name, compiled) = self.composition.variables.get_key_value(name)?;
        if let Some(known) = self.computed.borrow().get(name.as_ref()) {
            return Some(known.clone().map_err(EvaluationError::Failed));
        }
        let value = match compiled {
            Err(error) => Err(format!(
                "composited variable {name:?} fails to compile: {error}"
            )),
            Ok(program) => {
                let evaluation = program.evaluate(self, CALL_LIMIT);
                self.cost
                    .set(self.cost.get().saturating_add(evaluation.cost));
                evaluation.value.map_err(|error| {
                    format!("composited variable {name:?} fails to evaluate: {error}")
                })
            }
        };
        self.computed.borrow_mut().insert(name, value.clone());
        Some(value.map_err(EvaluationError::Failed))
    }
}

fn property(shape: Shape) -> Arc<Declared> {
    Arc::new(Declared::unlimited(shape))
}

fn object(name: &str, fields: &[(&str, Shape)]) -> Arc<Object> {
    let fields = fields
        .iter()
        .map(|(name, shape)| ((*name).to_owned(), property(shape.clone())));
    Arc::new(Object::new(name, fields))
}

fn list(items: Shape) -> Shape {
    Shape::List {
        items: property(items),
        kind: crate::ListKind::Atomic,
    }
}

fn request_type() -> Arc<Object> {
    let kind = object(
        "kubernetes.GroupVersionKind",
        &[
            ("group", Shape::String),
            ("version", Shape::String),
            ("kind", Shape::String),
        ],
    );
    let resource = object(
        "kubernetes.GroupVersionResource",
        &[
            ("group", Shape::String),
            ("version", Shape::String),
            ("resource", Shape::String),
        ],
    );
    let user = object(
        "kubernetes.UserInfo",
        &[
            ("username", Shape::String),
            ("uid", Shape::String),
            ("groups", list(Shape::String)),
            ("extra", Shape::Map(property(list(Shape::String)))),
        ],
    );
    object(
        "kubernetes.AdmissionRequest",
        &[
            ("kind", Shape::Object(kind.clone())),
            ("resource", Shape::Object(resource.clone())),
            ("subResource", Shape::String),
            ("requestKind", Shape::Object(kind)),
            ("requestResource", Shape::Object(resource)),
            ("requestSubResource", Shape::String),
            ("name", Shape::String),
            // Named `namespace`, not escaped, as upstream declares it.
            ("namespace", Shape::String),
            ("operation", Shape::String),
            ("userInfo", Shape::Object(user)),
            ("dryRun", Shape::Bool),
            ("options", Shape::Dyn),
        ],
    )
}

fn namespace_type() -> Arc<Object> {
    let texts = || Shape::Map(property(Shape::String));
    let metadata = object(
        "kubernetes.NamespaceMetadata",
        &[
            ("name", Shape::String),
            ("generateName", Shape::String),
            ("namespace", Shape::String),
            ("labels", texts()),
            ("annotations", texts()),
            ("UID", Shape::String),
            ("creationTimestamp", Shape::DateTime),
            ("deletionGracePeriodSeconds", Shape::Int),
            ("deletionTimestamp", Shape::DateTime),
            ("generation", Shape::Int),
            ("resourceVersion", Shape::String),
            ("finalizers", list(Shape::String)),
        ],
    );
    let condition = object(
        "kubernetes.NamespaceCondition",
        &[
            ("status", Shape::String),
            ("type", Shape::String),
            ("lastTransitionTime", Shape::DateTime),
            ("message", Shape::String),
            ("reason", Shape::String),
        ],
    );
    let spec = object(
        "kubernetes.NamespaceSpec",
        &[("finalizers", list(Shape::String))],
    );
    let status = object(
        "kubernetes.NamespaceStatus",
        &[
            ("conditions", list(Shape::Object(condition))),
            ("phase", Shape::String),
        ],
    );
    object(
        "kubernetes.Namespace",
        &[
            ("metadata", Shape::Object(metadata)),
            ("spec", Shape::Object(spec)),
            ("status", Shape::Object(status)),
        ],
    )
}
