//! Lists, maps and objects as they are written out.

use super::Checker;
use super::unify::most_general;
use crate::ast::{Entry, Expr, Field, Id, Item};
use crate::types::Type;

impl Checker<'_> {
    /// The common type of what came before and the next.
    fn join(&mut self, id: Id, before: Option<Type>, next: Type) -> Type {
        let Some(before) = before else {
            return next;
        };
        if self.known.assignable(&before, &next) {
            return most_general(&before, &next);
        }
        // That all elements are of one type is looked at when all else is right.
        let _ = id;
        Type::Dyn
    }

    /// The type of an element; of one that may be left out, what the optional holds.
    fn element(&mut self, expr: &mut Expr, optional: bool) -> Type {
        self.check(expr);
        let ty = self.ty(expr);
        if !optional {
            return ty;
        }
        match ty {
            Type::Optional(value) => value.as_ref().clone(),
            other => {
                if !other.is_dyn_or_error() {
                    self.mismatch(expr.id, &Type::optional(other.clone()), &other);
                }
                other
            }
        }
    }

    pub(super) fn list(&mut self, items: &mut [Item]) -> Type {
        let mut joined = None;
        for item in items {
            let ty = self.element(&mut item.value, item.optional);
            joined = Some(self.join(item.value.id, joined, ty));
        }
        Type::list(joined.unwrap_or_else(|| self.known.variable()))
    }

    pub(super) fn map(&mut self, entries: &mut [Entry]) -> Type {
        let (mut keys, mut values) = (None, None);
        for entry in entries {
            let key = self.element(&mut entry.key, false);
            keys = Some(self.join(entry.key.id, keys, key));
            let value = self.element(&mut entry.value, entry.optional);
            values = Some(self.join(entry.value.id, values, value));
        }
        let key = keys.unwrap_or_else(|| self.known.variable());
        let value = values.unwrap_or_else(|| self.known.variable());
        Type::map(key, value)
    }

    pub(super) fn construction(&mut self, id: Id, name: &str, fields: &mut [Field]) {
        let name = name.strip_prefix('.').unwrap_or(name);
        let object = match self.environment.type_named(name) {
            Some(Type::Object(object)) => Some(object),
            Some(_) => {
                self.report(id, format!("'{name}' is not a message type"));
                None
            }
            None if self.environment.variable_type(name).is_some() => {
                self.report(id, format!("'{name}' is not a type"));
                None
            }
            None => {
                self.undeclared(id, name);
                return;
            }
        };
        self.set(id, object.clone().map_or(Type::Error, Type::Object));
        for field in fields {
            let given = self.element(&mut field.value, field.optional);
            let declared = match object.as_ref().map(|o| o.field_type(&field.name)) {
                Some(Some(ty)) => ty,
                // Upstream knows a field of every name here, but only these have types.
                _ if name == "JSONPatch" => {
                    let why = format!(
                        "expected type of field '{}' is '' but provided type is '{given}'",
                        field.name
                    );
                    self.report(field.id, why);
                    Type::Error
                }
                _ => {
                    self.report(field.id, format!("undefined field '{}'", field.name));
                    Type::Error
                }
            };
            if !self.known.assignable(&declared, &given) {
                self.report(
                    field.id,
                    format!(
                        "expected type of field '{}' is '{declared}' but provided type is '{given}'",
                        field.name
                    ),
                );
            }
        }
    }
}
