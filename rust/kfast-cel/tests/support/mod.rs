//! Runs expressions that are described in JSON: `{"expr": ..., "vars": {name: type}, "data": {name: JSON}, "schema": type of
//! `self`}`, and describes what came of them.

use kfast_cel::{
    CALL_LIMIT, Declared, Environment, ListKind, Object, OpaqueValue, Shape, Type, Value,
};
use kfast_schema::{SchemaSet, free_json};
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

fn ty(text: &str) -> Type {
    let inner = |prefix: &str| text.strip_prefix(prefix).and_then(|t| t.strip_suffix(')'));
    match text {
        "int" => Type::Int,
        "string" => Type::String,
        "bool" => Type::Bool,
        "double" => Type::Double,
        "bytes" => Type::Bytes,
        _ => {
            if let Some(item) = inner("list(") {
                Type::list(ty(item))
            } else if let Some(value) = inner("map(") {
                Type::map(Type::String, ty(value))
            } else if let Some(value) = inner("optional(") {
                Type::optional(ty(value))
            } else {
                Type::Dyn
            }
        }
    }
}

const REQUEST: i64 = 3 * 1024 * 1024;

/// The declaration of a structural schema and its smallest size in JSON.
fn declared(schema: &Json, name: &str) -> (Declared, i64) {
    let bound = |key: &str| schema[key].as_i64();
    let of = |shape, max: i64, min| {
        let max_elements = u64::try_from(max).unwrap_or(0);
        (
            Declared {
                shape,
                max_elements,
            },
            min,
        )
    };
    if schema["x-kubernetes-int-or-string"] == true {
        return of(
            Shape::Dyn,
            bound("maxLength").map_or(REQUEST - 2, |m| m * 4),
            1,
        );
    }
    match schema["type"].as_str() {
        Some("array") => {
            let (items, min) = declared(&schema["items"], &format!("{name}.@idx"));
            let kind = match schema["x-kubernetes-list-type"].as_str() {
                Some("set") => ListKind::Set,
                Some("map") => ListKind::Map(
                    schema["x-kubernetes-list-map-keys"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|k| k.as_str().unwrap().into())
                        .collect(),
                ),
                _ => ListKind::Atomic,
            };
            of(
                Shape::List {
                    items: Arc::new(items),
                    kind,
                },
                bound("maxItems").unwrap_or((REQUEST - 2) / (min + 1)),
                2,
            )
        }
        Some("object") if schema["additionalProperties"].is_object() => {
            let (value, min) = declared(&schema["additionalProperties"], &format!("{name}.@elem"));
            of(
                Shape::Map(Arc::new(value)),
                bound("maxProperties").unwrap_or((REQUEST - 2) / (min + 6)),
                2,
            )
        }
        Some("object") => {
            let mut min = 2;
            let mut fields = Vec::new();
            for (key, property) in schema["properties"].as_object().unwrap_or(&Map::new()) {
                // What has no type cannot be seen.
                if property["type"].is_null() && property["x-kubernetes-int-or-string"] != true {
                    continue;
                }
                let (field, field_min) = declared(property, &format!("{name}.{key}"));
                let required = schema["required"]
                    .as_array()
                    .is_some_and(|r| r.contains(&json!(key)));
                if required && property["default"].is_null() {
                    min += i64::try_from(key.len()).unwrap() + field_min + 4;
                }
                fields.push((key.clone(), Arc::new(field)));
            }
            of(Shape::Object(Arc::new(Object::new(name, fields))), 0, min)
        }
        Some("string") => match schema["format"].as_str() {
            Some("byte") => of(Shape::Bytes, bound("maxLength").unwrap_or(REQUEST - 2), 2),
            Some("duration") => of(Shape::Duration, 32, 3),
            Some("date") => of(Shape::Date, 12, 12),
            Some("date-time") => of(Shape::DateTime, 32, 21),
            _ => of(
                Shape::String,
                bound("maxLength").map_or(REQUEST - 2, |m| m * 4),
                2,
            ),
        },
        Some("boolean") => of(Shape::Bool, 0, 4),
        Some("number") => of(Shape::Double, 0, 1),
        Some("integer") => of(Shape::Int, 0, 1),
        _ => of(Shape::Dyn, 0, 1),
    }
}

fn seconds(nanoseconds: i64) -> String {
    let (sign, size) = (
        if nanoseconds < 0 { "-" } else { "" },
        nanoseconds.unsigned_abs(),
    );
    let text = format!("{sign}{}.{:09}", size / 1_000_000_000, size % 1_000_000_000);
    format!("{}s", text.trim_end_matches('0').trim_end_matches('.'))
}

fn show(value: &Value<'_>) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Uint(number) => format!("{number}u"),
        Value::Double(number) if number.is_infinite() => {
            format!("d{}Inf", if *number < 0.0 { '-' } else { '+' })
        }
        Value::Double(number) => format!("d{number}"),
        Value::String(text) => json!(&**text).to_string(),
        Value::Bytes(bytes) => format!("b{}", json!(String::from_utf8_lossy(bytes))),
        Value::Duration(nanoseconds) => {
            format!("google.protobuf.Duration({})", seconds(*nanoseconds))
        }
        Value::Timestamp(at) => format!("google.protobuf.Timestamp({at})"),
        Value::List(list) => {
            let items: Vec<String> = list.iter().map(|item| show(&item.unwrap())).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(map) => {
            let pairs = map.pairs().unwrap();
            let mut entries: Vec<String> = pairs
                .iter()
                .map(|(k, v)| format!("{}: {}", show(k), show(v)))
                .collect();
            entries.sort();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Optional(None) => "optional.none()".to_owned(),
        Value::Optional(Some(value)) => format!("optional({})", show(value)),
        Value::Type(_) => "type".to_owned(),
        Value::Opaque(OpaqueValue::Quantity(quantity)) => {
            format!("kubernetes.Quantity({quantity})")
        }
        Value::Opaque(OpaqueValue::Ip(ip)) => format!("net.IP({ip})"),
        Value::Opaque(OpaqueValue::Cidr(cidr)) => format!("net.CIDR({cidr})"),
        other => other.type_name().into_owned(),
    }
}

/// What comes of an expression: `error`, or `type`, estimated `min` and `max`, `cost`, and `result` or `evalError`.
pub fn run(case: &Json) -> Map<String, Json> {
    let mut out = Map::new();
    out.insert("expr".to_owned(), case["expr"].clone());
    let mut environment = Environment::new();
    let root = case["schema"]
        .is_object()
        .then(|| declared(&case["schema"], "selfType").0);
    if let Some(root) = &root {
        environment = environment.variable("self", root.cel_type());
    }
    for (name, text) in case["vars"].as_object().unwrap_or(&Map::new()) {
        environment = environment.variable(name, ty(text.as_str().unwrap()));
    }
    let program = match environment.compile(case["expr"].as_str().unwrap()) {
        Ok(program) => program,
        Err(error) => {
            out.insert("error".to_owned(), error.to_string().into());
            return out;
        }
    };
    out.insert("type".to_owned(), program.output_type().to_string().into());
    let estimate = program.estimate(&|path| root.as_ref()?.longest(&path[1..]));
    out.insert("min".to_owned(), estimate.min.to_string().into());
    out.insert("max".to_owned(), estimate.max.to_string().into());
    let set = SchemaSet::default();
    let texts: Vec<(String, String)> = case["data"]
        .as_object()
        .map(|data| {
            data.iter()
                .map(|(k, v)| (k.clone(), v.to_string()))
                .collect()
        })
        .unwrap_or_default();
    let trees: Vec<_> = texts
        .iter()
        .map(|(name, text)| (name.as_str(), free_json(text).unwrap()))
        .collect();
    let mut variables = Vec::new();
    for (name, tree) in &trees {
        let declared = root.as_ref().filter(|_| *name == "self");
        match Value::read(tree, &set, declared) {
            Ok(value) => variables.push((*name, value)),
            Err(error) => {
                out.insert("evalError".to_owned(), error.into());
                return out;
            }
        }
    }
    let evaluation = program.evaluate(&variables, CALL_LIMIT);
    out.insert("cost".to_owned(), evaluation.cost.to_string().into());
    match evaluation.value {
        Ok(value) => out.insert("result".to_owned(), show(&value).into()),
        Err(error) => out.insert("evalError".to_owned(), error.to_string().into()),
    };
    out
}
