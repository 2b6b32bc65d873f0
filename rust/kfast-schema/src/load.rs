//! Reading the schema data file into a [`SchemaSet`].

use crate::model::{
    Applies, Field, ListType, NameId, PatchStrategy, SchemaSet, Slot, Struct, Type, TypeId,
};
use crate::names;
use serde::Deserialize;
use std::collections::HashMap;

/// The data file is not what `tools/schema.py` writes.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Not JSON of the expected form.
    #[error("schema data: {0}")]
    Json(#[from] serde_json::Error),
    /// A type expression names nothing.
    #[error("schema data: {owner}.{field} has unknown type {expression:?}")]
    Type {
        /// Name of the struct.
        owner: String,
        /// Name of the property.
        field: String,
        /// The expression.
        expression: String,
    },
}

#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    types: Vec<TypeRow<'a>>,
}

#[derive(Deserialize)]
struct TypeRow<'a> {
    name: &'a str,
    #[serde(borrow, default)]
    kinds: Vec<&'a str>,
    #[serde(default)]
    atomic: bool,
    #[serde(borrow, default)]
    fields: Vec<FieldRow<'a>>,
    /// Embedded protobuf messages: (tag, type).
    #[serde(borrow, default)]
    embeds: Vec<(u32, &'a str)>,
}

#[derive(Deserialize)]
struct FieldRow<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    ty: &'a str,
    #[serde(default)]
    tag: u32,
    #[serde(default)]
    pointer: bool,
    #[serde(default)]
    always: bool,
    #[serde(default)]
    required: bool,
    #[serde(borrow, default, rename = "enum")]
    enumeration: Vec<&'a str>,
    #[serde(borrow, default)]
    list: &'a str,
    #[serde(borrow, default)]
    keys: Vec<&'a str>,
    #[serde(default)]
    atomic: bool,
    #[serde(borrow, default)]
    merge_key: &'a str,
    #[serde(borrow, default)]
    patch: &'a str,
}

/// Reads the (uncompressed) data file.
///
/// # Errors
/// If the data was not written by the project's own generator.
pub fn load(data: &[u8]) -> Result<SchemaSet, LoadError> {
    let file: File<'_> = serde_json::from_slice(data)?;
    let ids: HashMap<&str, TypeId> = file
        .types
        .iter()
        .zip(0..)
        .map(|(row, i)| (row.name, TypeId(i)))
        .collect();
    let mut builder = Builder {
        ids: &ids,
        interned: HashMap::new(),
        names: Vec::new(),
    };
    for name in names::TEXTS {
        builder.intern(name);
    }
    let mut types = file
        .types
        .iter()
        .map(|row| builder.structure(row))
        .collect::<Result<Vec<_>, _>>()?;
    for (at, row) in file.types.iter().enumerate() {
        let slots = slots(row, at, &types, &ids)?;
        types[at].by_tag = slots;
    }
    Ok(SchemaSet {
        kinds: file
            .types
            .iter()
            .zip(0..)
            .flat_map(|(row, i)| row.kinds.iter().map(move |k| (Box::from(*k), TypeId(i))))
            .collect(),
        by_name: ids.iter().map(|(n, id)| (Box::from(*n), *id)).collect(),
        names: builder.names,
        types,
        structure: None,
    })
}

/// What each protobuf tag of the struct at `at` holds.
fn slots(
    row: &TypeRow<'_>,
    at: usize,
    types: &[Struct],
    ids: &HashMap<&str, TypeId>,
) -> Result<Box<[(u32, Slot)]>, LoadError> {
    let this = &types[at];
    let mut slots: Vec<(u32, Slot)> = this
        .fields
        .iter()
        .zip(0..)
        .filter(|(field, _)| field.tag > 0)
        .map(|(field, i)| (field.tag, Slot::Field(i)))
        .collect();
    for (tag, name) in &row.embeds {
        let inner = *ids.get(name).ok_or_else(|| unknown(row.name, "", name))?;
        let positions = types[inner.0 as usize]
            .fields
            .iter()
            .map(|f| {
                let (outer, _) = this
                    .field(&f.name)
                    .ok_or_else(|| unknown(row.name, &f.name, name))?;
                Ok(u16::try_from(outer).unwrap_or(u16::MAX))
            })
            .collect::<Result<Box<[u16]>, LoadError>>()?;
        slots.push((*tag, Slot::Embedded(inner, positions)));
    }
    slots.sort_unstable_by_key(|(tag, _)| *tag);
    Ok(slots.into())
}

fn unknown(owner: &str, field: &str, expression: &str) -> LoadError {
    LoadError::Type {
        owner: owner.to_owned(),
        field: field.to_owned(),
        expression: expression.to_owned(),
    }
}

struct Builder<'a> {
    ids: &'a HashMap<&'a str, TypeId>,
    interned: HashMap<&'a str, NameId>,
    names: Vec<Box<str>>,
}

impl<'a> Builder<'a> {
    fn structure(&mut self, row: &TypeRow<'a>) -> Result<Struct, LoadError> {
        let fields = row
            .fields
            .iter()
            .map(|f| self.field(row.name, f))
            .collect::<Result<Box<[Field]>, _>>()?;
        let by_json = fields.iter().map(|f| f.name.clone()).zip(0..).collect();
        let filled = (0..)
            .zip(&fields)
            .filter(|(_, f)| f.always)
            .map(|(i, _)| i)
            .collect();
        Ok(Struct {
            name: row.name.into(),
            atomic: row.atomic,
            open: false,
            filled,
            fields,
            by_json,
            by_tag: Box::default(),
        })
    }

    fn field(&mut self, owner: &str, row: &FieldRow<'a>) -> Result<Field, LoadError> {
        Ok(Field {
            name: row.name.into(),
            key: self.intern(row.name),
            ty: self
                .parse(row.ty)
                .ok_or_else(|| unknown(owner, row.name, row.ty))?,
            tag: row.tag,
            pointer: row.pointer,
            always: row.always,
            required: row.required,
            enumeration: row.enumeration.iter().map(|v| Box::from(*v)).collect(),
            list: match row.list {
                "map" => ListType::Map,
                "set" => ListType::Set,
                _ => ListType::Atomic,
            },
            list_keys: row.keys.iter().map(|v| Box::from(*v)).collect(),
            atomic: row.atomic || row.ty == "RawExtension",
            merge_key: row.merge_key.into(),
            patch: PatchStrategy {
                merge: row.patch.split(',').any(|s| s == "merge"),
                retain_keys: row.patch.split(',').any(|s| s == "retainKeys"),
                replace: row.patch.split(',').any(|s| s == "replace"),
            },
            default: None,
            applies: Applies::default(),
        })
    }

    fn intern(&mut self, name: &'a str) -> NameId {
        let names = &mut self.names;
        *self.interned.entry(name).or_insert_with(|| {
            names.push(name.into());
            NameId(u32::try_from(names.len() - 1).unwrap_or(u32::MAX))
        })
    }

    /// Reads a type expression: `string`, `[]int32`, `map[]Quantity`, `items[]string`, a schema name.
    fn parse(&self, text: &str) -> Option<Type> {
        const SCHEMA: &str =
            "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";
        if let Some(item) = text.strip_prefix("[]") {
            return Some(Type::List(Box::new(self.parse(item)?)));
        }
        if let Some(item) = text.strip_prefix("map[]") {
            return Some(Type::Map(Box::new(self.parse(item)?)));
        }
        if let Some(item) = text.strip_prefix("items[]") {
            return Some(Type::WrappedList(Box::new(self.parse(item)?)));
        }
        Some(match text {
            "bool" => Type::Bool,
            "int32" => Type::Int32,
            "int64" => Type::Int64,
            "double" => Type::Double,
            "string" => Type::String,
            "bytes" => Type::Bytes,
            "Time" => Type::Time,
            "MicroTime" => Type::MicroTime,
            "Quantity" => Type::Quantity,
            "IntOrString" => Type::IntOrString,
            "JSON" => Type::Json,
            "RawExtension" => Type::RawExtension,
            "FieldsV1" => Type::FieldsV1,
            "JSONSchemaPropsOrBool" => Type::SchemaOrBool(*self.ids.get(SCHEMA)?),
            "JSONSchemaPropsOrArray" => Type::SchemaOrArray(*self.ids.get(SCHEMA)?),
            "JSONSchemaPropsOrStringArray" => Type::SchemaOrStrings(*self.ids.get(SCHEMA)?),
            name => Type::Struct(*self.ids.get(name)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_refer_to_each_other() {
        let data = br#"{"types":[
            {"name":"x.v1.A","kinds":["x/v1/A"],"embeds":[[1,"x.v1.B"]],"fields":[{"name":"items","type":"[]x.v1.B","tag":2},{"name":"b","type":"string"}]},
            {"name":"x.v1.B","fields":[{"name":"b","type":"string","tag":1,"pointer":true}]}]}"#;
        let set = load(data).unwrap();
        let a = set.get(set.kind("x/v1/A").unwrap());
        assert_eq!((a.short_name(), a.go_name()), ("A", "v1.A"));
        let b = set.named("x.v1.B").unwrap();
        assert_eq!(
            a.field("items").unwrap().1.ty.item(),
            Some(&Type::Struct(b))
        );
        assert!(
            matches!(a.slot(1), Some(Slot::Embedded(id, to)) if *id == b && to.as_ref() == [1])
        );
        assert!(set.get(b).field("b").unwrap().1.pointer);
        assert_eq!(a.field("b").unwrap().1.key, set.get(b).fields[0].key);
    }

    #[test]
    fn a_name_that_leads_nowhere_is_refused() {
        let data = br#"{"types":[{"name":"A","fields":[{"name":"b","type":"B"}]}]}"#;
        assert!(load(data).is_err());
    }
}
