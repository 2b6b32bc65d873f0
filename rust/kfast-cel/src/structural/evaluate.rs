//! The rules of a structure on an object (upstream: `schema/cel/validation.go`).

use super::rules::{Compiled, Rules};
use crate::program::{Activation, CALL_LIMIT, EvaluationError};
use crate::value::Value;
use kfast_core::{float, quote};
use kfast_schema::field::Path;
use kfast_schema::structural::{self, JsonType, Old, Schema};
use kfast_schema::validate::Violation;
use kfast_schema::{SchemaSet, Value as Json};
use std::sync::Arc;

/// What all rules may cost on one object.
pub const BUDGET: u64 = 10_000_000;
/// The longest message, in bytes.
const LONGEST_MESSAGE: usize = 5 * 1024;

/// A new value and the old one in its place.
#[derive(Clone, Copy)]
struct Pair<'v> {
    schema: &'v Schema,
    new: &'v Json<'v>,
    old: &'v Json<'v>,
}

/// What is known of the value before: its own pair, or that of the nearest one around it.
#[derive(Clone, Copy, Default)]
struct Correlation<'v> {
    here: Option<Pair<'v>>,
    around: Option<Pair<'v>>,
}

/// The rules ran out of budget.
struct Exhausted;

impl Rules {
    /// Adds the violations of the rules on an object that takes the place of `old`.
    pub fn validate<'v>(
        &'v self,
        set: &'v SchemaSet,
        object: &'v Json<'v>,
        old: Option<&'v Json<'v>>,
        found: &mut Vec<Violation>,
    ) {
        let Some(structure) = set.structure() else {
            return;
        };
        let schema = &structure.schema;
        let mut run = Run {
            set,
            left: BUDGET,
            found,
        };
        let pair = |old| Pair {
            schema,
            new: object,
            old,
        };
        let correlation = Correlation {
            here: old.map(pair),
            around: None,
        };
        let _ = run.value(self, schema, object, old, correlation, &Path::Root, true);
    }
}

struct Run<'v, 'f> {
    set: &'v SchemaSet,
    left: u64,
    found: &'f mut Vec<Violation>,
}

struct Scope<'v> {
    this: Value<'v>,
    old: Option<Value<'v>>,
}

impl<'v> Activation<'v> for Scope<'v> {
    fn variable(&self, name: &str) -> Option<Value<'v>> {
        match name {
            "self" => Some(self.this.clone()),
            "oldSelf" => self.old.clone(),
            _ => None,
        }
    }
}

impl<'v> Run<'v, '_> {
    #[allow(clippy::too_many_arguments)] // the walk goes down two schemas and two objects at once
    fn value(
        &mut self,
        rules: &'v Rules,
        schema: &'v Schema,
        value: &'v Json<'v>,
        old: Option<&'v Json<'v>>,
        correlation: Correlation<'v>,
        path: &Path<'_>,
        root: bool,
    ) -> Result<(), Exhausted> {
        if matches!(value, Json::Null) {
            return Ok(());
        }
        let old = old.filter(|old| !matches!(old, Json::Null));
        self.expressions(rules, schema, value, old, correlation, path)?;
        match value {
            Json::List(items) => {
                let Some(of) = rules.items.as_deref() else {
                    return Ok(());
                };
                let Some(item_schema) = schema.items.as_deref() else {
                    return Ok(());
                };
                let before = old.map(|old| structural::items(self.set, schema, old));
                for (i, item) in items.iter().enumerate() {
                    let old = before.as_ref().and_then(|b| b.get(self.set, item));
                    let old = old.map(|old| old.value);
                    let below = correlation.below(item_schema, item, old);
                    self.value(of, item_schema, item, old, below, &path.item(i), false)?;
                }
            }
            Json::Object(entries) => {
                for (name, item) in entries {
                    let Some((of, item_schema, known)) = rules.member(schema, name) else {
                        continue;
                    };
                    let before = old.and_then(|old| Old::of(old).member(self.set, name));
                    let before = before.map(|old| old.value);
                    let key = name.text(self.set);
                    let below = if root && matches!(key, "apiVersion" | "kind") {
                        Correlation::default()
                    } else {
                        correlation.below(item_schema, item, before)
                    };
                    let at = if known {
                        path.named(key)
                    } else {
                        path.key(key)
                    };
                    self.value(of, item_schema, item, before, below, &at, false)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn expressions(
        &mut self,
        rules: &'v Rules,
        schema: &'v Schema,
        value: &'v Json<'v>,
        old: Option<&'v Json<'v>>,
        correlation: Correlation<'v>,
        path: &Path<'_>,
    ) -> Result<(), Exhausted> {
        if rules.rules.is_empty() {
            return Ok(());
        }
        let ty = schema.ty.map_or("", JsonType::name);
        let fault = |detail: String| violation(path, quote(ty).as_str(), &detail);
        if self.left == 0 {
            self.found.push(fault(OUT_OF_BUDGET.into()));
            return Err(Exhausted);
        }
        let read = |json| Value::read(json, self.set, Some(&*rules.declared));
        let this = match read(value) {
            Ok(this) => this,
            Err(why) => {
                self.found.push(fault(why));
                return Ok(());
            }
        };
        let before = old.and_then(|old| read(old).ok());
        let mut scope = Scope { this, old: None };
        for compiled in &rules.rules {
            let program = match &compiled.program {
                None => continue,
                Some(Err(why)) => {
                    self.found.push(fault(format!("rule compile error: {why}")));
                    continue;
                }
                Some(Ok(program)) => program,
            };
            let optional = compiled.rule.optional_old_self == Some(true);
            if compiled.uses_old && before.is_none() && !optional {
                continue;
            }
            scope.old = if optional {
                Some(Value::Optional(before.clone().map(Arc::new)))
            } else {
                before.clone()
            };
            let evaluation = program.evaluate(&scope, CALL_LIMIT);
            if evaluation.cost > self.left {
                self.found.push(fault(OUT_OF_BUDGET.into()));
                return Err(Exhausted);
            }
            self.left -= evaluation.cost;
            let shown = compiled.shown();
            match evaluation.value {
                Ok(Value::Bool(true)) => {}
                Ok(_) => self.broken(compiled, &scope, schema, value, correlation, path)?,
                Err(EvaluationError::Budget) => {
                    self.found.push(fault(format!(
                        "'{}': no further validation rules will be run due to call cost exceeds limit for rule: {shown}",
                        EvaluationError::Budget
                    )));
                    return Err(Exhausted);
                }
                Err(EvaluationError::Failed(why)) if why.starts_with("no such overload") => {
                    self.found.push(fault(format!(
                        "'{why}': call arguments did not match a supported operator, function or macro signature for rule: {shown}"
                    )));
                }
                Err(EvaluationError::Failed(why)) => {
                    self.found
                        .push(fault(format!("{why} evaluating rule: {shown}")));
                }
            }
        }
        Ok(())
    }

    /// Tells of a rule that is not met, unless nothing changed since it was not met before.
    fn broken(
        &mut self,
        compiled: &'v Compiled,
        scope: &Scope<'v>,
        schema: &Schema,
        value: &Json<'_>,
        correlation: Correlation<'v>,
        path: &Path<'_>,
    ) -> Result<(), Exhausted> {
        let rule = &compiled.rule;
        let same = !compiled.uses_old && correlation.unchanged(self.set);
        let named;
        let path = match rule.field.as_deref() {
            Some(field) => {
                named = path.named(field);
                &named
            }
            None => path,
        };
        let ty = schema.ty.map_or("", JsonType::name);
        let detail = match self.message(compiled, scope) {
            Ok(Some(message)) => message,
            Ok(None) => compiled.default_message(),
            Err(why) => {
                if !same {
                    self.found.push(violation(path, quote(ty).as_str(), &why));
                }
                return Err(Exhausted);
            }
        };
        if same {
            return Ok(());
        }
        let whole = matches!(schema.ty, Some(JsonType::Object | JsonType::Array));
        let shown = if whole {
            String::new()
        } else {
            shown(self.set, value)
        };
        self.found.push(match rule.reason.as_deref() {
            Some("FieldValueForbidden") => told(path, "FieldValueForbidden", "Forbidden", &detail),
            Some("FieldValueRequired") => {
                told(path, "FieldValueRequired", "Required value", &detail)
            }
            Some("FieldValueDuplicate") => {
                let body = if whole {
                    "Duplicate value".into()
                } else {
                    format!("Duplicate value: {shown}")
                };
                told(path, "FieldValueDuplicate", &body, "")
            }
            _ => violation(path, &shown, &detail),
        });
        Ok(())
    }

    /// The message an expression makes; `Err` if nothing more may be evaluated.
    fn message(
        &mut self,
        compiled: &'v Compiled,
        scope: &Scope<'v>,
    ) -> Result<Option<String>, String> {
        let Some(Ok(program)) = &compiled.message else {
            return Ok(None);
        };
        let evaluation = program.evaluate(scope, CALL_LIMIT);
        if evaluation.cost > self.left {
            return Err("messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run".into());
        }
        self.left -= evaluation.cost;
        match evaluation.value {
            Ok(value) => {
                let text = value.as_str().unwrap_or_default().trim();
                let sound =
                    !text.is_empty() && text.len() <= LONGEST_MESSAGE && !text.contains('\n');
                Ok(sound.then(|| text.to_owned()))
            }
            Err(EvaluationError::Budget) => Err(format!(
                "no further validation rules will be run due to call cost exceeds limit for messageExpression: {}",
                quote(&compiled.rule.message_expression)
            )),
            Err(EvaluationError::Failed(_)) => Ok(None),
        }
    }
}

const OUT_OF_BUDGET: &str =
    "validation failed due to running out of cost budget, no further validation rules will be run";

impl Rules {
    /// The rules of an entry, its schema, and whether it is a property.
    fn member<'v>(
        &'v self,
        schema: &'v Schema,
        name: &kfast_schema::Name<'_>,
    ) -> Option<(&'v Self, &'v Schema, bool)> {
        match schema.known(name) {
            Some(property) => {
                let found = self.properties.iter().find(|(at, _)| {
                    schema
                        .properties
                        .get(*at)
                        .is_some_and(|p| p.key == property.key)
                });
                found.map(|(_, rules)| (rules, &property.schema, true))
            }
            None => Some((self.additional.as_deref()?, schema.others()?, false)),
        }
    }
}

impl Compiled {
    /// The rule in messages about it.
    fn shown(&self) -> &str {
        match self.rule.message.trim() {
            "" => self.rule.rule.trim(),
            message => message,
        }
    }

    fn default_message(&self) -> String {
        if self.rule.message.is_empty() {
            format!("failed rule: {}", self.rule.rule.trim())
        } else {
            self.rule.message.trim().to_owned()
        }
    }
}

impl<'v> Correlation<'v> {
    /// What is known of a member of the value, or an item.
    fn below(self, schema: &'v Schema, new: &'v Json<'v>, old: Option<&'v Json<'v>>) -> Self {
        match self.here {
            None => self,
            Some(_) => Self {
                here: old.map(|old| Pair { schema, new, old }),
                around: self.here,
            },
        }
    }

    fn unchanged(self, set: &SchemaSet) -> bool {
        let pair = self.here.or(self.around);
        pair.is_some_and(|p| structural::same(set, p.schema, p.new, p.old))
    }
}

fn shown(set: &SchemaSet, value: &Json<'_>) -> String {
    match value {
        Json::Text(text) => quote(text),
        Json::Double(number) => float::general(*number),
        other => {
            let mut out = Vec::new();
            other.write_json(set, &mut out);
            String::from_utf8_lossy(&out).into_owned()
        }
    }
}

fn place(path: &Path<'_>) -> String {
    match path.to_string() {
        text if text.is_empty() => "<nil>".into(),
        text => text,
    }
}

fn told(path: &Path<'_>, reason: &'static str, body: &str, detail: &str) -> Violation {
    let message = if detail.is_empty() {
        body.to_owned()
    } else {
        format!("{body}: {detail}")
    };
    Violation {
        path: place(path),
        reason,
        message,
    }
}

/// An invalid value, shown unless `shown` is empty.
fn violation(path: &Path<'_>, shown: &str, detail: &str) -> Violation {
    let body = if shown.is_empty() {
        "Invalid value".to_owned()
    } else {
        format!("Invalid value: {shown}")
    };
    told(path, "FieldValueInvalid", &body, detail)
}
