//! Checks of constants once all types are right: durations, timestamps, regular expressions, formats, and that the
//! elements of a literal are of one type.

use crate::ast::{Expr, Id, Kind, Literal};
use crate::checker::Checked;
use crate::functions::named;
use crate::library::format;
use crate::source::Issues;
use crate::types::Type;
use crate::value::Value;

pub(super) fn validate(checked: &Checked, issues: &mut Issues) {
    let mut validator = Validator { checked, issues };
    validator.visit(&checked.ast.root, false);
}

struct Validator<'v> {
    checked: &'v Checked,
    issues: &'v mut Issues,
}

impl Validator<'_> {
    fn report(&mut self, id: Id, message: impl Into<String>) {
        self.issues
            .report(self.checked.ast.positions[id as usize], message);
    }

    fn ty(&self, expr: &Expr) -> Type {
        self.checked.types[expr.id as usize].clone()
    }

    /// `mixed`: within the arguments of a format, elements may be of several types.
    fn visit(&mut self, expr: &Expr, mixed: bool) {
        match &expr.kind {
            Kind::Error | Kind::Literal(_) | Kind::Ident(_) => {}
            Kind::Select { operand, .. } => self.visit(operand, mixed),
            Kind::Call {
                function,
                target,
                args,
            } => {
                self.call(expr, function, target.as_deref(), args);
                let mixed = mixed || &**function == "format";
                target.iter().for_each(|t| self.visit(t, mixed));
                args.iter().for_each(|arg| self.visit(arg, mixed));
            }
            Kind::List(items) => {
                let elements: Vec<(&Expr, bool)> =
                    items.iter().map(|i| (&i.value, i.optional)).collect();
                if !mixed {
                    self.same(&elements, true);
                }
                elements.iter().for_each(|(e, _)| self.visit(e, mixed));
            }
            Kind::Map(entries) => {
                let keys: Vec<(&Expr, bool)> = entries.iter().map(|e| (&e.key, false)).collect();
                let values: Vec<(&Expr, bool)> =
                    entries.iter().map(|e| (&e.value, e.optional)).collect();
                if !mixed {
                    self.same(&keys, false);
                    self.same(&values, false);
                }
                keys.iter()
                    .chain(&values)
                    .for_each(|(e, _)| self.visit(e, mixed));
            }
            Kind::Struct { fields, .. } => fields.iter().for_each(|f| self.visit(&f.value, mixed)),
            Kind::Fold(fold) => {
                for part in [
                    &fold.range,
                    &fold.init,
                    &fold.condition,
                    &fold.step,
                    &fold.result,
                ] {
                    self.visit(part, mixed);
                }
            }
        }
    }

    fn same(&mut self, elements: &[(&Expr, bool)], first_only: bool) {
        let type_of = |(expr, optional): &(&Expr, bool)| match self.ty(expr) {
            Type::Optional(value) if *optional => value.as_ref().clone(),
            other => other,
        };
        let Some(first) = elements.first().map(type_of) else {
            return;
        };
        let others: Vec<(Id, Type)> = elements
            .iter()
            .skip(1)
            .map(|e| (e.0.id, type_of(e)))
            .filter(|(_, ty)| !equivalent(&first, ty))
            .collect();
        for (id, ty) in others.iter().take(if first_only { 1 } else { usize::MAX }) {
            self.report(*id, format!("expected type '{first}' but found '{ty}'"));
        }
    }

    fn call(&mut self, expr: &Expr, function: &str, target: Option<&Expr>, args: &[Expr]) {
        let literal = |arg: &Expr| match &arg.kind {
            Kind::Literal(literal) => Some(literal.clone()),
            _ => None,
        };
        match (function, args.first()) {
            ("duration" | "timestamp", Some(arg)) => {
                let wrong = match literal(arg) {
                    Some(Literal::String(text)) => convert(function, Value::shared(text)),
                    Some(Literal::Int(number)) if function == "timestamp" => {
                        convert(function, Value::Int(number))
                    }
                    Some(_) => true,
                    None => false,
                };
                if wrong {
                    self.report(arg.id, format!("invalid {function} argument"));
                }
            }
            ("matches", Some(arg)) => {
                if let Some(Literal::String(pattern)) = literal(arg)
                    && kfast_core::regexp::compile(&pattern).is_err()
                {
                    self.report(arg.id, "invalid matches argument");
                }
            }
            ("format", Some(arg)) => {
                if let (Some(Kind::Literal(Literal::String(text))), Kind::List(items)) =
                    (target.map(|t| &t.kind), &arg.kind)
                {
                    let types: Vec<Type> = items.iter().map(|item| self.ty(&item.value)).collect();
                    if let Err((at, message)) = format::check(text, &types) {
                        let id = at
                            .and_then(|at| items.get(at))
                            .map_or(expr.id, |item| item.value.id);
                        self.report(id, message);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Whether a conversion goes wrong.
fn convert(function: &str, value: Value<'_>) -> bool {
    named(function).is_some_and(|f| (f.call)(&mut [value]).is_err())
}

/// Equal but for type variables.
fn equivalent(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (Type::List(a), Type::List(b)) | (Type::Optional(a), Type::Optional(b)) => equivalent(a, b),
        (Type::Map(a), Type::Map(b)) => equivalent(&a.0, &b.0) && equivalent(&a.1, &b.1),
        (Type::Type(_), Type::Type(_)) => true,
        (a, b) => a == b,
    }
}
