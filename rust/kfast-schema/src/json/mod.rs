//! A JSON reader over bytes with the error texts of Go's `encoding/json`.

mod lexer;
mod type_meta;

pub use type_meta::type_meta;

use crate::value::{MAX_DEPTH, Name, Value};
use std::borrow::Cow;

/// What is wrong with the text, in Go's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SyntaxError(pub String);

type Result<T> = std::result::Result<T, SyntaxError>;

/// Reads one document front to back.
#[derive(Clone)]
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

fn end() -> SyntaxError {
    SyntaxError("unexpected end of JSON input".into())
}

impl<'a> Reader<'a> {
    /// Starts at the beginning of `text`.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            depth: 0,
        }
    }

    fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    /// The next byte that is no white space, not consumed.
    ///
    /// # Errors
    /// At the end of the text.
    pub fn peek(&mut self) -> Result<u8> {
        while let Some(byte) = self.bytes().get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Ok(*byte);
            }
            self.at += 1;
        }
        Err(end())
    }

    /// The error for the character at the current place.
    fn invalid<T>(&self, place: &str) -> Result<T> {
        let Some(ch) = self.text.get(self.at..).and_then(|t| t.chars().next()) else {
            return Err(end());
        };
        let shown = match ch {
            '\'' => "'\\''".to_owned(),
            '"' => "'\"'".to_owned(),
            '\n' => "'\\n'".to_owned(),
            '\r' => "'\\r'".to_owned(),
            '\t' => "'\\t'".to_owned(),
            _ if (ch as u32) < 0x20 || ch as u32 == 0x7f => format!("'\\x{:02x}'", ch as u32),
            // Go looks at bytes.
            _ => format!("'{}'", self.bytes()[self.at] as char),
        };
        Err(SyntaxError(format!("invalid character {shown} {place}")))
    }

    /// Enters an object or array.
    ///
    /// # Errors
    /// If it is nested too deep.
    pub fn open(&mut self) -> Result<()> {
        self.at += 1;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(SyntaxError("exceeded max depth".into()));
        }
        Ok(())
    }

    fn close(&mut self) {
        self.at += 1;
        self.depth -= 1;
    }

    /// The next key of the object just entered; `None` (and out of it) at its end.
    ///
    /// # Errors
    /// Malformed text.
    pub fn key(&mut self, first: bool) -> Result<Option<Cow<'a, str>>> {
        match self.peek()? {
            b'}' => {
                self.close();
                return Ok(None);
            }
            b',' if !first => {
                self.at += 1;
                if self.peek()? != b'"' {
                    return self.invalid("looking for beginning of object key string");
                }
            }
            b'"' if first => {}
            _ if first => return self.invalid("looking for beginning of object key string"),
            _ => return self.invalid("after object key:value pair"),
        }
        let key = self.string()?;
        if self.peek()? != b':' {
            return self.invalid("after object key");
        }
        self.at += 1;
        Ok(Some(key))
    }

    /// Whether another item of the array just entered follows; out of it if not.
    ///
    /// # Errors
    /// Malformed text.
    pub fn item(&mut self, first: bool) -> Result<bool> {
        match self.peek()? {
            b']' => {
                self.close();
                Ok(false)
            }
            _ if first => Ok(true),
            b',' => {
                self.at += 1;
                Ok(true)
            }
            _ => self.invalid("after array element"),
        }
    }

    /// Any value.
    ///
    /// # Errors
    /// Malformed text.
    pub fn value(&mut self) -> Result<Value<'a>> {
        Ok(match self.peek()? {
            b'{' => {
                self.open()?;
                let mut entries: Vec<(Name<'a>, Value<'a>)> = Vec::new();
                while let Some(key) = self.key(entries.is_empty())? {
                    entries.push((Name::Free(key), self.value()?));
                }
                Value::Object(unique(entries))
            }
            b'[' => {
                self.open()?;
                let mut items = Vec::new();
                while self.item(items.is_empty())? {
                    items.push(self.value()?);
                }
                Value::List(items)
            }
            b'"' => Value::Text(self.string()?),
            b't' => self.literal("true").map(|()| Value::Bool(true))?,
            b'f' => self.literal("false").map(|()| Value::Bool(false))?,
            b'n' => self.literal("null").map(|()| Value::Null)?,
            b'-' | b'0'..=b'9' => number_value(self.number()?),
            _ => return self.invalid("looking for beginning of value"),
        })
    }

    /// Passes over any value.
    ///
    /// # Errors
    /// Malformed text.
    pub fn skip(&mut self) -> Result<()> {
        match self.peek()? {
            b'{' => {
                self.open()?;
                let mut first = true;
                while self.key(first)?.is_some() {
                    self.skip()?;
                    first = false;
                }
            }
            b'[' => {
                self.open()?;
                let mut first = true;
                while self.item(first)? {
                    self.skip()?;
                    first = false;
                }
            }
            b'"' => drop(self.string()?),
            _ => drop(self.value()?),
        }
        Ok(())
    }

    /// Checks that nothing follows.
    ///
    /// # Errors
    /// If something does.
    pub fn finish(&mut self) -> Result<()> {
        match self.peek() {
            Err(_) => Ok(()),
            Ok(_) => self.invalid("after top-level value"),
        }
    }
}

/// A number of free-form JSON: an integer if it is one.
fn number_value(text: &str) -> Value<'static> {
    text.parse()
        .map_or_else(|_| Value::Double(finite(text)), Value::Int)
}

/// The nearest finite number.
pub(crate) fn finite(text: &str) -> f64 {
    text.parse::<f64>()
        .map_or(0.0, |d| d.clamp(f64::MIN, f64::MAX))
}

/// Keeps the last of entries of the same name, in the place of the first.
fn unique<'a>(entries: Vec<(Name<'a>, Value<'a>)>) -> Vec<(Name<'a>, Value<'a>)> {
    let mut places = std::collections::HashMap::with_capacity(entries.len());
    let mut out: Vec<(Name<'a>, Value<'a>)> = Vec::with_capacity(entries.len());
    for (name, value) in entries {
        if let Name::Free(text) = &name {
            if let Some(at) = places.get(text) {
                let entry: &mut (Name<'a>, Value<'a>) = &mut out[*at];
                entry.1 = value;
                continue;
            }
            places.insert(text.clone(), out.len());
        }
        out.push((name, value));
    }
    out
}

/// The body as text: bytes that are no UTF-8 become U+FFFD, as in Go.
#[must_use]
pub fn text(body: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_speak_go() {
        for (text, message) in [
            ("", "unexpected end of JSON input"),
            ("{", "unexpected end of JSON input"),
            (
                "{a",
                "invalid character 'a' looking for beginning of object key string",
            ),
            (r#"{"a" 1}"#, "invalid character '1' after object key"),
            (
                r#"{"a":1 "b"}"#,
                "invalid character '\"' after object key:value pair",
            ),
            ("[1 2]", "invalid character '2' after array element"),
            (
                "[1,]",
                "invalid character ']' looking for beginning of value",
            ),
            (
                "nul1",
                "invalid character '1' in literal null (expecting 'l')",
            ),
            ("-x", "invalid character 'x' in numeric literal"),
            (
                "1.x",
                "invalid character 'x' after decimal point in numeric literal",
            ),
            ("{} {}", "invalid character '{' after top-level value"),
            ("\"\u{1}\"", "invalid character '\\x01' in string literal"),
            (r#""\x""#, "invalid character 'x' in string escape code"),
        ] {
            let mut reader = Reader::new(text);
            let error = reader.value().and_then(|_| reader.finish()).unwrap_err();
            assert_eq!(error.0, message, "{text}");
        }
    }

    #[test]
    fn escapes_are_undone() {
        let mut reader = Reader::new(r#""a\n\u00e9\ud83d\ude00\ud800x""#);
        assert_eq!(reader.string().unwrap(), "a\né😀\u{fffd}x");
    }

    #[test]
    fn depth_is_limited() {
        let deep = "[".repeat(100_000);
        assert_eq!(
            Reader::new(&deep).value().unwrap_err().0,
            "exceeded max depth"
        );
        assert_eq!(
            Reader::new(&deep).skip().unwrap_err().0,
            "exceeded max depth"
        );
    }
}
