//! The rules of a definition: whether they compile, and what they may cost.

use super::declare::{LARGEST, Seen, declare};
use super::rules::{Compiled, compile};
use kfast_schema::SchemaSet;
use kfast_schema::field::{Errors, Path};
use kfast_schema::structural::{JsonType, Rule, Schema};
use kfast_schema::validate::Violation;

/// What one rule may cost, by its estimate.
const RULE_LIMIT: u64 = 10_000_000;
/// What all rules of a definition may cost.
const TOTAL_LIMIT: u64 = 100_000_000;
/// How many of the most expensive rules are named.
const NAMED: usize = 4;

/// What is wrong with the rules of a structure's schema, which is in order otherwise. `path` is where it stands.
#[must_use]
pub fn check(set: &SchemaSet, path: &str) -> Vec<Violation> {
    let mut errors = Errors::new(set);
    let schema = set.structure().map(|s| &s.schema).filter(|s| s.ruled);
    let Some((schema, seen)) = schema.and_then(|s| Some((s, declare(s, true)?))) else {
        return Vec::new();
    };
    let mut walk = Walk {
        total: 0,
        expensive: Vec::new(),
    };
    let at = Path::Field(&Path::Root, path);
    walk.schema(schema, Some(&seen), &at, Some(1), None, &mut errors);
    if walk.total > TOTAL_LIMIT {
        for (place, _) in &walk.expensive {
            let detail = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema";
            errors.forbidden(&Path::Field(&Path::Root, place), detail);
        }
        let what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
        errors.forbidden(&at, &exceeded(what, walk.total, TOTAL_LIMIT));
    }
    errors.found()
}

struct Walk {
    total: u64,
    /// The most expensive rules, the worst first.
    expensive: Vec<(String, u64)>,
}

impl Walk {
    /// `times`: how often its values may be there, if that is limited; `loose`: what keeps old values from being found.
    fn schema(
        &mut self,
        schema: &Schema,
        seen: Option<&Seen>,
        path: &Path<'_>,
        times: Option<u64>,
        loose: Option<&str>,
        errors: &mut Errors<'_>,
    ) {
        if !schema.ruled {
            return;
        }
        let checks = schema.checks.as_deref();
        let limit = |limit: Option<i64>| limit.map(|l| u64::try_from(l).unwrap_or(0));
        let factor = match schema.ty {
            Some(JsonType::Object) if schema.additional.is_some() => {
                limit(checks.and_then(|c| c.max_properties))
            }
            Some(JsonType::Array) => limit(checks.and_then(|c| c.max_items)),
            _ => Some(1),
        };
        let below = times.zip(factor).map(|(a, b)| a.saturating_mul(b));
        let mut visit = |this: &mut Self, of: &Schema, at: &Path<'_>, loose: Option<&str>| {
            let seen = declare(of, of.embedded);
            this.schema(of, seen.as_ref(), at, below, loose, errors);
        };
        if let Some(of) = schema.others() {
            visit(self, of, &path.named("additionalProperties"), loose);
        }
        let properties = path.named("properties");
        for property in &schema.properties {
            visit(
                self,
                &property.schema,
                &properties.key(&property.name),
                loose,
            );
        }
        if let Some(items) = &schema.items {
            let own = path.to_string();
            let map = schema.list == kfast_schema::model::ListType::Map;
            let loose = loose.or((!map).then_some(own.as_str()));
            visit(self, items, &path.named("items"), loose);
        }
        let Some(seen) = seen else { return };
        let place = path.named("x-kubernetes-validations");
        for (i, rule) in compile(schema, &seen.declared).iter().enumerate() {
            self.rule(rule, seen, &place.item(i), times, loose, errors);
        }
    }

    fn rule(
        &mut self,
        compiled: &Compiled,
        seen: &Seen,
        path: &Path<'_>,
        times: Option<u64>,
        loose: Option<&str>,
        errors: &mut Errors<'_>,
    ) {
        let rule = &compiled.rule;
        let place = path.named("rule");
        let longest = |path: &[&str]| seen.declared.longest(path.get(1..).unwrap_or(&[]));
        match &compiled.program {
            Some(Ok(program)) => {
                let times = times.unwrap_or(LARGEST / (seen.least + 1));
                let cost = program.estimate(&longest).max.saturating_mul(times);
                self.cost("estimated rule cost", &place, cost, errors);
            }
            Some(Err(why)) => errors.add(refused(&place, rule, why)),
            None => {}
        }
        let place_of_message = path.named("messageExpression");
        match &compiled.message {
            Some(Ok(program)) => {
                let cost = program.estimate(&longest).max;
                self.cost(
                    "estimated messageExpression cost",
                    &place_of_message,
                    cost,
                    errors,
                );
            }
            Some(Err(why)) => errors.add(refused(&place_of_message, rule, why)),
            None => {}
        }
        if let (true, Some(loose)) = (compiled.uses_old, loose) {
            let detail = format!(
                "oldSelf cannot be used on the uncorrelatable portion of the schema within {loose}"
            );
            errors.invalid(&place, &*rule.rule, &detail);
        } else if let (false, Some(stated)) = (compiled.uses_old, rule.optional_old_self) {
            let detail = "may not be set if oldSelf is not used in rule";
            errors.invalid(&path.named("optionalOldSelf"), &stated, detail);
        }
    }

    fn cost(&mut self, what: &str, place: &Path<'_>, cost: u64, errors: &mut Errors<'_>) {
        if cost > RULE_LIMIT {
            errors.forbidden(place, &exceeded(what, cost, RULE_LIMIT));
        }
        self.total = self.total.saturating_add(cost);
        if cost >= TOTAL_LIMIT / 100 {
            self.expensive.push((place.to_string(), cost));
            self.expensive
                .sort_by_key(|(_, cost)| std::cmp::Reverse(*cost));
            self.expensive.truncate(NAMED);
        }
    }
}

#[allow(clippy::cast_precision_loss)] // a factor to be read
fn exceeded(what: &str, cost: u64, limit: u64) -> String {
    let factor = cost as f64 / limit as f64;
    let factor = if factor > 100.0 {
        "more than 100x".to_owned()
    } else if factor < 1.5 {
        format!("{factor:.6}x")
    } else {
        format!("{factor:.1}x")
    };
    format!(
        "{what} exceeds budget by factor of {factor} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)"
    )
}

/// A rule that does not compile, shown as upstream's internal version has it.
fn refused(place: &Path<'_>, rule: &Rule, why: &str) -> Violation {
    // As Go's JSON writes texts.
    let text = |t: &str| {
        let quoted = kfast_core::quote_json(t);
        quoted
            .replace('<', "\\u003c")
            .replace('>', "\\u003e")
            .replace('&', "\\u0026")
    };
    let reason = rule.reason.as_deref().map_or("null".into(), text);
    let optional = rule
        .optional_old_self
        .map_or("null".into(), |o| o.to_string());
    Violation {
        path: place.to_string(),
        reason: "FieldValueInvalid",
        message: format!(
            "Invalid value: {{\"Rule\":{},\"Message\":{},\"MessageExpression\":{},\"Reason\":{reason},\"FieldPath\":{},\"OptionalOldSelf\":{optional}}}: {why}",
            text(&rule.rule),
            text(&rule.message),
            text(&rule.message_expression),
            text(&rule.field_path),
        ),
    }
}
