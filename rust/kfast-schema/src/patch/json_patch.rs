//! JSON patch, RFC 6902, with the leniencies of upstream's library: negative indices count from the end, `replace`
//! of an absent key adds it, `test` of an absent key for null passes.

use super::{PatchError, Result, mismatch};
use serde_json::Value;

const MAX_OPERATIONS: usize = 10_000;
/// How much `copy` operations may add, in bytes of JSON: the largest request body.
const MAX_COPIED: usize = 3 << 20;
/// Depth beyond which nothing is put.
const MAX_DEPTH: usize = 256;

/// Of operations, or a reason in the words of upstream's library.
type Applied<T> = std::result::Result<T, String>;

const NO_PATH: &str = "operation missing path field: missing value";
const NO_FROM: &str = "operation, missing from field: missing value";
const TOO_DEEP: &str = "the value is nested too deeply";

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
        document.apply(operation).map_err(PatchError::Invalid)?;
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
        let value = operation.value;
        let path = operation.path.as_deref();
        let from = operation.from.as_deref();
        match operation.op.as_str() {
            op @ "add" => self.add(op, found(op, path)?, value.unwrap_or(Value::Null)),
            op @ "remove" => self.remove(found(op, path)?),
            op @ "replace" => self.replace(stated(op, "path", path, NO_PATH)?, value),
            op @ "test" => self.test(stated(op, "path", path, NO_PATH)?, value.as_ref()),
            op @ "move" => {
                let from = stated(op, "from", from, NO_FROM)?;
                let (container, key) = self.container(from).ok_or_else(|| {
                    format!("move operation does not apply: doc is missing from path: {from}: missing value")
                })?;
                let moved = take(container, &key)
                    .map_err(|why| format!("error in move for path: '{key}': {why}"))?;
                self.add(op, stated(op, "path", path, NO_PATH)?, moved)
            }
            op @ "copy" => {
                let from = stated(op, "from", from, NO_FROM)?;
                let (container, key) = self.container(from).ok_or_else(|| {
                    format!("copy operation does not apply: doc is missing from path: {from}: missing value")
                })?;
                let copy = get(container, &key)
                    .map_err(|why| format!("error in copy for from: '{from}': {why}"))?;
                let copy = copy.cloned().unwrap_or(Value::Null);
                self.copied += copy.to_string().len();
                if self.copied > MAX_COPIED {
                    return Err("the copies are too large".into());
                }
                self.add(op, found(op, path)?, copy)
            }
            other => Err(format!("Unexpected kind: {other}")),
        }
    }

    /// The container a path ends in, and its last token.
    fn container(&mut self, path: &str) -> Option<(&mut Value, String)> {
        let mut tokens: Vec<String> = path.split('/').map(unescape).collect();
        if tokens.len() < 2 || tokens.len() > MAX_DEPTH {
            return None;
        }
        let last = tokens.pop()?;
        let mut at = &mut *self.root;
        for token in &tokens[1..] {
            at = match at {
                Value::Object(object) => object.get_mut(token)?,
                Value::Array(items) => {
                    let i = index(token, items.len(), false).ok()?;
                    &mut items[i]
                }
                _ => return None,
            };
        }
        (at.is_object() || at.is_array()).then_some((at, last))
    }

    /// What `add`, `move` and `copy` end with.
    fn add(&mut self, op: &str, path: &str, value: Value) -> Applied<()> {
        if path.matches('/').count() + depth(&value) > MAX_DEPTH {
            return Err(TOO_DEEP.into());
        }
        let (container, key) = self.container(path).ok_or_else(|| match op {
            "add" => missing(op, path),
            _ => format!("{op} operation does not apply: doc is missing destination path: {path}: missing value"),
        })?;
        put(container, key, value).map_err(|why| match op {
            "copy" => format!("error while adding value during copy: {why}"),
            _ => format!("error in {op} for path: '{path}': {why}"),
        })
    }

    fn remove(&mut self, path: &str) -> Applied<()> {
        let (container, key) = self
            .container(path)
            .ok_or_else(|| missing("remove", path))?;
        take(container, &key)
            .map(drop)
            .map_err(|why| format!("error in remove for path: '{path}': {why}"))
    }

    fn replace(&mut self, path: &str, value: Option<Value>) -> Applied<()> {
        if path.is_empty() {
            let value = value.filter(|v| v.is_object() || v.is_array());
            *self.root =
                value.ok_or("replace operation value must be object or array: %!w(<nil>)")?;
            return Ok(());
        }
        let absent = |what: &str| {
            format!(
                "replace operation does not apply: doc is missing {what}: {path}: missing value"
            )
        };
        let (container, key) = self.container(path).ok_or_else(|| absent("path"))?;
        let slot = match container {
            Value::Object(object) => object.entry(key).or_insert(Value::Null),
            Value::Array(items) => {
                let i = index(&key, items.len(), false).map_err(|_| absent("key"))?;
                &mut items[i]
            }
            _ => return Err(absent("path")),
        };
        *slot = value.unwrap_or(Value::Null);
        Ok(())
    }

    fn test(&mut self, path: &str, expected: Option<&Value>) -> Applied<()> {
        let found = if path.is_empty() {
            Some(&*self.root)
        } else {
            let (container, key) = self.container(path).ok_or_else(|| {
                format!("test operation does not apply: is missing path: {path}: missing value")
            })?;
            get(container, &key)
                .map_err(|why| format!("error in test for path: '{path}': {why}"))?
        };
        let same = found.unwrap_or(&Value::Null) == expected.unwrap_or(&Value::Null);
        if same {
            Ok(())
        } else {
            Err(format!("testing value {path} failed: test failed"))
        }
    }
}

fn stated<'a>(op: &str, field: &str, text: Option<&'a str>, why: &str) -> Applied<&'a str> {
    text.ok_or_else(|| format!("{op} operation failed to decode {field}: {why}"))
}

/// The path of operations that do not say why they have none.
fn found<'a>(op: &str, path: Option<&'a str>) -> Applied<&'a str> {
    stated(op, "path", path, "missing value")
}

fn missing(op: &str, path: &str) -> String {
    format!("{op} operation does not apply: doc is missing path: \"{path}\": missing value")
}

/// The value under a key; `None` for an absent one.
fn get<'a>(container: &'a Value, key: &str) -> Applied<Option<&'a Value>> {
    match container {
        Value::Array(items) => Ok(Some(&items[index(key, items.len(), false)?])),
        other => Ok(other.get(key)),
    }
}

fn take(container: &mut Value, key: &str) -> Applied<Value> {
    match container {
        Value::Array(items) => Ok(items.remove(index(key, items.len(), false)?)),
        other => other
            .as_object_mut()
            .and_then(|object| object.shift_remove(key))
            .ok_or_else(|| format!("Unable to remove nonexistent key: {key}: missing value")),
    }
}

fn put(container: &mut Value, key: String, value: Value) -> Applied<()> {
    match container {
        Value::Array(items) if key == "-" => items.push(value),
        Value::Array(items) => {
            let i = index(&key, items.len(), true).map_err(|why| {
                match why.strip_prefix("strconv") {
                    Some(_) => format!("value was not a proper array index: '{key}': {why}"),
                    None => why,
                }
            })?;
            items.insert(i, value);
        }
        other => {
            if let Some(object) = other.as_object_mut() {
                object.insert(key, value);
            }
        }
    }
    Ok(())
}

fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// An array index; negative ones count from the end. When `inserting`, one past the end is allowed.
fn index(token: &str, length: usize, inserting: bool) -> Applied<usize> {
    let bound = length + usize::from(inserting);
    let stated: i64 = token
        .parse()
        .map_err(|_| format!("strconv.Atoi: parsing {token:?}: invalid syntax"))?;
    let wrong = || format!("Unable to access invalid index: {stated}: invalid index referenced");
    let number = if stated < 0 {
        stated + i64::try_from(bound).map_err(|_| wrong())?
    } else {
        stated
    };
    usize::try_from(number)
        .ok()
        .filter(|i| *i < bound)
        .ok_or_else(wrong)
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(object) => 1 + object.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
