//! Static type checking.

mod aggregates;
mod literals;
pub(crate) mod unify;

use crate::ast::{Ast, Expr, Fold, Id, Kind, Literal};
use crate::environment::Environment;
use crate::functions::{Declaration, Overload};
use crate::source::Issues;
use crate::types::Type;
use std::sync::Arc;
use unify::Substitution;

/// A tree with what checking found out of it. Calls of functions with dotted names have lost their target, and
/// dotted names of variables and types have become identifiers.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) ast: Ast,
    /// By [`Id`].
    pub(crate) types: Vec<Type>,
    /// The overloads a call may mean, by [`Id`].
    pub(crate) overloads: Vec<Vec<&'static Overload>>,
    /// The variables of the environment that are read.
    pub(crate) variables: Vec<Arc<str>>,
}

/// Checks a tree; `None` if issues were reported.
pub(crate) fn check(
    mut ast: Ast,
    environment: &Environment,
    issues: &mut Issues,
) -> Option<Checked> {
    let nodes = ast.positions.len();
    let mut checker = Checker {
        environment,
        issues,
        positions: &ast.positions,
        types: vec![Type::Error; nodes],
        overloads: vec![Vec::new(); nodes],
        scopes: Vec::new(),
        known: Substitution::default(),
        variables: Vec::new(),
    };
    checker.check(&mut ast.root);
    let Checker {
        mut types,
        overloads,
        known,
        variables,
        ..
    } = checker;
    if !issues.is_empty() {
        return None;
    }
    for ty in &mut types {
        *ty = known.apply(ty, true);
    }
    let checked = Checked {
        ast,
        types,
        overloads,
        variables,
    };
    literals::validate(&checked, issues);
    issues.is_empty().then_some(checked)
}

struct Checker<'c> {
    environment: &'c Environment,
    issues: &'c mut Issues,
    positions: &'c [u32],
    types: Vec<Type>,
    overloads: Vec<Vec<&'static Overload>>,
    /// Variables of comprehensions, innermost last.
    scopes: Vec<(Arc<str>, Type)>,
    known: Substitution,
    variables: Vec<Arc<str>>,
}

impl Checker<'_> {
    fn report(&mut self, id: Id, message: impl Into<String>) {
        self.issues.report(self.positions[id as usize], message);
    }

    fn ty(&self, expr: &Expr) -> Type {
        self.types[expr.id as usize].clone()
    }

    fn set(&mut self, id: Id, ty: Type) {
        self.types[id as usize] = ty;
    }

    fn undeclared(&mut self, id: Id, name: &str) {
        self.set(id, Type::Error);
        self.report(
            id,
            format!("undeclared reference to '{name}' (in container '')"),
        );
    }

    fn mismatch(&mut self, id: Id, expected: &Type, found: &Type) {
        self.report(
            id,
            format!("expected type '{expected}' but found '{found}'"),
        );
    }

    fn check(&mut self, expr: &mut Expr) {
        let id = expr.id;
        match &mut expr.kind {
            Kind::Error => {}
            Kind::Literal(literal) => self.set(id, literal_type(literal)),
            Kind::Ident(name) => match self.lookup(name) {
                Some((name_found, ty)) => {
                    *name = name_found;
                    self.set(id, ty);
                }
                None => {
                    let name = name.clone();
                    self.undeclared(id, &name);
                }
            },
            Kind::Select { .. } => self.select(expr),
            Kind::Call { .. } => self.call(expr),
            Kind::List(items) => {
                let ty = self.list(items);
                self.set(id, ty);
            }
            Kind::Map(entries) => {
                let ty = self.map(entries);
                self.set(id, ty);
            }
            Kind::Struct { name, fields } => {
                let name = name.clone();
                self.construction(id, &name, fields);
            }
            Kind::Fold(fold) => self.fold(id, fold),
        }
    }

    /// The variable or type of a name.
    fn lookup(&mut self, name: &str) -> Option<(Arc<str>, Type)> {
        if let Some((found, ty)) = self.scopes.iter().rev().find(|(n, _)| **n == *name) {
            return Some((found.clone(), ty.clone()));
        }
        let name = name.strip_prefix('.').unwrap_or(name);
        if let Some((found, ty)) = self.environment.variable_type(name) {
            if !self.variables.contains(found) {
                self.variables.push(found.clone());
            }
            return Some((found.clone(), ty.clone()));
        }
        let ty = self.environment.type_named(name)?;
        Some((name.into(), Type::Type(Some(ty.into()))))
    }

    fn select(&mut self, expr: &mut Expr) {
        let id = expr.id;
        if let Some(name) = expr.qualified_name()
            && let Some((name, ty)) = self.lookup(&name)
        {
            expr.kind = Kind::Ident(name);
            self.set(id, ty);
            return;
        }
        let Kind::Select {
            operand,
            field,
            test,
        } = &mut expr.kind
        else {
            return;
        };
        let (field, test) = (field.clone(), *test);
        let found = self.field(id, operand, &field, false);
        let ty = if test { Type::Bool } else { found };
        let ty = self.known.apply(&ty, false);
        self.set(id, ty);
    }

    /// The type of a property; of an optional one if asked, or of an optional object.
    fn field(&mut self, id: Id, operand: &mut Expr, field: &str, optional: bool) -> Type {
        self.check(operand);
        let ty = self.known.apply(&self.ty(operand), false);
        let (target, was_optional) = match &ty {
            Type::Optional(value) => (value.as_ref().clone(), true),
            _ => (ty, false),
        };
        let found = match &target {
            Type::Map(entry) => entry.1.clone(),
            Type::Object(object) => match object.field_type(field) {
                Some(ty) => ty,
                None => {
                    self.report(id, format!("undefined field '{field}'"));
                    Type::Error
                }
            },
            Type::Opaque(opaque) if opaque.is_struct() => {
                self.report(
                    id,
                    format!("unexpected failed resolution of '{}'", opaque.name()),
                );
                Type::Error
            }
            Type::Param(_) => {
                self.known.assignable(&Type::Dyn, &target);
                Type::Dyn
            }
            other => {
                if !other.is_dyn_or_error() {
                    self.report(
                        id,
                        format!("type '{other}' does not support field selection"),
                    );
                }
                Type::Dyn
            }
        };
        if optional || was_optional {
            Type::optional(found)
        } else {
            found
        }
    }

    fn call(&mut self, expr: &mut Expr) {
        let id = expr.id;
        let Kind::Call {
            function,
            target,
            args,
        } = &mut expr.kind
        else {
            return;
        };
        if &**function == "_?._" {
            let Kind::Literal(Literal::String(field)) = &args[1].kind else {
                return;
            };
            let field = field.clone();
            let found = self.field(id, &mut args[0], &field, true);
            let found = self.known.apply(&found, false);
            self.set(args[1].id, Type::String);
            self.set(id, found);
            self.overloads[id as usize] = vec![self.environment.select_optional_field()];
            return;
        }
        for arg in args.iter_mut() {
            self.check(arg);
        }
        if let Some(prefix) = target.as_ref().and_then(|t| t.qualified_name()) {
            let qualified = format!("{prefix}.{function}");
            let qualified = qualified.strip_prefix('.').unwrap_or(&qualified);
            if let Some(declaration) = self.environment.function(qualified) {
                *function = qualified.into();
                *target = None;
                return self.resolve(id, declaration, None, args);
            }
        }
        if let Some(target) = target.as_deref_mut() {
            self.check(target);
        }
        let name = match target {
            None => function.strip_prefix('.').unwrap_or(function).into(),
            Some(_) => function.clone(),
        };
        match self.environment.function(&name) {
            Some(declaration) => {
                *function = name;
                self.resolve(id, declaration, target.as_deref(), args);
            }
            None => self.undeclared(id, &name),
        }
    }

    /// Finds the overloads that take the arguments and sets the call's type.
    fn resolve(
        &mut self,
        id: Id,
        declaration: &'static Declaration,
        target: Option<&Expr>,
        args: &[Expr],
    ) {
        let mut given: Vec<Type> = target
            .iter()
            .chain(&args.iter().collect::<Vec<_>>())
            .map(|e| self.ty(e))
            .collect();
        let mut result: Option<Type> = None;
        let mut found = Vec::new();
        if matches!(declaration.name, "_&&_" | "_||_") {
            return self.logical(id, declaration, args, &given);
        }
        for overload in &declaration.overloads {
            if overload.member != target.is_some() || overload.args.len() != given.len() {
                continue;
            }
            let (wanted, returned) = self.instantiate(overload);
            if !self.known.assignable_all(&given, &wanted) {
                continue;
            }
            found.push(overload);
            let returned = self.known.apply(&returned, false);
            result = match result {
                None => Some(returned),
                Some(Type::Dyn) => Some(Type::Dyn),
                Some(first) if first == returned => Some(first),
                Some(_) => Some(Type::Dyn),
            };
        }
        match result {
            Some(ty) => {
                self.set(id, ty);
                self.overloads[id as usize] = found;
            }
            None => {
                for ty in &mut given {
                    *ty = self.known.apply(ty, true);
                }
                self.set(id, Type::Error);
                let applied = signature(&given, target.is_some());
                self.report(
                    id,
                    format!(
                        "found no matching overload for '{}' applied to '{applied}'",
                        declaration.name
                    ),
                );
            }
        }
    }

    fn logical(
        &mut self,
        id: Id,
        declaration: &'static Declaration,
        args: &[Expr],
        given: &[Type],
    ) {
        let mut fits = true;
        for (arg, ty) in args.iter().zip(given) {
            if !self.known.assignable(ty, &Type::Bool) {
                self.mismatch(arg.id, &Type::Bool, ty);
                fits = false;
            }
        }
        self.set(id, if fits { Type::Bool } else { Type::Error });
        self.overloads[id as usize] = declaration.overloads.iter().collect();
    }

    /// Types of an overload's arguments and result, with type variables of their own.
    fn instantiate(&mut self, overload: &Overload) -> (Vec<Type>, Type) {
        if overload.params == 0 {
            return (overload.args.clone(), overload.result.clone());
        }
        let fresh: Vec<Type> = (0..overload.params)
            .map(|_| self.known.variable())
            .collect();
        let args = overload.args.iter().map(|ty| renamed(ty, &fresh)).collect();
        (args, renamed(&overload.result, &fresh))
    }

    fn fold(&mut self, id: Id, fold: &mut Fold) {
        self.check(&mut fold.range);
        self.check(&mut fold.init);
        let range = self.known.apply(&self.ty(&fold.range), false);
        let accumulated = self.ty(&fold.init);
        let outer = self.scopes.len();
        self.scopes
            .push((fold.accumulator.clone(), accumulated.clone()));
        let two = fold.second.is_some();
        let (first, second) = match &range {
            Type::List(item) if two => (Type::Int, item.as_ref().clone()),
            Type::List(item) => (item.as_ref().clone(), Type::Dyn),
            Type::Map(entry) => (entry.0.clone(), entry.1.clone()),
            Type::Dyn | Type::Error | Type::Param(_) => {
                self.known.assignable(&Type::Dyn, &range);
                (Type::Dyn, Type::Dyn)
            }
            other => {
                let message = format!(
                    "expression of type '{other}' cannot be range of a comprehension (must be list, map, or dynamic)"
                );
                self.report(fold.range.id, message);
                (Type::Error, Type::Error)
            }
        };
        self.scopes.push((fold.variable.clone(), first));
        if let Some(name) = &fold.second {
            self.scopes.push((name.clone(), second));
        }
        self.check(&mut fold.condition);
        self.must_be(&fold.condition, &Type::Bool);
        self.check(&mut fold.step);
        self.must_be(&fold.step, &accumulated);
        self.scopes.truncate(outer + 1);
        self.check(&mut fold.result);
        self.scopes.truncate(outer);
        let ty = self.known.apply(&self.ty(&fold.result), false);
        self.set(id, ty);
    }

    fn must_be(&mut self, expr: &Expr, wanted: &Type) {
        let found = self.ty(expr);
        if !self.known.assignable(wanted, &found) {
            self.mismatch(expr.id, wanted, &found);
        }
    }
}

fn literal_type(literal: &Literal) -> Type {
    match literal {
        Literal::Null => Type::Null,
        Literal::Bool(_) => Type::Bool,
        Literal::Int(_) => Type::Int,
        Literal::Uint(_) => Type::Uint,
        Literal::Double(_) => Type::Double,
        Literal::String(_) => Type::String,
        Literal::Bytes(_) => Type::Bytes,
    }
}

/// The type with its variables, numbered from 0, replaced.
fn renamed(ty: &Type, fresh: &[Type]) -> Type {
    match ty {
        Type::Param(number) => fresh[*number as usize].clone(),
        Type::List(item) => Type::list(renamed(item, fresh)),
        Type::Optional(value) => Type::optional(renamed(value, fresh)),
        Type::Map(entry) => Type::map(renamed(&entry.0, fresh), renamed(&entry.1, fresh)),
        Type::Type(Some(of)) => Type::Type(Some(renamed(of, fresh).into())),
        other => other.clone(),
    }
}

/// Types of arguments as messages show them; the target stands before the parenthesis.
fn signature(types: &[Type], member: bool) -> String {
    let (target, args) = types.split_at(usize::from(member));
    let args: Vec<String> = args.iter().map(ToString::to_string).collect();
    let target = target
        .first()
        .map(|ty| format!("{ty}."))
        .unwrap_or_default();
    format!("{target}({})", args.join(", "))
}
