//! Selectors of devices (dynamic resource allocation): what they read, and what they may cost.

use crate::declared::Object;
use crate::environment::Environment;
use crate::program::CompileError;
use crate::types::{Opaque, Type};
use std::collections::HashMap;
use std::sync::Arc;

const VARIABLE: &str = "device";
/// Attributes and capacities a device may have.
const MOST_ENTRIES: u64 = 32;
const LONGEST_DOMAIN: u64 = 63;
const LONGEST_NAME: u64 = 32;
const LONGEST_VALUE: u64 = 64;

fn environment() -> Environment {
    let by_domain = |value| Type::map(Type::String, Type::map(Type::String, value));
    let fields: [(&str, Type); 4] = [
        ("driver", Type::String),
        ("allowMultipleAllocations", Type::Bool),
        ("attributes", by_domain(Type::Dyn)),
        ("capacity", by_domain(Type::Opaque(Opaque::Quantity))),
    ];
    let fields: HashMap<Box<str>, Type> = fields.map(|(name, ty)| (name.into(), ty)).into();
    let device = Object::computed("kubernetes.DRADevice", fields);
    Environment::new()
        .bindings()
        .variable(VARIABLE, Type::Object(Arc::new(device)))
}

/// The most elements a part of a device may have.
fn longest(path: &[&str]) -> Option<u64> {
    let (&VARIABLE, path) = path.split_first()? else {
        return None;
    };
    match path {
        [] => Some(0),
        ["driver"] => Some(LONGEST_DOMAIN),
        ["allowMultipleAllocations"] => Some(1),
        ["attributes" | "capacity"] => Some(MOST_ENTRIES),
        ["attributes" | "capacity", "@keys"] => Some(LONGEST_DOMAIN),
        ["attributes" | "capacity", "@items" | "@values"] => Some(MOST_ENTRIES),
        ["attributes" | "capacity", "@items" | "@values", "@keys"] => Some(LONGEST_NAME),
        ["capacity", "@items" | "@values", "@items" | "@values"] => Some(0),
        // All attributes may be as long, whatever they are called.
        ["attributes", "@items" | "@values", _] => Some(LONGEST_VALUE),
        _ => None,
    }
}

/// Compiles a selector, for what it costs at worst.
///
/// # Errors
/// Why it does not compile, or that it is no condition, in upstream's words.
pub fn device_selector_cost(expression: &str) -> Result<u64, String> {
    let program = environment()
        .compile(expression)
        .map_err(|error| match error {
            CompileError::Issues(_) => format!("compilation failed: {error}"),
            CompileError::Instantiation(_) => format!("program instantiation failed: {error}"),
        })?;
    match program.output_type() {
        Type::Bool | Type::Dyn => Ok(program.estimate(&longest).max),
        other => Err(format!(
            "must evaluate to bool or the unknown type, not {other}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::device_selector_cost;

    #[test]
    fn conditions_on_devices() {
        for selector in [
            "true",
            r#"device.driver == "x.example.com""#,
            r#"device.attributes["x.example.com"].shiny"#,
            r#"cel.bind(dra, device.attributes["x.example.com"], dra.a && dra.b == 1)"#,
            r#"device.capacity["x.example.com"].memory.compareTo(quantity("1Gi")) >= 0"#,
        ] {
            let cost = device_selector_cost(selector);
            assert!(
                cost.clone().is_ok_and(|cost| cost < 100),
                "{selector}: {cost:?}"
            );
        }
    }

    #[test]
    fn what_is_no_condition() {
        assert_eq!(
            device_selector_cost("device.driver"),
            Err("must evaluate to bool or the unknown type, not string".to_owned())
        );
        assert!(device_selector_cost("object.spec").is_err());
    }

    #[test]
    fn costly_selectors() {
        let all = r#"device.attributes["d"]"#;
        let nested = (0..5).fold("true".to_owned(), |inner, _| {
            format!("{all}.all(k, {inner})")
        });
        assert!(device_selector_cost(&nested).is_ok_and(|cost| cost > 1_000_000));
    }
}
