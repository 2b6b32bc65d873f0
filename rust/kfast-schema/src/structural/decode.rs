//! JSON to an object of a custom resource in one pass: pruned, metadata checked, unknown and duplicate fields found.

use super::{Schema, Structure};
use crate::decode as typed;
use crate::error::Failure;
use crate::json::Reader;
use crate::model::SchemaSet;
use crate::names as n;
use crate::value::{Name, Value, double, object};
use kfast_core::quote;
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write as _;

/// Duplicates are no longer counted from here, as upstream does.
const MAX_DUPLICATES: usize = 100;

/// Up to here looking through all keys of an object is quicker than hashing them.
const FEW: usize = 16;

type Result<T> = std::result::Result<T, Failure>;

/// A decoded document.
pub(crate) struct Read<'a> {
    pub(crate) value: Value<'a>,
    /// Duplicate and unknown fields.
    pub(crate) findings: Vec<String>,
    /// Whether anything was pruned or filled in.
    pub(crate) changed: bool,
}

/// Decodes one document; with `defaults` they are filled in.
pub(crate) fn json<'a>(
    set: &SchemaSet,
    structure: &Structure,
    text: &'a str,
    strict: bool,
    defaults: bool,
) -> Result<Read<'a>> {
    let mut decoder = Decoder::new(set, structure, text, strict);
    let mut value = match decoder.root() {
        Ok(value) => value,
        // Upstream reads the whole document first: malformed text wins over values that do not fit.
        Err(Failure::Unfit(reason)) => {
            let mut whole = Reader::new(text);
            whole.skip()?;
            whole.finish()?;
            return Err(Failure::Unfit(reason));
        }
        Err(error) => return Err(error),
    };
    if value.text(n::KIND).is_empty() {
        let reason = format!("Object 'Kind' is missing in '{text}'");
        return Err(Failure::Malformed(reason));
    }
    let mut changed = decoder.changed;
    if decoder.nulls && !structure.preserve_unknown {
        changed |= super::complete::prune_nulls(&mut value, &structure.schema);
    }
    if defaults {
        changed |= super::complete::default(&mut value, &structure.schema);
    }
    let mut findings = decoder.duplicates;
    for mut unknown in decoder.unknown {
        unknown.sort_unstable();
        findings.extend(
            unknown
                .iter()
                .map(|path| format!("unknown field {}", quote(path))),
        );
    }
    Ok(Read {
        value,
        findings,
        changed,
    })
}

/// Reads a part of an object that the schema is for: the part, and whether anything was pruned.
pub(crate) fn part<'a>(
    set: &SchemaSet,
    structure: &Structure,
    schema: &Schema,
    text: &'a str,
) -> Result<(Value<'a>, bool)> {
    let mut decoder = Decoder::new(set, structure, text, false);
    let place = Place::In(schema, decoder.keeps(schema));
    decoder.whole = false;
    let value = decoder.value(place)?;
    Ok((value, decoder.changed))
}

/// Of what the unknown fields are found in upstream's order.
#[derive(Clone, Copy)]
enum Unknown {
    Metadata,
    Pruned,
    Embedded,
}

/// What becomes of a value.
#[derive(Clone, Copy)]
enum Place<'s> {
    /// It is kept as it is.
    Raw,
    /// Objects in it lose all they have.
    Nothing,
    /// The schema says what is kept; if `open`, unknown properties are, too.
    In(&'s Schema, bool),
}

impl<'s> Place<'s> {
    fn of(schema: Option<&'s Schema>) -> Self {
        schema.map_or(Self::Nothing, |s| Self::In(s, s.preserve))
    }
}

enum Segment<'a> {
    Field(Cow<'a, str>),
    Key(Cow<'a, str>),
    Index(usize),
}

struct Decoder<'s, 'a> {
    set: &'s SchemaSet,
    structure: &'s Structure,
    reader: Reader<'a>,
    path: Vec<Segment<'a>>,
    strict: bool,
    /// Whether it is an object, not a part of one.
    whole: bool,
    /// Whether there is any null.
    nulls: bool,
    changed: bool,
    duplicates: Vec<String>,
    unknown: [Vec<String>; 3],
}

impl<'s, 'a> Decoder<'s, 'a> {
    fn new(set: &'s SchemaSet, structure: &'s Structure, text: &'a str, strict: bool) -> Self {
        Self {
            set,
            structure,
            reader: Reader::new(text),
            path: Vec::with_capacity(16),
            strict,
            whole: true,
            nulls: false,
            changed: false,
            duplicates: Vec::new(),
            unknown: [const { Vec::new() }; 3],
        }
    }

    fn root(&mut self) -> Result<Value<'a>> {
        let structure = self.structure;
        if self.reader.peek()? != b'{' {
            // Only objects say what they are; the error is found by reading just that.
            let value = self.reader.value()?;
            self.reader.finish()?;
            let reason = format!("Object 'Kind' is missing in '{}'", shown(self.set, &value));
            return Err(Failure::Malformed(reason));
        }
        let place = Place::In(&structure.schema, self.keeps(&structure.schema));
        let value = self.object(place, true)?;
        self.reader.finish()?;
        Ok(value)
    }

    fn keeps(&self, schema: &Schema) -> bool {
        schema.preserve || self.structure.preserve_unknown
    }

    fn value(&mut self, place: Place<'s>) -> Result<Value<'a>> {
        match self.reader.peek()? {
            b'{' => {
                let embedded = matches!(place, Place::In(schema, _) if schema.embedded);
                self.object(place, embedded)
            }
            b'[' => self.list(place),
            b'-' | b'0'..=b'9' => number(self.reader.number()?),
            _ => {
                let value = self.reader.value()?;
                self.nulls |= matches!(value, Value::Null);
                Ok(value)
            }
        }
    }

    fn list(&mut self, place: Place<'s>) -> Result<Value<'a>> {
        let item = match place {
            Place::In(schema, open) => match (&schema.items, open) {
                (Some(items), open) => Place::In(items, open || self.keeps(items)),
                (None, true) => Place::Raw,
                (None, false) => Place::Nothing,
            },
            other => other,
        };
        self.reader.open()?;
        let mut items = Vec::new();
        while self.reader.item(items.is_empty())? {
            self.path.push(Segment::Index(items.len()));
            items.push(self.value(item)?);
            self.path.pop();
        }
        Ok(Value::List(items))
    }

    fn object(&mut self, place: Place<'s>, resource: bool) -> Result<Value<'a>> {
        self.reader.open()?;
        let mut entries: Vec<(Name<'a>, Value<'a>)> = Vec::with_capacity(8);
        let mut seen = Seen::default();
        let mut first = true;
        while let Some(key) = self.reader.key(first)? {
            first = false;
            if seen.again(&key) {
                self.duplicate(&key);
            }
            let (name, at) = self.member(place, resource, &key);
            let Some(name) = name else {
                self.dropped(key)?;
                continue;
            };
            self.path.push(match name {
                Name::Known(_) => Segment::Field(key),
                Name::Free(_) => Segment::Key(key),
            });
            let value = match at {
                None => self.of_resource(&name)?,
                Some(at) => self.value(at)?,
            };
            self.path.pop();
            entries.push((name, value));
        }
        let set = self.set;
        if seen.repeated {
            // The last of each counts.
            entries.reverse();
            entries.sort_by(|a, b| a.0.text(set).cmp(b.0.text(set)));
            entries.dedup_by(|a, b| a.0 == b.0);
        } else if !entries.is_sorted_by(|a, b| a.0.text(set) <= b.0.text(set)) {
            entries.sort_by(|a, b| a.0.text(set).cmp(b.0.text(set)));
        }
        Ok(Value::Object(entries))
    }

    /// The name of a member, none if it is dropped, and what becomes of it; no place for what every resource has.
    fn member(
        &self,
        place: Place<'s>,
        resource: bool,
        key: &Cow<'a, str>,
    ) -> (Option<Name<'a>>, Option<Place<'s>>) {
        if resource {
            let id = match key.as_ref() {
                "apiVersion" => Some(n::API_VERSION),
                "kind" => Some(n::KIND),
                "metadata" => Some(n::METADATA),
                _ => None,
            };
            if let Some(id) = id {
                return (Some(Name::Known(id)), None);
            }
        }
        let free = || Some(Name::Free(key.clone()));
        let (schema, open) = match place {
            Place::Raw => return (free(), Some(Place::Raw)),
            Place::Nothing => return (None, None),
            Place::In(schema, open) => (schema, open),
        };
        if let Some(property) = schema.property(key) {
            let of = &property.schema;
            let at = Place::In(of, self.keeps(of));
            return (Some(Name::Known(property.key)), Some(at));
        }
        match &schema.additional {
            Some(additional) => {
                let at = match additional.schema.as_deref() {
                    None if self.structure.preserve_unknown => Place::Raw,
                    Some(of) => Place::In(of, self.keeps(of)),
                    None => Place::of(None),
                };
                (free(), Some(at))
            }
            None if open => (free(), Some(Place::Raw)),
            None => (None, None),
        }
    }

    /// Passes over what is not kept.
    fn dropped(&mut self, key: Cow<'a, str>) -> Result<()> {
        self.changed = true;
        if !self.strict {
            self.reader.skip()?;
            return Ok(());
        }
        self.path.push(Segment::Field(key));
        let path = self.plain_path(None);
        self.unknown[Unknown::Pruned as usize].push(path);
        self.value(Place::Raw)?;
        self.path.pop();
        Ok(())
    }

    /// `apiVersion`, `kind` or `metadata` of the object, or of a resource embedded in it.
    fn of_resource(&mut self, name: &Name<'a>) -> Result<Value<'a>> {
        let root = self.whole && self.path.len() == 1;
        if *name == n::METADATA {
            return self.metadata(root);
        }
        let value = self.value(Place::Raw)?;
        if matches!(value, Value::Text(_)) || (root && matches!(value, Value::Null)) {
            return Ok(value);
        }
        if root {
            let found = match value {
                Value::Bool(_) => "bool",
                Value::List(_) => "array",
                Value::Object(_) => "object",
                _ => "number",
            };
            return Err(Failure::Malformed(format!(
                "couldn't get version/kind; json parse error: json: cannot unmarshal {found} into Go struct field .{} of type string",
                name.text(self.set)
            )));
        }
        let (path, shown) = (self.field_path(), shown(self.set, &value));
        Err(Failure::Unfit(format!(
            "{path}: Invalid value: {shown}: must be a string"
        )))
    }

    /// Metadata, as its Go type holds it.
    fn metadata(&mut self, root: bool) -> Result<Value<'a>> {
        let (set, id) = (self.set, self.structure.metadata);
        let before = self.reader.clone();
        let mut findings = Vec::new();
        let decoded = typed::value(set, id, &mut self.reader, self.strict, &mut findings);
        let value = match decoded {
            Ok(value) => value.unwrap_or_else(|| object(set, id, Vec::new())),
            Err(Failure::Unfit(reason)) if !root => {
                self.reader = before;
                let value = self.reader.value()?;
                let (path, shown) = (self.field_path(), shown(set, &value));
                let reason = format!("{path}: Invalid value: {shown}: {reason}");
                return Err(Failure::Unfit(reason));
            }
            Err(error) => return Err(error),
        };
        for finding in findings {
            match finding {
                typed::Finding::Duplicate(path) => {
                    let path = self.plain_path(Some(&path));
                    self.note_duplicate(path);
                }
                typed::Finding::Unknown(path) => {
                    let kind = if root {
                        Unknown::Metadata
                    } else {
                        Unknown::Embedded
                    };
                    let path = format!("{}.{path}", self.field_path());
                    self.unknown[kind as usize].push(path);
                }
            }
        }
        Ok(value)
    }

    fn duplicate(&mut self, key: &str) {
        if self.strict {
            let path = self.plain_path(Some(key));
            self.note_duplicate(path);
        }
    }

    fn note_duplicate(&mut self, path: String) {
        let text = format!("duplicate field {}", quote(&path));
        if self.duplicates.len() < MAX_DUPLICATES && !self.duplicates.contains(&text) {
            self.duplicates.push(text);
        }
    }

    /// `spec.map.key[0].last`
    fn plain_path(&self, last: Option<&str>) -> String {
        let steps = self.path.iter().map(|segment| match segment {
            Segment::Field(text) | Segment::Key(text) => typed::Step::Name(text),
            Segment::Index(at) => typed::Step::Index(*at),
        });
        typed::path_text(steps, last)
    }

    /// `spec.map[key].list[0]`
    fn field_path(&self) -> String {
        let mut out = String::new();
        for segment in &self.path {
            match segment {
                Segment::Field(text) if out.is_empty() => out.push_str(text),
                Segment::Field(text) => drop(write!(out, ".{text}")),
                Segment::Key(text) => drop(write!(out, "[{text}]")),
                Segment::Index(at) => drop(write!(out, "[{at}]")),
            }
        }
        out
    }
}

fn shown(set: &SchemaSet, value: &Value<'_>) -> String {
    let mut out = Vec::new();
    value.write_json(set, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// A number as Go's untyped JSON has it.
fn number(text: &str) -> Result<Value<'static>> {
    if let Ok(whole) = text.parse() {
        return Ok(Value::Int(whole));
    }
    let number: f64 = text.parse().unwrap_or(f64::INFINITY);
    if number.is_finite() {
        return Ok(double(number));
    }
    let reason = format!("json: cannot unmarshal number {text} into Go value of type float64");
    Err(Failure::Unfit(reason))
}

/// The keys of an object so far.
#[derive(Default)]
struct Seen<'a> {
    few: Vec<Cow<'a, str>>,
    many: HashSet<Cow<'a, str>>,
    repeated: bool,
}

impl<'a> Seen<'a> {
    /// Whether the key was there before.
    #[allow(clippy::ptr_arg)] // its clones borrow for as long as it does
    fn again(&mut self, key: &Cow<'a, str>) -> bool {
        let again = if self.many.is_empty() && self.few.len() < FEW {
            let again = self.few.contains(key);
            if !again {
                self.few.push(key.clone());
            }
            again
        } else {
            self.many.extend(self.few.drain(..));
            !self.many.insert(key.clone())
        };
        self.repeated |= again;
        again
    }
}
