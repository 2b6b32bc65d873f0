//! Custom kinds for tests.

use kfast_schema::structural::compile;
use kfast_schema::{SchemaSet, load};
use serde_json::{Value as Json, json};

/// The kind `key` with this schema.
pub fn defined(key: &str, schema: &Json) -> SchemaSet {
    let base = br#"{"types":[{"name":"io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta","fields":[
        {"name":"name","type":"string"},{"name":"labels","type":"map[]string"}]}]}"#;
    let (base, schema) = (load(base).unwrap(), schema.to_string());
    compile(&base, key, schema.as_bytes(), false).unwrap()
}

/// The kind `key` with this schema of its spec.
pub fn with_spec(key: &str, spec: &Json) -> SchemaSet {
    defined(
        key,
        &json!({"type": "object", "properties": {"spec": spec}}),
    )
}
