//! JSON to objects in one pass: types checked, unknown and duplicate fields found, values normalised.

mod place;

use crate::empties::Empties;
use crate::error::Failure;
use crate::json::{Reader, finite};
use crate::model::{SchemaSet, Type, TypeId};
use crate::scalar;
use crate::value::{Name, Value, double, last_of_each, object_with, zero_item};
use kfast_core::quote;
use place::Segment;
pub(crate) use place::{Step, path_text};
use std::borrow::Cow;
use std::collections::HashSet;

/// Findings of strict validation are cut here, as upstream does.
const MAX_FINDINGS: usize = 100;

/// Up to here looking through all keys of a map is quicker than hashing them.
const FEW: usize = 16;

type Result<T> = std::result::Result<T, Failure>;

/// What strict validation objects to, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    Duplicate(String),
    Unknown(String),
}

impl Finding {
    fn text(&self) -> String {
        match self {
            Self::Duplicate(path) => format!("duplicate field {}", quote(path)),
            Self::Unknown(path) => format!("unknown field {}", quote(path)),
        }
    }
}

/// Decodes a part of a document; `None` for null.
pub(crate) fn value<'a>(
    set: &SchemaSet,
    id: TypeId,
    reader: &mut Reader<'a>,
    strict: bool,
    findings: &mut Vec<Finding>,
) -> Result<Option<Value<'a>>> {
    let part = Type::Struct(id);
    let mut decoder = Decoder {
        set,
        reader: std::mem::replace(reader, Reader::new("")),
        path: Vec::new(),
        strict,
        findings: Vec::new(),
        empties: Empties::Dropped,
    };
    let value = decoder.value(&part);
    findings.append(&mut decoder.findings);
    *reader = decoder.reader;
    value
}

/// Decodes one document; the second value lists unknown and duplicate fields. What becomes of `empties` is said there.
pub(crate) fn json<'a>(
    set: &SchemaSet,
    id: TypeId,
    text: &'a str,
    strict: bool,
    empties: &mut Empties,
) -> Result<(Value<'a>, Vec<String>)> {
    let root = Type::Struct(id);
    let mut decoder = Decoder {
        set,
        reader: Reader::new(text),
        path: Vec::with_capacity(16),
        strict,
        findings: Vec::new(),
        empties: *empties,
    };
    let decoded = decoder.value(&root);
    *empties = decoder.empties;
    match decoded {
        Ok(value) => {
            decoder.reader.finish()?;
            let value = value.unwrap_or_else(|| object_with(set, id, Vec::new(), empties));
            Ok((value, decoder.findings.iter().map(Finding::text).collect()))
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

struct Decoder<'s, 'a> {
    set: &'s SchemaSet,
    reader: Reader<'a>,
    path: Vec<Segment<'s, 'a>>,
    strict: bool,
    findings: Vec<Finding>,
    empties: Empties,
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
            (Type::Double, b'-' | b'0'..=b'9') => Ok(Some(double(finite(self.reader.number()?)))),
            (Type::Quantity, b'-' | b'0'..=b'9') => {
                let text =
                    scalar::quantity(self.reader.number()?.into()).map_err(Failure::Unfit)?;
                Ok(Some(Value::Text(text)))
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
                self.finding(Finding::Unknown, Some(&key));
                self.reader.skip()?;
                continue;
            };
            #[allow(clippy::cast_possible_truncation)] // no built-in type has that many
            let at = at as u16;
            self.path.push(Segment::Field(structure, field));
            if entries.iter().any(|(seen, _)| *seen == at) {
                self.finding(Finding::Duplicate, None);
            }
            let value = self.value(&field.ty)?;
            self.path.pop();
            entries.push((at, value.unwrap_or(Value::Null)));
        }
        entries.retain(|(_, value)| *value != Value::Null);
        Ok(object_with(set, id, entries, &mut self.empties))
    }

    /// A map, its keys sorted as Go writes them.
    fn map(&mut self, item: &'s Type) -> Result<Value<'a>> {
        self.reader.open()?;
        let mut entries: Vec<(Cow<'a, str>, Value<'a>)> = Vec::new();
        let mut seen: HashSet<Cow<'a, str>> = HashSet::new();
        let mut first = true;
        while let Some(key) = self.reader.key(first)? {
            first = false;
            let again = if entries.len() < FEW {
                entries.iter().any(|(known, _)| *known == key)
            } else {
                if seen.is_empty() {
                    seen.extend(entries.iter().map(|(known, _)| known.clone()));
                }
                !seen.insert(key.clone())
            };
            self.path.push(Segment::Key(key.clone()));
            if again {
                self.finding(Finding::Duplicate, None);
            }
            let value = self.value(item)?;
            self.path.pop();
            entries.push((key, value.unwrap_or_else(|| zero_item(self.set, item))));
        }
        last_of_each(&mut entries);
        let named = |(key, value)| (Name::Free(key), value);
        Ok(Value::Object(entries.into_iter().map(named).collect()))
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

    /// Notes what strict validation objects to at the current place, or at `key` in it.
    fn finding(&mut self, what: fn(String) -> Finding, key: Option<&str>) {
        if !self.strict || self.findings.len() >= MAX_FINDINGS {
            return;
        }
        let finding = what(self.path_text(key));
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }
}
