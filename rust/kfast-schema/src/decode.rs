//! JSON to objects in one pass: types checked, unknown and duplicate fields found, values normalised.

use crate::error::Failure;
use crate::json::{Reader, finite};
use crate::model::{Field, SchemaSet, Struct, Type, TypeId};
use crate::scalar;
use crate::value::{Name, Value, object, zero_item};
use kfast_core::quote;
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write as _;

/// Findings of strict validation are cut here, as upstream does.
const MAX_FINDINGS: usize = 100;

type Result<T> = std::result::Result<T, Failure>;

/// Decodes one document; the second value lists unknown and duplicate fields.
pub(crate) fn json<'a>(
    set: &SchemaSet,
    id: TypeId,
    text: &'a str,
    strict: bool,
) -> Result<(Value<'a>, Vec<String>)> {
    let root = Type::Struct(id);
    let mut decoder = Decoder {
        set,
        reader: Reader::new(text),
        path: Vec::with_capacity(16),
        strict,
        findings: Vec::new(),
    };
    let decoded = decoder.value(&root);
    match decoded {
        Ok(value) => {
            decoder.reader.finish()?;
            let value = value.unwrap_or_else(|| object(set, id, Vec::new()));
            Ok((value, decoder.findings))
        }
        // Upstream reads the whole document first: malformed text wins over values that do not fit.
        Err(Failure::Unfit(reason)) => {
            let mut whole = Reader::new(text);
            whole.skip()?;
            whole.finish()?;
            Err(Failure::Unfit(reason))
        }
        Err(error) => Err(error),
    }
}

enum Segment<'s, 'a> {
    Field(&'s Struct, &'s Field),
    Key(Cow<'a, str>),
    Index(usize),
}

struct Decoder<'s, 'a> {
    set: &'s SchemaSet,
    reader: Reader<'a>,
    path: Vec<Segment<'s, 'a>>,
    strict: bool,
    findings: Vec<String>,
}

impl<'s, 'a> Decoder<'s, 'a> {
    /// A value of `ty`; `None` for null.
    fn value(&mut self, ty: &'s Type) -> Result<Option<Value<'a>>> {
        let first = self.reader.peek()?;
        if first == b'n' {
            self.reader.literal("null")?;
            return Ok(None);
        }
        match (ty, first) {
            (Type::Struct(id), b'{') => self.structure(*id).map(Some),
            (Type::Map(item), b'{') => self.map(item).map(Some),
            (Type::List(item) | Type::WrappedList(item), b'[') => self.list(item).map(Some),
            (Type::String, b'"') => Ok(Some(Value::Text(self.reader.string()?))),
            (Type::Bool, b't') => Ok(self
                .reader
                .literal("true")
                .map(|()| Some(Value::Bool(true)))?),
            (Type::Bool, b'f') => Ok(self
                .reader
                .literal("false")
                .map(|()| Some(Value::Bool(false)))?),
            (Type::Int32 | Type::Int64, b'-' | b'0'..=b'9') => self.integer(ty).map(Some),
            (Type::Double, b'-' | b'0'..=b'9') => {
                Ok(Some(Value::Double(finite(self.reader.number()?))))
            }
            (Type::SchemaOrBool(id), b'{')
            | (Type::SchemaOrArray(id), b'{')
            | (Type::SchemaOrStrings(id), b'{') => self.structure(*id).map(Some),
            (Type::SchemaOrArray(_) | Type::SchemaOrStrings(_), b'[') => self.schemas(ty).map(Some),
            _ => {
                let value = self.reader.value()?;
                self.special(ty, value)
            }
        }
    }

    /// Values whose form is not the one their type has at first sight.
    fn special(&self, ty: &Type, value: Value<'a>) -> Result<Option<Value<'a>>> {
        let text = match (ty, value) {
            (Type::Json | Type::RawExtension | Type::FieldsV1, value) => return Ok(Some(value)),
            (Type::IntOrString, Value::Int(i)) if i32::try_from(i).is_ok() => {
                return Ok(Some(Value::Int(i)));
            }
            (Type::IntOrString, Value::Text(text)) => return Ok(Some(Value::Text(text))),
            (Type::SchemaOrBool(_), Value::Bool(b)) => return Ok(Some(Value::Bool(b))),
            (Type::SchemaOrBool(_), _) => {
                return Err(Failure::Unfit("boolean or JSON schema expected".into()));
            }
            (Type::SchemaOrArray(_) | Type::SchemaOrStrings(_), _) => return Ok(None),
            (Type::Quantity, Value::Int(i)) => Cow::Owned(i.to_string()),
            (Type::Quantity, Value::Double(d)) => Cow::Owned(d.to_string()),
            (Type::Bytes | Type::Time | Type::MicroTime | Type::Quantity, Value::Text(text)) => {
                text
            }
            (_, value) => return Err(self.mismatch(ty, &value)),
        };
        let text = match ty {
            Type::Bytes => scalar::bytes(text),
            Type::Time => return scalar::time(text, false).map_err(Failure::Unfit),
            Type::MicroTime => return scalar::time(text, true).map_err(Failure::Unfit),
            _ => scalar::quantity(text),
        };
        text.map(|t| Some(Value::Text(t))).map_err(Failure::Unfit)
    }

    fn structure(&mut self, id: TypeId) -> Result<Value<'a>> {
        let set = self.set;
        let structure = set.get(id);
        self.reader.open()?;
        let mut entries: Vec<(u16, Value<'a>)> = Vec::with_capacity(8);
        let mut first = true;
        while let Some(key) = self.reader.key(first)? {
            first = false;
            let Some((at, field)) = structure.field(&key) else {
                self.unknown(&key);
                self.reader.skip()?;
                continue;
            };
            #[allow(clippy::cast_possible_truncation)] // positions come from a table of u16
            let at = at as u16;
            self.path.push(Segment::Field(structure, field));
            if self.strict && entries.iter().any(|(seen, _)| *seen == at) {
                let path = self.path_text(None);
                self.finding("duplicate field", &path);
            }
            let value = self.value(&field.ty)?;
            self.path.pop();
            entries.push((at, value.unwrap_or(Value::Null)));
        }
        entries.retain(|(_, value)| *value != Value::Null);
        Ok(object(set, id, entries))
    }

    fn map(&mut self, item: &'s Type) -> Result<Value<'a>> {
        self.reader.open()?;
        let mut entries: Vec<(Name<'a>, Value<'a>)> = Vec::new();
        let mut seen: HashSet<Cow<'a, str>> = HashSet::new();
        let mut first = true;
        while let Some(key) = self.reader.key(first)? {
            first = false;
            let again = !seen.insert(key.clone());
            self.path.push(Segment::Key(key.clone()));
            if again && self.strict {
                let path = self.path_text(None);
                self.finding("duplicate field", &path);
            }
            let value = self.value(item)?;
            self.path.pop();
            let value = value.unwrap_or_else(|| zero_item(self.set, item));
            let name = Name::Free(key);
            match entries.iter_mut().find(|(n, _)| again && *n == name) {
                Some(entry) => entry.1 = value,
                None => entries.push((name, value)),
            }
        }
        Ok(Value::Object(entries))
    }

    fn list(&mut self, item: &'s Type) -> Result<Value<'a>> {
        self.reader.open()?;
        let mut items = Vec::new();
        while self.reader.item(items.is_empty())? {
            self.path.push(Segment::Index(items.len()));
            let value = self.value(item)?;
            self.path.pop();
            items.push(value.unwrap_or_else(|| zero_item(self.set, item)));
        }
        Ok(Value::List(items))
    }

    /// The array form of a schema's `items` or of a dependency.
    fn schemas(&mut self, ty: &'s Type) -> Result<Value<'a>> {
        static TEXT: Type = Type::String;
        let Type::SchemaOrArray(id) = ty else {
            return self.list(&TEXT);
        };
        self.reader.open()?;
        let mut items = Vec::new();
        while self.reader.item(items.is_empty())? {
            let value = if self.reader.peek()? == b'{' {
                self.structure(*id)?
            } else {
                let value = self.reader.value()?;
                return Err(self.mismatch(&Type::Struct(*id), &value));
            };
            items.push(value);
        }
        Ok(Value::List(items))
    }

    fn integer(&mut self, ty: &Type) -> Result<Value<'a>> {
        let text = self.reader.number()?;
        let number = text.parse::<i64>().ok();
        match number.filter(|n| *ty == Type::Int64 || i32::try_from(*n).is_ok()) {
            Some(number) => Ok(Value::Int(number)),
            None => Err(self.unfit(&format!("number {text}"), ty)),
        }
    }

    fn mismatch(&self, ty: &Type, value: &Value<'_>) -> Failure {
        let found = match value {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Int(_) | Value::Double(_) => "number",
            Value::Text(_) => "string",
            Value::List(_) => "array",
            Value::Object(_) => "object",
        };
        self.unfit(found, ty)
    }

    /// `json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32`.
    fn unfit(&self, found: &str, ty: &Type) -> Failure {
        let wanted = go_type(self.set, ty);
        // Types that read themselves know nothing of the field they are in.
        let place = match ty {
            Type::Time | Type::MicroTime | Type::IntOrString => None,
            _ => self.path.iter().rev().find_map(|s| match s {
                Segment::Field(owner, _) => Some(owner.short_name()),
                _ => None,
            }),
        };
        let Some(owner) = place else {
            return Failure::Unfit(format!(
                "json: cannot unmarshal {found} into Go value of type {wanted}"
            ));
        };
        let fields: Vec<&str> = self
            .path
            .iter()
            .filter_map(|s| match s {
                Segment::Field(_, field) => Some(field.name.as_ref()),
                _ => None,
            })
            .collect();
        Failure::Unfit(format!(
            "json: cannot unmarshal {found} into Go struct field {owner}.{} of type {wanted}",
            fields.join(".")
        ))
    }

    fn unknown(&mut self, key: &str) {
        if self.strict {
            let path = self.path_text(Some(key));
            self.finding("unknown field", &path);
        }
    }

    fn finding(&mut self, what: &str, path: &str) {
        let text = format!("{what} {}", quote(path));
        if self.findings.len() < MAX_FINDINGS && !self.findings.contains(&text) {
            self.findings.push(text);
        }
    }

    /// `spec.template.spec.containers[0].foo`.
    fn path_text(&self, last: Option<&str>) -> String {
        let mut out = String::new();
        let name = |out: &mut String, text: &str| {
            if !out.is_empty() {
                out.push('.');
            }
            out.push_str(text);
        };
        for segment in &self.path {
            match segment {
                Segment::Field(_, field) => name(&mut out, &field.name),
                Segment::Key(key) => name(&mut out, key),
                Segment::Index(index) => {
                    let _ = write!(out, "[{index}]");
                }
            }
        }
        if let Some(key) = last {
            name(&mut out, key);
        }
        out
    }
}

/// A type as Go prints it.
fn go_type(set: &SchemaSet, ty: &Type) -> String {
    match ty {
        Type::Bool => "bool".into(),
        Type::Int32 | Type::IntOrString => "int32".into(),
        Type::Int64 => "int64".into(),
        Type::Double => "float64".into(),
        Type::Bytes => "[]uint8".into(),
        Type::Quantity => "resource.Quantity".into(),
        Type::Struct(id) => set.get(*id).go_name().into(),
        Type::List(item) | Type::WrappedList(item) => format!("[]{}", go_type(set, item)),
        Type::Map(item) => format!("map[string]{}", go_type(set, item)),
        _ => "string".into(),
    }
}
