//! Reading a patch and noting keys that occur twice; the last one counts.

use crate::json::{Reader, SyntaxError, text};
use crate::value::Value as Scalar;
use serde_json::{Map, Number, Value};

/// The document and a warning per repeated key.
pub(super) fn read(bytes: &[u8]) -> Result<(Value, Vec<String>), SyntaxError> {
    let text = text(bytes);
    let mut document = Document {
        reader: Reader::new(&text),
        warnings: Vec::new(),
    };
    let value = document.value("")?;
    document.reader.finish()?;
    Ok((value, document.warnings))
}

struct Document<'a> {
    reader: Reader<'a>,
    warnings: Vec<String>,
}

impl Document<'_> {
    fn value(&mut self, path: &str) -> Result<Value, SyntaxError> {
        match self.reader.peek()? {
            b'{' => self.object(path),
            b'[' => {
                self.reader.open()?;
                let mut items = Vec::new();
                while self.reader.item(items.is_empty())? {
                    let item = self.value(&format!("{path}[{}]", items.len()))?;
                    items.push(item);
                }
                Ok(Value::Array(items))
            }
            _ => Ok(match self.reader.value()? {
                Scalar::Bool(flag) => Value::Bool(flag),
                Scalar::Int(number) => number.into(),
                Scalar::Double(number) => Number::from_f64(number).into(),
                Scalar::Text(text) => text.into_owned().into(),
                Scalar::Null | Scalar::List(_) | Scalar::Object(_) => Value::Null,
            }),
        }
    }

    fn object(&mut self, path: &str) -> Result<Value, SyntaxError> {
        self.reader.open()?;
        let (mut object, mut first) = (Map::new(), true);
        while let Some(key) = self.reader.key(first)? {
            first = false;
            let dot = if path.is_empty() { "" } else { "." };
            let place = format!("{path}{dot}{key}");
            if object.contains_key(key.as_ref()) {
                self.warnings.push(format!("duplicate field \"{place}\""));
            }
            let value = self.value(&place)?;
            object.insert(key.into_owned(), value);
        }
        Ok(Value::Object(object))
    }
}
