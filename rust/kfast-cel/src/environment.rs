//! What an expression may name.

use crate::checker;
use crate::declared::Object;
use crate::functions::{self, Declaration, Overload};
use crate::parser;
use crate::plan;
use crate::program::{CompileError, Program};
use crate::source::{Issues, Source};
use crate::types::Type;
use std::collections::HashMap;
use std::sync::Arc;

/// Variables and object types.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: HashMap<Arc<str>, Type>,
    objects: HashMap<Arc<str>, Arc<Object>>,
    mutating: bool,
    bindings: bool,
}

impl Environment {
    /// Only the functions of the libraries.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a variable.
    #[must_use]
    pub fn variable(mut self, name: &str, ty: Type) -> Self {
        self.variables.insert(name.into(), ty);
        self
    }

    /// Adds an object type that expressions can make values of.
    #[must_use]
    pub fn object(mut self, object: Arc<Object>) -> Self {
        self.objects.insert(object.name().into(), object);
        self
    }

    /// Adds what expressions that change objects can make: `Object` and all types below it, and `JSONPatch`.
    #[must_use]
    pub fn mutating(mut self) -> Self {
        self.mutating = true;
        let property = |shape| Arc::new(crate::declared::Declared::unlimited(shape));
        let patch = Object::new(
            "JSONPatch",
            [
                ("op".to_owned(), property(crate::declared::Shape::String)),
                ("path".to_owned(), property(crate::declared::Shape::String)),
                ("from".to_owned(), property(crate::declared::Shape::String)),
                ("value".to_owned(), property(crate::declared::Shape::Dyn)),
            ],
        );
        self.object(Arc::new(patch))
    }

    /// Adds `cel.bind`, which gives a name to a value.
    #[must_use]
    pub fn bindings(mut self) -> Self {
        self.bindings = true;
        self
    }

    /// Compiles an expression.
    ///
    /// # Errors
    /// All that is wrong with it, in upstream's words.
    pub fn compile(&self, text: &str) -> Result<Program, CompileError> {
        let mut issues = Issues::default();
        let checked = parser::parse(text, self.bindings, &mut issues)
            .and_then(|ast| checker::check(ast, self, &mut issues));
        match checked {
            Some(checked) => {
                let plan = plan::plan(&checked, self).map_err(CompileError::Instantiation)?;
                Ok(Program::new(checked, plan))
            }
            None => Err(CompileError::Issues(issues.display(&Source::new(text)))),
        }
    }

    pub(crate) fn variable_type(&self, name: &str) -> Option<(&Arc<str>, &Type)> {
        self.variables.get_key_value(name)
    }

    /// The type a name stands for.
    pub(crate) fn type_named(&self, name: &str) -> Option<Type> {
        if let Some(object) = self.objects.get(name) {
            return Some(Type::Object(object.clone()));
        }
        // Below the type of the changed object, each path of properties names a type.
        let below = self.mutating && (name == "Object" || name.starts_with("Object."));
        if below {
            return Some(Type::Object(Arc::new(Object::open(name))));
        }
        Type::named(name)
    }

    pub(crate) fn function(&self, name: &str) -> Option<&'static Declaration> {
        if name.starts_with("jsonpatch.") && !self.mutating {
            return None;
        }
        functions::named(name)
    }

    pub(crate) fn select_optional_field(&self) -> &'static Overload {
        static MISSING: Overload = Overload {
            id: "select_optional_field",
            member: false,
            args: Vec::new(),
            result: Type::Dyn,
            params: 0,
        };
        self.function("_?._")
            .and_then(|f| f.overloads.first())
            .unwrap_or(&MISSING)
    }
}
