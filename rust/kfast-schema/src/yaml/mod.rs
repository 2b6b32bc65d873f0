//! YAML to JSON text, with the scalars of YAML 1.1 as upstream's reader resolves them.

mod scalar;

use crate::value::MAX_DEPTH;
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput};
use scalar::scalar;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// Values an alias may repeat in one document, before it counts as an attack.
const MAX_ALIASED: usize = 100_000;

type Result<T> = std::result::Result<T, String>;

/// The first document as JSON, and the duplicate keys as the strict reader reports them (all in one text).
pub(crate) fn to_json(text: &str) -> Result<(Value, Option<String>)> {
    let mut reader = YamlReader {
        parser: Parser::new_from_str(text),
        anchors: HashMap::new(),
        aliased: 0,
        duplicates: Vec::new(),
    };
    let value = reader.document()?;
    let duplicates = (!reader.duplicates.is_empty()).then(|| {
        format!(
            "yaml: unmarshal errors:\n  {}",
            reader.duplicates.join("\n  ")
        )
    });
    Ok((value, duplicates))
}

struct YamlReader<'t> {
    parser: Parser<'t, StrInput<'t>>,
    anchors: HashMap<usize, Value>,
    aliased: usize,
    duplicates: Vec<String>,
}

fn scan_error(error: &ScanError) -> String {
    // Upstream's reader names no line for the first one.
    match error.marker().line() {
        0 | 1 => format!("yaml: {}", error.info()),
        line => format!("yaml: line {line}: {}", error.info()),
    }
}

impl<'t> YamlReader<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Span)> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(scan_error(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn document(&mut self) -> Result<Value> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(Value::Null),
                (Event::StreamStart | Event::DocumentStart(_) | Event::Nothing, _) => {}
                (event, _) => return self.value(event, 0),
            }
        }
    }

    fn value(&mut self, event: Event<'t>, depth: usize) -> Result<Value> {
        if depth > MAX_DEPTH {
            return Err("yaml: exceeded max depth".into());
        }
        let (anchor, value) = match event {
            Event::Alias(anchor) => return self.alias(anchor),
            Event::Scalar(text, style, anchor, tag) => {
                (anchor, scalar(&text, style, tag.as_deref())?)
            }
            Event::SequenceStart(anchor, _) => (anchor, self.sequence(depth)?),
            Event::MappingStart(anchor, _) => (anchor, self.mapping(depth)?),
            _ => return Err("yaml: did not find expected node content".into()),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
        Ok(value)
    }

    fn alias(&mut self, anchor: usize) -> Result<Value> {
        let value = self
            .anchors
            .get(&anchor)
            .ok_or("yaml: unknown anchor referenced")?;
        self.aliased += size(value);
        if self.aliased > MAX_ALIASED {
            return Err("yaml: document contains excessive aliasing".into());
        }
        Ok(value.clone())
    }

    fn sequence(&mut self, depth: usize) -> Result<Value> {
        let mut items = Vec::new();
        loop {
            match self.next()?.0 {
                Event::SequenceEnd => return Ok(Value::Array(items)),
                event => items.push(self.value(event, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Value> {
        let mut map = Map::new();
        let mut merged = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let merge =
                matches!(&event, Event::Scalar(text, ScalarStyle::Plain, ..) if text == "<<");
            let key = self.value(event, depth + 1)?;
            let following = self.next()?.0;
            let value = self.value(following, depth + 1)?;
            if merge {
                merged.push(value);
                continue;
            }
            let shown = shown(&key);
            if map.insert(key_text(key)?, value).is_some() {
                self.duplicates.push(format!(
                    "line {}: key {shown} already set in map",
                    span.start.line()
                ));
            }
        }
        for value in merged {
            merge(&mut map, value)?;
        }
        Ok(Value::Object(map))
    }
}

/// Adds what a merge key (`<<`) refers to; the mapping's own keys win.
fn merge(map: &mut Map<String, Value>, value: Value) -> Result<()> {
    match value {
        Value::Object(other) => {
            for (key, value) in other {
                map.entry(key).or_insert(value);
            }
        }
        Value::Array(items) if items.iter().all(Value::is_object) => {
            for item in items {
                merge(map, item)?;
            }
        }
        _ => return Err("yaml: map merge requires map or sequence of maps as the value".into()),
    }
    Ok(())
}

fn size(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(map) => map.values().map(size).sum(),
        _ => 0,
    }
}

fn key_text(key: Value) -> Result<String> {
    match key {
        Value::String(text) => Ok(text),
        Value::Bool(_) | Value::Number(_) => Ok(key.to_string()),
        Value::Null => Err("unsupported map key of type: %!s(<nil>)".into()),
        Value::Array(_) | Value::Object(_) => Err("yaml: invalid map key".into()),
    }
}

/// A key as Go's `%#v` prints it.
fn shown(key: &Value) -> String {
    match key {
        Value::String(text) => kfast_core::quote(text),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(text: &str) -> Value {
        to_json(text).unwrap().0
    }

    #[test]
    fn scalars_are_those_of_yaml_1_1() {
        assert_eq!(
            read(
                "a: yes\nb: 'yes'\nc: 010\nd: 0x1f\ne: 1_000\nf: 1.5\ng: ~\nh: 2001-01-01\ni: 1e3\nj: !!str 1\nk: .5\n1: x\ntrue: y\n"
            ),
            json!({"a": true, "b": "yes", "c": 8, "d": 31, "e": 1000, "f": 1.5, "g": null,
                "h": "2001-01-01", "i": 1000, "j": "1", "k": 0.5, "1": "x", "true": true})
        );
    }

    #[test]
    fn anchors_and_merges_are_resolved() {
        assert_eq!(
            read("base: &b {x: 1, z: 2}\nd:\n  <<: *b\n  x: 3\n"),
            json!({"base": {"x": 1, "z": 2}, "d": {"x": 3, "z": 2}})
        );
    }

    #[test]
    fn duplicates_are_named_with_their_lines() {
        let (value, duplicates) = to_json("a: 1\nb: 2\na: 3\n").unwrap();
        assert_eq!(value, json!({"a": 3, "b": 2}));
        assert_eq!(
            duplicates.unwrap(),
            "yaml: unmarshal errors:\n  line 3: key \"a\" already set in map"
        );
    }

    #[test]
    fn bombs_and_deep_nesting_are_refused() {
        let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for i in 1..9 {
            let refs = vec![format!("*a{}", i - 1); 10].join(",");
            bomb.push_str(&format!("a{i}: &a{i} [{refs}]\n"));
        }
        assert!(to_json(&bomb).unwrap_err().contains("excessive aliasing"));
        assert!(to_json(&"[".repeat(10_000)).is_err());
        assert!(to_json(&"- ".repeat(10_000)).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "[\\PC\n ]{0,200}") {
            let _ = to_json(&text);
        }

        #[test]
        fn yaml_like_text_is_answered(text in "[-a:\\[\\]{}&*!|>'\"%@#,? \n\t0]{0,60}") {
            let _ = to_json(&text);
        }
    }
}
