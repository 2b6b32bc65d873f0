//! A schema as the types that trees, patches and server-side apply work with.

use super::schema::{Names, Property, read};
use super::{JsonType, Schema, Structure, StructureError};
use crate::model::{Applies, Field, NameId, PatchStrategy, SchemaSet, Slot, Struct, Type, TypeId};
use std::collections::HashMap;

const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// The types of one version of a custom resource; `key` is `group/version/Kind`, `schema` its `openAPIV3Schema` as JSON.
/// Types of metadata are those of `base`.
///
/// # Errors
/// JSON that is no schema.
pub fn compile(
    base: &SchemaSet,
    key: &str,
    schema: &[u8],
    preserve_unknown: bool,
) -> Result<SchemaSet, StructureError> {
    let text = String::from_utf8_lossy(schema);
    let json = crate::free_json(&text).map_err(StructureError)?;
    let mut names = Names::new();
    let schema = read(&mut names, &json)?;
    let mut builder = Builder {
        base,
        types: Vec::new(),
        copied: HashMap::new(),
        metadata: TypeId(0),
        names,
    };
    let metadata = base
        .named(OBJECT_META)
        .ok_or_else(|| StructureError(format!("the base has no {OBJECT_META}")))?;
    builder.metadata = builder.copy(metadata);
    let mut parts = key.rsplit('/');
    let kind = parts.next().unwrap_or_default();
    let version = parts.next().unwrap_or_default();
    let group = parts.next().unwrap_or_default();
    let name = format!("{group}.{version}.{kind}");
    let id = builder.structure(&name, &schema, true);
    if preserve_unknown {
        builder.types[id.0 as usize].open = true;
    }
    let Builder {
        types,
        names,
        metadata,
        ..
    } = builder;
    Ok(SchemaSet {
        by_name: std::iter::once((name.into(), id)).collect(),
        kinds: std::iter::once((key.into(), id)).collect(),
        types,
        names: names.texts,
        structure: Some(Box::new(Structure {
            schema,
            metadata,
            preserve_unknown,
        })),
    })
}

struct Builder<'b> {
    base: &'b SchemaSet,
    types: Vec<Struct>,
    /// Types of `base` that are here, too.
    copied: HashMap<TypeId, TypeId>,
    metadata: TypeId,
    names: Names,
}

impl Builder<'_> {
    fn place(&mut self) -> TypeId {
        let id = TypeId(u32::try_from(self.types.len()).unwrap_or(u32::MAX));
        self.types.push(Struct::default());
        id
    }

    /// A type of `base`, and those it refers to.
    fn copy(&mut self, id: TypeId) -> TypeId {
        if let Some(known) = self.copied.get(&id) {
            return *known;
        }
        let new = self.place();
        self.copied.insert(id, new);
        let from = self.base.get(id);
        let mut fields = from.fields.clone();
        for field in &mut fields {
            field.key = self.names.intern(&field.name);
            field.ty = self.copied_type(&field.ty);
        }
        let slots = from.by_tag.iter().filter_map(|(tag, slot)| match slot {
            Slot::Field(at) => Some((*tag, Slot::Field(*at))),
            Slot::Embedded(..) => None,
        });
        self.types[new.0 as usize] = Struct {
            name: from.name.clone(),
            atomic: from.atomic,
            open: false,
            fields,
            by_json: from.by_json.clone(),
            by_tag: slots.collect(),
            filled: from.filled.clone(),
        };
        new
    }

    fn copied_type(&mut self, ty: &Type) -> Type {
        match ty {
            Type::Struct(id) => Type::Struct(self.copy(*id)),
            Type::List(item) => Type::List(Box::new(self.copied_type(item))),
            Type::Map(item) => Type::Map(Box::new(self.copied_type(item))),
            other => other.clone(),
        }
    }

    /// The struct of an object; a resource has metadata.
    fn structure(&mut self, name: &str, schema: &Schema, resource: bool) -> TypeId {
        let id = self.place();
        let mut fields: Vec<Field> = Vec::with_capacity(schema.properties.len() + 3);
        if resource {
            for (name, ty) in [
                ("apiVersion", Type::String),
                ("kind", Type::String),
                ("metadata", Type::Struct(self.metadata)),
            ] {
                let key = self.names.intern(name);
                fields.push(field(name, key, ty, &Schema::default()));
            }
        }
        for Property {
            name: property,
            key,
            schema,
        } in &schema.properties
        {
            if !resource || !matches!(property.as_ref(), "apiVersion" | "kind" | "metadata") {
                let ty = self.ty(&format!("{name}.{property}"), schema);
                fields.push(field(property, *key, ty, schema));
            }
        }
        let by_json = fields.iter().map(|f| f.name.clone()).zip(0..).collect();
        self.types[id.0 as usize] = Struct {
            name: name.into(),
            atomic: schema.atomic,
            open: schema.preserve,
            fields: fields.into(),
            by_json,
            ..Struct::default()
        };
        id
    }

    fn ty(&mut self, name: &str, schema: &Schema) -> Type {
        let list = |this: &mut Self| {
            let item = schema.items.as_ref();
            let item = item.map_or(Type::RawExtension, |item| this.ty(name, item));
            Type::List(Box::new(item))
        };
        if schema.int_or_string {
            return Type::IntOrString;
        }
        if schema.embedded || !schema.properties.is_empty() {
            let resource = schema.embedded;
            return Type::Struct(self.structure(name, schema, resource));
        }
        if let Some(of) = schema.others() {
            return Type::Map(Box::new(self.ty(name, of)));
        }
        match schema.ty {
            Some(JsonType::Array) => list(self),
            Some(JsonType::Boolean) => Type::Bool,
            Some(JsonType::Integer) => Type::Int64,
            Some(JsonType::Number) => Type::Double,
            Some(JsonType::String) => Type::String,
            _ if schema.preserve || schema.additional.is_some() || schema.ty.is_none() => {
                Type::RawExtension
            }
            _ => Type::Struct(self.structure(name, schema, false)),
        }
    }
}

fn field(name: &str, key: NameId, ty: Type, schema: &Schema) -> Field {
    let applies = match (&ty, schema.ty) {
        (Type::RawExtension, Some(JsonType::Object)) => Applies::Object,
        (Type::String, _) if has_format(schema) => Applies::Scalar,
        _ => Applies::Typed,
    };
    Field {
        name: name.into(),
        key,
        ty,
        tag: 0,
        pointer: true,
        always: false,
        required: false,
        enumeration: Box::default(),
        list: schema.list,
        list_keys: schema.list_keys.clone(),
        atomic: schema.atomic,
        merge_key: Box::default(),
        patch: PatchStrategy::default(),
        default: schema.default.clone(),
        applies,
    }
}

fn has_format(schema: &Schema) -> bool {
    let format = schema.checks.as_ref().and_then(|c| c.format.as_ref());
    format.is_some_and(|f| &*f.name != "byte")
}
