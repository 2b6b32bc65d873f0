//! `CelEnvironment`, `CelProgram`, `CelInput`: expressions of admission.

use crate::schema::PySchema;
use crate::tree::kind_of;
use crate::value::to_py;
use kfast_cel::{
    Authorizer, Check, Composition, Decision, Declared, Inputs, Program, Subject, Type, Value,
};
use kfast_schema::{SchemaSet, Value as Json, free_json};
use pyo3::create_exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use self_cell::self_cell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

create_exception!(
    kfast._native,
    CelError,
    crate::errors::CoreError,
    "An expression that does not compile, or a budget that is spent; the text is upstream's."
);

/// Adds the classes.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add("CelError", m.py().get_type::<CelError>())?;
    m.add_class::<PyCelEnvironment>()?;
    m.add_class::<PyCelInput>()?;
    m.add_class::<PyCelProgram>()?;
    m.add_function(wrap_pyfunction!(device_selector_cost, m)?)
}

/// What a selector of devices costs at worst. CelError if it does not compile or is no condition.
#[pyfunction]
fn device_selector_cost(py: Python<'_>, expression: &str) -> PyResult<u64> {
    py.detach(|| kfast_cel::device_selector_cost(expression))
        .map_err(CelError::new_err)
}

/// The variables expressions of one policy or webhook may read. Immutable.
#[pyclass(frozen, name = "CelEnvironment", module = "kfast._native")]
pub struct PyCelEnvironment(Arc<Composition>);

/// A compiled expression. Immutable.
#[pyclass(frozen, name = "CelProgram", module = "kfast._native")]
pub struct PyCelProgram {
    program: Arc<Program>,
    expression: Arc<str>,
}

type Answer = (bool, String, String);
/// Verb; namespace and name of a service account, or empty; path; group, resource, subresource, namespace, name, field
/// selector, label selector.
type Question = [String; 11];

/// Value and error: one of them counts.
type Outcome = (Py<PyAny>, Option<String>);

#[pymethods]
impl PyCelEnvironment {
    /// `object`, `oldObject`, `request` and `namespaceObject`; `params` and the authorizer if asked for; with `mutating`
    /// the types of changes; with `composited` the name `variables`.
    #[new]
    #[pyo3(signature = (*, params = false, authorizer = false, mutating = false, composited = false))]
    fn new(params: bool, authorizer: bool, mutating: bool, composited: bool) -> Self {
        let composition =
            Composition::new(Type::Dyn, params.then_some(Type::Dyn), authorizer, mutating);
        Self(Arc::new(if composited {
            composition.composited()
        } else {
            composition
        }))
    }

    /// What the type checker of a policy reads, with `object`, and `params` if they are of a known kind, as a schema says:
    /// (schema, `group/version/Kind`).
    #[staticmethod]
    #[pyo3(signature = (object, params = None, *, has_params = false))]
    fn typed(
        py: Python<'_>,
        object: (Py<PySchema>, String),
        params: Option<(Py<PySchema>, String)>,
        has_params: bool,
    ) -> PyResult<Self> {
        let ty = |(schema, key): &(Py<PySchema>, String)| -> PyResult<Type> {
            let (id, set) = (kind_of(schema, key)?, &schema.get().set);
            let name = key.rsplit('/').next().unwrap_or(key);
            Ok(py.detach(|| Declared::of_kind(set, id, name).cel_type()))
        };
        let params = match &params {
            Some(known) => Some(ty(known)?),
            None => has_params.then_some(Type::Dyn),
        };
        let composition = Composition::new(ty(&object)?, params, true, false);
        Ok(Self(Arc::new(composition.composited())))
    }

    /// The environment with one more composited variable, and why that does not compile (reading it then fails), or None.
    fn with_variable(
        &self,
        py: Python<'_>,
        name: &str,
        expression: &str,
    ) -> (Self, Option<String>) {
        py.detach(|| {
            let mut composition = self.0.as_ref().clone();
            let added = composition.add(name, expression);
            (Self(Arc::new(composition)), added.err())
        })
    }

    /// Compiles an expression of one of these types, of any if none are named. CelError.
    #[pyo3(signature = (expression, types = Vec::new()))]
    fn compile(
        &self,
        py: Python<'_>,
        expression: &str,
        types: Vec<String>,
    ) -> PyResult<PyCelProgram> {
        let types: Vec<&str> = types.iter().map(String::as_str).collect();
        let compiled = py.detach(|| self.0.compile(expression, &types));
        Ok(PyCelProgram {
            program: Arc::new(compiled.map_err(CelError::new_err)?),
            expression: expression.into(),
        })
    }

    /// Evaluates programs in order within a budget, one (value, error) for each; (None, None) for None. Also what is left
    /// of the budget. None instead if there are questions to be answered first. CelError once the budget is spent.
    fn evaluate(
        &self,
        py: Python<'_>,
        programs: Vec<Option<Py<PyCelProgram>>>,
        input: &PyCelInput,
        budget: u64,
    ) -> PyResult<Option<(Vec<Outcome>, u64)>> {
        let programs: Vec<Option<&PyCelProgram>> = programs
            .iter()
            .map(|program| program.as_ref().map(Py::get))
            .collect();
        let evaluated = py.detach(|| input.evaluate(&self.0, &programs, budget));
        if !input.shared.pending().is_empty() {
            return Ok(None);
        }
        let (trees, left) = evaluated.map_err(CelError::new_err)?;
        let mut outcomes = Vec::with_capacity(trees.len());
        for tree in trees {
            outcomes.push(match tree {
                Some(Ok(tree)) => (to_py(py, &[], &tree)?.unbind(), None),
                Some(Err(error)) => (py.None(), Some(error)),
                None => (py.None(), None),
            });
        }
        Ok(Some((outcomes, left)))
    }
}

#[pymethods]
impl PyCelProgram {
    /// The static type, as messages name it.
    #[getter]
    fn output_type(&self) -> String {
        self.program.output_type().to_string()
    }
}

self_cell!(
    struct Parsed {
        owner: String,
        #[covariant]
        dependent: Json,
    }
);

fn parsed(text: Option<Vec<u8>>) -> PyResult<Parsed> {
    let text = String::from_utf8(text.unwrap_or_else(|| b"null".to_vec()))
        .map_err(|e| PyValueError::new_err(e.to_string()))?;
    Parsed::try_new(text, |text| free_json(text)).map_err(PyValueError::new_err)
}

/// What the expressions of one request read, and the authorizer's answers so far.
#[pyclass(frozen, name = "CelInput", module = "kfast._native")]
pub struct PyCelInput {
    variables: Vec<(&'static str, Parsed)>,
    set: SchemaSet,
    resource: Option<[String; 5]>,
    shared: Arc<Answers>,
}

#[pymethods]
impl PyCelInput {
    /// Variables as JSON, None for null. `resource` is what the request is about, if there is an authorizer: group,
    /// resource, subresource, namespace, name. ValueError for what is no JSON.
    #[new]
    #[pyo3(signature = (object, old, request, params = None, namespace = None, resource = None))]
    fn new(
        object: Option<Vec<u8>>,
        old: Option<Vec<u8>>,
        request: Option<Vec<u8>>,
        params: Option<Vec<u8>>,
        namespace: Option<Vec<u8>>,
        resource: Option<[String; 5]>,
    ) -> PyResult<Self> {
        Ok(Self {
            variables: vec![
                ("object", parsed(object)?),
                ("oldObject", parsed(old)?),
                ("request", parsed(request)?),
                ("params", parsed(params)?),
                ("namespaceObject", parsed(namespace)?),
            ],
            set: SchemaSet::default(),
            resource,
            shared: Arc::default(),
        })
    }

    /// What expressions asked the authorizer and it has not answered: verb; namespace and name of a service account, empty
    /// for the requester; path; group, resource, subresource, namespace, name, field selector, label selector.
    #[getter]
    fn questions(&self) -> Vec<Vec<String>> {
        self.shared
            .pending()
            .iter()
            .map(|question| question.to_vec())
            .collect()
    }

    /// Answers a question.
    #[pyo3(signature = (question, allowed, reason = String::new(), error = String::new()))]
    fn answer(&self, question: Question, allowed: bool, reason: String, error: String) {
        let mut state = self.shared.lock();
        state.pending.retain(|pending| *pending != question);
        state.known.insert(question, (allowed, reason, error));
    }
}

type Evaluated = (Vec<Option<Result<Json<'static>, String>>>, u64);

impl PyCelInput {
    fn evaluate(
        &self,
        composition: &Composition,
        programs: &[Option<&PyCelProgram>],
        mut budget: u64,
    ) -> Result<Evaluated, String> {
        let mut variables = Vec::with_capacity(self.variables.len() + 2);
        for (name, tree) in &self.variables {
            variables.push((
                *name,
                Value::read(tree.borrow_dependent(), &self.set, None)?,
            ));
        }
        let mut inputs = Inputs::new(composition, variables);
        if let Some(resource) = &self.resource {
            let resource = resource.each_ref().map(String::as_str);
            inputs.authorizer(self.shared.clone(), resource);
        }
        let mut results = Vec::with_capacity(programs.len());
        for program in programs {
            let Some(program) = program else {
                results.push(None);
                continue;
            };
            let value = inputs.evaluate(&program.program, &program.expression, &mut budget)?;
            results.push(Some(value.and_then(|value| value.to_tree())));
        }
        Ok((results, budget))
    }
}

/// The authorizer's answers. What is not known yet is noted; the caller asks, and evaluates again.
#[derive(Default)]
struct Answers(Mutex<State>);

#[derive(Default)]
struct State {
    known: HashMap<Question, Answer>,
    pending: Vec<Question>,
}

impl Answers {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pending(&self) -> Vec<Question> {
        self.lock().pending.clone()
    }
}

impl Authorizer for Answers {
    fn authorize(&self, check: &Check, verb: &str) -> Decision {
        let (account_namespace, account) = match &check.subject {
            Subject::Requester => ("", ""),
            Subject::ServiceAccount { namespace, name } => (namespace.as_ref(), name.as_ref()),
        };
        let optional = |text: &Option<Arc<str>>| text.as_deref().unwrap_or_default().to_owned();
        let question: Question = [
            verb.to_owned(),
            account_namespace.to_owned(),
            account.to_owned(),
            optional(&check.path),
            optional(&check.group),
            optional(&check.resource),
            check.subresource.to_string(),
            check.namespace.to_string(),
            check.name.to_string(),
            check.field_selector.to_string(),
            check.label_selector.to_string(),
        ];
        let mut state = self.lock();
        if let Some((allowed, reason, error)) = state.known.get(&question) {
            return Decision {
                allowed: *allowed,
                reason: reason.clone(),
                error: error.clone(),
            };
        }
        if !state.pending.contains(&question) {
            state.pending.push(question);
        }
        Decision::default()
    }
}
