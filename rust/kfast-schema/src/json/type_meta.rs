//! Kind and version of a document.

use super::{Reader, Result, SyntaxError};
use crate::value::Value;

/// `apiVersion` and `kind` of a document, empty if absent; the whole document is checked.
///
/// # Errors
/// Malformed text, or values that are no strings.
pub fn type_meta(text: &str) -> Result<(String, String)> {
    let mut reader = Reader::new(text);
    let (mut api_version, mut kind) = (String::new(), String::new());
    if reader.peek()? != b'{' {
        let found = match reader.value()? {
            Value::List(_) => "array",
            Value::Text(_) => "string",
            Value::Bool(_) => "bool",
            Value::Null => return Ok((api_version, kind)),
            _ => "number",
        };
        reader.finish()?;
        return Err(SyntaxError(format!(
            "json: cannot unmarshal {found} into Go value of type struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}"
        )));
    }
    reader.open()?;
    let mut first = true;
    while let Some(key) = reader.key(first)? {
        first = false;
        let (slot, name) = match key.as_ref() {
            "apiVersion" => (&mut api_version, "apiVersion"),
            "kind" => (&mut kind, "kind"),
            _ => {
                reader.skip()?;
                continue;
            }
        };
        let found = match reader.value()? {
            Value::Text(text) => {
                *slot = text.into_owned();
                continue;
            }
            Value::Null => continue,
            Value::Bool(_) => "bool",
            Value::List(_) => "array",
            Value::Object(_) => "object",
            _ => "number",
        };
        return Err(SyntaxError(format!(
            "json: cannot unmarshal {found} into Go struct field .{name} of type string"
        )));
    }
    reader.finish()?;
    Ok((api_version, kind))
}
