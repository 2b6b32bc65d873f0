//! Messages to objects, driven by the tags of the schema.

use super::special::{first, instant, int_or_string};
use super::wire::{Wire, WireReader};
use super::{Envelope, PREFIX, Result, read_envelope};
use crate::json::Reader;
use crate::model::{SchemaSet, Slot, Type, TypeId};
use crate::scalar;
use crate::value::{MAX_DEPTH, Name, Value, double, last_of_each, object, zero_item};
use std::borrow::Cow;

/// Reads messages of a schema.
pub(super) struct Decoder<'s> {
    pub(super) set: &'s SchemaSet,
}

impl Decoder<'_> {
    /// An object from its envelope.
    pub(super) fn root<'a>(
        &self,
        id: TypeId,
        envelope: Envelope<'a>,
        depth: usize,
    ) -> Result<Value<'a>> {
        let structure = self.set.get(id);
        let mut entries = Vec::with_capacity(8);
        for (name, text) in [
            ("apiVersion", envelope.api_version),
            ("kind", envelope.kind),
        ] {
            if let Some((at, _)) = structure.field(name).filter(|(_, f)| f.tag == 0) {
                entries.push((u16::try_from(at).unwrap_or(0), Value::Text(text)));
            }
        }
        self.fields(id, envelope.raw, None, &mut entries, depth + 1)?;
        Ok(self.object(id, entries))
    }

    fn message<'a>(&self, id: TypeId, bytes: &'a [u8], depth: usize) -> Result<Value<'a>> {
        let mut entries = Vec::with_capacity(8);
        self.fields(id, bytes, None, &mut entries, depth + 1)?;
        Ok(self.object(id, entries))
    }

    /// Maps were collected as they came: their keys are sorted now, the last of the same key wins.
    fn object<'a>(&self, id: TypeId, mut entries: Vec<(u16, Value<'a>)>) -> Value<'a> {
        let structure = self.set.get(id);
        for (at, value) in &mut entries {
            if let (Type::Map(_), Value::Object(map)) = (&structure.fields[*at as usize].ty, value)
            {
                last_of_each(map);
            }
        }
        object(self.set, id, entries)
    }

    /// Reads the fields of a message into `entries`; `positions` are those in the object an embedded
    /// message is a part of.
    fn fields<'a>(
        &self,
        id: TypeId,
        bytes: &'a [u8],
        positions: Option<&[u16]>,
        entries: &mut Vec<(u16, Value<'a>)>,
        depth: usize,
    ) -> Result<()> {
        if depth > MAX_DEPTH {
            return Err("exceeded max depth".into());
        }
        let structure = self.set.get(id);
        let outer = |at: u16| positions.map_or(at, |p| p[at as usize]);
        let mut reader = WireReader::new(bytes);
        while let Some((tag, wire)) = reader.field()? {
            match structure.slot(tag) {
                None => reader.skip(wire)?,
                Some(Slot::Field(at)) => {
                    let field = &structure.fields[*at as usize];
                    let place = place(entries, outer(*at));
                    self.field(&field.ty, &mut reader, wire, place, depth)
                        .map_err(|e| match e {
                            Fault::Layout => format!(
                                "proto: wrong wireType = {} for field {}",
                                wire as u8,
                                upper(&field.name)
                            ),
                            Fault::Other(text) => text,
                        })?;
                }
                Some(Slot::Embedded(inner, map)) => {
                    let content = content(&mut reader, wire).map_err(|_| {
                        format!("proto: wrong wireType = {} for field {tag}", wire as u8)
                    })?;
                    let map: Box<[u16]> = map.iter().map(|at| outer(*at)).collect();
                    self.fields(*inner, content, Some(&map), entries, depth + 1)?;
                }
            }
        }
        entries.retain(|(_, value)| *value != Value::Null);
        Ok(())
    }

    /// Reads one occurrence of a field into its place.
    fn field<'a>(
        &self,
        ty: &Type,
        reader: &mut WireReader<'a>,
        wire: Wire,
        place: &mut Value<'a>,
        depth: usize,
    ) -> std::result::Result<(), Fault> {
        match ty {
            Type::List(item) => {
                let items = as_list(place);
                if wire == Wire::Bytes && matches!(**item, Type::Int32 | Type::Int64 | Type::Bool) {
                    let mut packed = WireReader::new(reader.content()?);
                    while !packed.is_empty() {
                        items.push(self.single(item, &mut packed, Wire::Varint, depth)?);
                    }
                } else {
                    items.push(self.single(item, reader, wire, depth)?);
                }
            }
            Type::Map(item) => {
                let (key, value) = self.entry(item, content(reader, wire)?, depth)?;
                as_object(place).push((Name::Free(key), value));
            }
            _ => *place = self.single(ty, reader, wire, depth)?,
        }
        Ok(())
    }

    fn entry<'a>(
        &self,
        item: &Type,
        bytes: &'a [u8],
        depth: usize,
    ) -> std::result::Result<(Cow<'a, str>, Value<'a>), Fault> {
        let mut reader = WireReader::new(bytes);
        let (mut key, mut value) = (Cow::Borrowed(""), None);
        while let Some((tag, wire)) = reader.field()? {
            match tag {
                1 => key = String::from_utf8_lossy(content(&mut reader, wire)?),
                2 => value = Some(self.single(item, &mut reader, wire, depth)?),
                _ => reader.skip(wire)?,
            }
        }
        Ok((key, value.unwrap_or_else(|| zero_item(self.set, item))))
    }

    /// One value that is no plain list or map.
    fn single<'a>(
        &self,
        ty: &Type,
        reader: &mut WireReader<'a>,
        wire: Wire,
        depth: usize,
    ) -> std::result::Result<Value<'a>, Fault> {
        #[allow(clippy::cast_possible_wrap, clippy::cast_possible_truncation)]
        // two's complement is the wire form
        match (ty, wire) {
            (Type::Bool, Wire::Varint) => return Ok(Value::Bool(reader.varint()? != 0)),
            (Type::Int32, Wire::Varint) => return Ok(Value::Int((reader.varint()? as i32).into())),
            (Type::Int64, Wire::Varint) => return Ok(Value::Int(reader.varint()? as i64)),
            (Type::Double, Wire::Fixed64) => {
                return Ok(double(f64::from_bits(reader.fixed64()?)));
            }
            _ => {}
        }
        let bytes = content(reader, wire)?;
        Ok(match ty {
            Type::Bool | Type::Int32 | Type::Int64 | Type::Double => return Err(Fault::Layout),
            Type::String => Value::Text(String::from_utf8_lossy(bytes)),
            Type::Bytes => Value::Text(Cow::Owned(scalar::encode_base64(bytes))),
            Type::Struct(id) => self.message(*id, bytes, depth)?,
            Type::Time | Type::MicroTime => instant(bytes, *ty == Type::MicroTime)?,
            Type::Quantity => {
                let text = first(bytes, 1)?.map_or(Cow::Borrowed("0"), String::from_utf8_lossy);
                Value::Text(scalar::quantity(text)?)
            }
            Type::IntOrString => int_or_string(bytes)?,
            Type::Json | Type::RawExtension | Type::FieldsV1 => match first(bytes, 1)? {
                None => Value::Null,
                Some(raw) => self.raw(raw, depth)?,
            },
            Type::SchemaOrBool(id) | Type::SchemaOrArray(id) => {
                self.schemas(*id, ty, bytes, depth)?
            }
            Type::SchemaOrStrings(id) => match first(bytes, 1)? {
                Some(schema) => self.message(*id, schema, depth)?,
                None => Value::List(self.repeated(&Type::String, 2, bytes, depth)?),
            },
            Type::WrappedList(item) => Value::List(self.repeated(item, 1, bytes, depth)?),
            Type::List(_) | Type::Map(_) => return Err(Fault::Layout),
        })
    }

    /// The values of one repeated field of a message.
    fn repeated<'a>(
        &self,
        item: &Type,
        wanted: u32,
        bytes: &'a [u8],
        depth: usize,
    ) -> std::result::Result<Vec<Value<'a>>, Fault> {
        let mut items = Vec::new();
        let mut reader = WireReader::new(bytes);
        while let Some((tag, wire)) = reader.field()? {
            if tag == wanted {
                items.push(self.single(item, &mut reader, wire, depth + 1)?);
            } else {
                reader.skip(wire)?;
            }
        }
        Ok(items)
    }

    /// A JSON schema or a boolean (`{allows = 1, schema = 2}`), a schema or several (`{schema = 1, schemas = 2}`).
    fn schemas<'a>(
        &self,
        id: TypeId,
        ty: &Type,
        bytes: &'a [u8],
        depth: usize,
    ) -> std::result::Result<Value<'a>, Fault> {
        if let Type::SchemaOrArray(_) = ty {
            return Ok(match first(bytes, 1)? {
                Some(schema) => self.message(id, schema, depth)?,
                None => Value::List(self.repeated(&Type::Struct(id), 2, bytes, depth)?),
            });
        }
        if let Some(schema) = first(bytes, 2)? {
            return Ok(self.message(id, schema, depth)?);
        }
        let mut allows = false;
        let mut reader = WireReader::new(bytes);
        while let Some((tag, wire)) = reader.field()? {
            match (tag, wire) {
                (1, Wire::Varint) => allows = reader.varint()? != 0,
                _ => reader.skip(wire)?,
            }
        }
        Ok(Value::Bool(allows))
    }

    /// Raw bytes of an embedded object: JSON, or a whole protobuf body of a known kind.
    fn raw<'a>(&self, bytes: &'a [u8], depth: usize) -> Result<Value<'a>> {
        if let Some(message) = bytes.strip_prefix(PREFIX) {
            let inner = read_envelope(message)?;
            let key = format!("{}/{}", inner.api_version, inner.kind);
            let id = self
                .set
                .kind(&key)
                .ok_or_else(|| format!("no kind {key:?} is known to the schema"))?;
            return self.root(id, inner, depth + 1);
        }
        let text = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
        if text.is_empty() {
            return Ok(Value::Null);
        }
        let mut reader = Reader::new(text);
        let value = reader.value().map_err(|e| e.0)?;
        reader.finish().map_err(|e| e.0)?;
        Ok(value)
    }
}

/// Why a field cannot be read.
enum Fault {
    /// The wire type does not fit the field.
    Layout,
    Other(String),
}

impl From<String> for Fault {
    fn from(text: String) -> Self {
        Self::Other(text)
    }
}

fn content<'a>(reader: &mut WireReader<'a>, wire: Wire) -> std::result::Result<&'a [u8], Fault> {
    if wire == Wire::Bytes {
        Ok(reader.content()?)
    } else {
        Err(Fault::Layout)
    }
}

/// The place of the entry at a position, made if it is new.
fn place<'v, 'a>(entries: &'v mut Vec<(u16, Value<'a>)>, at: u16) -> &'v mut Value<'a> {
    let found = match entries.iter().rposition(|(seen, _)| *seen == at) {
        Some(found) => found,
        None => {
            entries.push((at, Value::Null));
            entries.len() - 1
        }
    };
    &mut entries[found].1
}

fn as_list<'v, 'a>(place: &'v mut Value<'a>) -> &'v mut Vec<Value<'a>> {
    if !matches!(place, Value::List(_)) {
        *place = Value::List(Vec::new());
    }
    match place {
        Value::List(items) => items,
        _ => unreachable!("just made a list"),
    }
}

fn as_object<'v, 'a>(place: &'v mut Value<'a>) -> &'v mut Vec<(Name<'a>, Value<'a>)> {
    if !matches!(place, Value::Object(_)) {
        *place = Value::Object(Vec::new());
    }
    match place {
        Value::Object(entries) => entries,
        _ => unreachable!("just made an object"),
    }
}

/// A property name as Go's field name.
fn upper(name: &str) -> String {
    let mut chars = name.chars();
    chars
        .next()
        .map(|c| c.to_ascii_uppercase().to_string() + chars.as_str())
        .unwrap_or_default()
}
