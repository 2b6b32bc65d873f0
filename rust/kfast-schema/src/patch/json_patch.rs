//! JSON patch, RFC 6902, with the leniencies of upstream's library: negative indices count from the end, `replace`
//! of an absent key adds it, `test` of an absent key for null passes.

use super::{PatchError, Result, mismatch};
use serde_json::Value;

const MAX_OPERATIONS: usize = 10_000;
/// How much `copy` operations may add, in bytes of JSON: the largest request body.
const MAX_COPIED: usize = 3 << 20;
/// Depth beyond which nothing is put.
const MAX_DEPTH: usize = 256;

/// What an operation can fail with. Upstream's answer tells none of the details.
struct DoesNotApply;

type Applied<T> = std::result::Result<T, DoesNotApply>;

/// Applies all operations, or none.
pub(super) fn apply(target: &mut Value, operations: Vec<Value>) -> Result<()> {
    if operations.len() > MAX_OPERATIONS {
        return Err(PatchError::TooLarge(format!(
            "The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {}",
            operations.len()
        )));
    }
    let mut document = Document {
        root: target,
        copied: 0,
    };
    let operations = operations.into_iter().map(Operation::read);
    for operation in operations.collect::<Result<Vec<_>>>()? {
        document.apply(operation).map_err(|DoesNotApply| {
            let message = "the server rejected our request due to an error in our request";
            PatchError::Invalid(message.into())
        })?;
    }
    Ok(())
}

struct Operation {
    op: String,
    path: Option<String>,
    from: Option<String>,
    value: Option<Value>,
}

impl Operation {
    fn read(item: Value) -> Result<Self> {
        const KIND: &str = "handlers.jsonPatchOp";
        let bad =
            |reason: String| PatchError::BadRequest(format!("error decoding patch: {reason}"));
        let Value::Object(mut item) = item else {
            return Err(bad(mismatch(&item, KIND)));
        };
        let mut text = |name: &str| match item.get_mut(name).map(Value::take) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => {
                let reason = mismatch(&other, "string");
                let field = format!("Go struct field jsonPatchOp.{name}");
                Err(bad(reason.replacen("Go value", &field, 1)))
            }
        };
        Ok(Self {
            op: text("op")?.unwrap_or_default(),
            path: text("path")?,
            from: text("from")?,
            value: item.get_mut("value").map(Value::take),
        })
    }
}

struct Document<'a> {
    root: &'a mut Value,
    copied: usize,
}

impl Document<'_> {
    fn apply(&mut self, operation: Operation) -> Applied<()> {
        let path = operation.path.as_deref().ok_or(DoesNotApply)?;
        let value = operation.value;
        match operation.op.as_str() {
            "add" => self.add(path, value.unwrap_or(Value::Null)),
            "remove" => self.remove(path).map(drop),
            "replace" if path.is_empty() => {
                let value = value.filter(|v| v.is_object() || v.is_array());
                *self.root = value.ok_or(DoesNotApply)?;
                Ok(())
            }
            "replace" => {
                let value = value.unwrap_or(Value::Null);
                *self.slot(path)? = value;
                Ok(())
            }
            "test" => self.test(path, value.as_ref()),
            "move" => {
                let moved = self.remove(operation.from.as_deref().ok_or(DoesNotApply)?)?;
                self.add(path, moved)
            }
            "copy" => {
                let from = operation.from.ok_or(DoesNotApply)?;
                let copy = self.get(&from)?.cloned().unwrap_or(Value::Null);
                self.copied += copy.to_string().len();
                if self.copied > MAX_COPIED {
                    return Err(DoesNotApply);
                }
                self.add(path, copy)
            }
            _ => Err(DoesNotApply),
        }
    }

    /// The container a path ends in, and its last token.
    fn container(&mut self, path: &str) -> Applied<(&mut Value, String)> {
        let mut tokens: Vec<String> = path.split('/').map(unescape).collect();
        if tokens.len() < 2 || tokens.len() > MAX_DEPTH {
            return Err(DoesNotApply);
        }
        let last = tokens.pop().ok_or(DoesNotApply)?;
        let mut at = &mut *self.root;
        for token in &tokens[1..] {
            at = match at {
                Value::Object(object) => object.get_mut(token).ok_or(DoesNotApply)?,
                Value::Array(items) => {
                    let i = index(token, items.len(), false)?;
                    &mut items[i]
                }
                _ => return Err(DoesNotApply),
            };
        }
        Ok((at, last))
    }

    /// The value at a path; `None` for an absent key.
    fn get(&mut self, path: &str) -> Applied<Option<&Value>> {
        let (container, key) = self.container(path)?;
        match container {
            Value::Object(object) => Ok(object.get(&key)),
            Value::Array(items) => Ok(Some(&items[index(&key, items.len(), false)?])),
            _ => Err(DoesNotApply),
        }
    }

    /// The place to replace.
    fn slot(&mut self, path: &str) -> Applied<&mut Value> {
        let (container, key) = self.container(path)?;
        match container {
            Value::Object(object) => Ok(object.entry(key).or_insert(Value::Null)),
            Value::Array(items) => {
                let i = index(&key, items.len(), false)?;
                Ok(&mut items[i])
            }
            _ => Err(DoesNotApply),
        }
    }

    fn add(&mut self, path: &str, value: Value) -> Applied<()> {
        if path.matches('/').count() + depth(&value) > MAX_DEPTH {
            return Err(DoesNotApply);
        }
        let (container, key) = self.container(path)?;
        match container {
            Value::Object(object) => {
                object.insert(key, value);
            }
            Value::Array(items) if key == "-" => items.push(value),
            Value::Array(items) => items.insert(index(&key, items.len(), true)?, value),
            _ => return Err(DoesNotApply),
        }
        Ok(())
    }

    fn remove(&mut self, path: &str) -> Applied<Value> {
        let (container, key) = self.container(path)?;
        match container {
            Value::Object(object) => object.shift_remove(&key).ok_or(DoesNotApply),
            Value::Array(items) => Ok(items.remove(index(&key, items.len(), false)?)),
            _ => Err(DoesNotApply),
        }
    }

    fn test(&mut self, path: &str, expected: Option<&Value>) -> Applied<()> {
        let found = if path.is_empty() {
            Some(&*self.root)
        } else {
            self.get(path)?
        };
        let same = found.unwrap_or(&Value::Null) == expected.unwrap_or(&Value::Null);
        if same { Ok(()) } else { Err(DoesNotApply) }
    }
}

fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// An array index; negative ones count from the end. When `inserting`, one past the end is allowed.
fn index(token: &str, length: usize, inserting: bool) -> Applied<usize> {
    let bound = length + usize::from(inserting);
    let number: i64 = token.parse().map_err(|_| DoesNotApply)?;
    let number = if number < 0 {
        number + i64::try_from(bound).map_err(|_| DoesNotApply)?
    } else {
        number
    };
    usize::try_from(number)
        .ok()
        .filter(|i| *i < bound)
        .ok_or(DoesNotApply)
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(object) => 1 + object.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
