//! The path of a rule's `fieldPath`: properties and keys of maps, `.spec['a.b'].c`.

use super::props::Props;
use crate::value::Value;

/// The path as messages spell it, if it leads somewhere in the schema.
#[must_use]
pub fn read(text: &str, schema: &Value<'_>) -> Option<String> {
    let mut schema = Props::of(schema);
    let mut rest = text;
    let mut path = String::new();
    while !rest.is_empty() {
        let (name, tail) = match rest.as_bytes()[0] {
            b'.' => {
                let tail = &rest[1..];
                let end = tail.find(['.', '[', ']']).unwrap_or(tail.len());
                (tail[..end].to_owned(), &tail[end..])
            }
            b'[' => {
                let tail = rest[1..].strip_prefix('\'')?;
                let end = quoted(tail)?;
                (unescaped(&tail[..end]), tail[end + 1..].strip_prefix(']')?)
            }
            _ => return None,
        };
        if name.is_empty() {
            return None;
        }
        if schema.named("properties").is_empty() {
            schema = schema.additional()??;
            path.push_str(&format!("[{name}]"));
        } else {
            schema = schema.property(&name)?;
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&name);
        }
        rest = tail;
    }
    Some(path)
}

/// Where the quotation ends.
fn quoted(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    (0..bytes.len()).find(|i| bytes[*i] == b'\'' && (*i == 0 || bytes[i - 1] != b'\\'))
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                Some('t') => out.push('\t'),
                Some('a') => out.push('\x07'),
                Some('b') => out.push('\x08'),
                Some('f') => out.push('\x0c'),
                Some('v') => out.push('\x0b'),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn paths_lead_into_the_schema() {
        let text = r#"{"properties":{"a":{"additionalProperties":{"properties":{"b.c":{"type":"string"}}}}}}"#;
        let schema = crate::free_json(text).unwrap();
        for (path, read_as) in [
            (".a", Some("a")),
            (".a.k", Some("a[k]")),
            (".a['k'].b", None),
            (".a['k']['b.c']", Some("a[k].b.c")),
            ("a", None),
            (".b", None),
            (".a[0]", None),
            (".a.", None),
        ] {
            assert_eq!(read(path, &schema).as_deref(), read_as, "{path}");
        }
    }
}
