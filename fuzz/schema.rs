//! What the targets of decoders and patches share: the schema of the wheel and the properties they check.

use flate2::read::GzDecoder;
use kfast_schema::apply::{FieldSet, Kind, Managers, Write};
use kfast_schema::patch::{PatchKind, apply};
use kfast_schema::structural;
use kfast_schema::{MediaType, SchemaSet, Validation, decode, encode, load, sniff};
use serde_json::Value;
use std::io::Read;
use std::sync::LazyLock;

/// The schema of the wheel.
pub static SCHEMA: LazyLock<SchemaSet> = LazyLock::new(|| {
    let packed: &[u8] = include_bytes!("../python/kfast/api/data/schema.json.gz");
    let mut data = Vec::new();
    GzDecoder::new(packed)
        .read_to_end(&mut data)
        .expect("the data is gzip");
    load(&data).expect("the data is current")
});

/// Kinds that between them use every type the schema has.
const KINDS: [&str; 6] = [
    "v1/Pod",
    "v1/Secret",
    "apps/v1/Deployment",
    "apiextensions.k8s.io/v1/CustomResourceDefinition",
    "authorization.k8s.io/v1/SubjectAccessReview",
    "v1/WatchEvent",
];

/// Reads `data` as an object: the first byte chooses the kind. What decodes must encode, and decode to itself.
pub fn check_decoder(data: &[u8], media: MediaType) {
    let Some((choice, body)) = data.split_first() else {
        return;
    };
    let key = KINDS[usize::from(*choice) % KINDS.len()];
    let read = |body: &[u8], media| {
        decode(&SCHEMA, key, body, media, Validation::Warn, |(value, _)| {
            value.to_json(&SCHEMA)
        })
    };
    let _ = sniff(body, media, key);
    let Ok(object) = read(body, media) else {
        return;
    };
    let again = read(object.to_string().as_bytes(), MediaType::Json);
    assert_eq!(again.as_ref(), Ok(&object), "JSON is a fixed point");
    encode(&SCHEMA, key, &object, MediaType::Protobuf).expect("what decodes encodes");
}

/// Kinds with every way of merging a list.
const PATCHED: [&str; 3] = ["v1/Pod", "apps/v1/Deployment", "v1/Service"];

/// Patches the first line of `data` with the second; the first byte chooses the kind. Returns original, patch and result
/// where both are JSON and the patch applies.
///
/// The result decodes or is refused, and a patch that says nothing changes nothing.
pub fn patched(data: &[u8], kind: PatchKind) -> Option<(Value, Value, Value)> {
    let (choice, rest) = data.split_first()?;
    let key = PATCHED[usize::from(*choice) % PATCHED.len()];
    let at = rest.iter().position(|byte| *byte == b'\n')?;
    let (text, patch) = (&rest[..at], &rest[at + 1..]);
    let original: Value = serde_json::from_slice(text).ok()?;
    original.as_object()?;
    let nothing: &[u8] = if kind == PatchKind::Json {
        b"[]"
    } else {
        b"{}"
    };
    let unchanged = apply(&SCHEMA, key, kind, text, nothing).expect("says nothing");
    assert_eq!(unchanged.value, original);
    let result = apply(&SCHEMA, key, kind, text, patch).ok()?.value;
    let body = result.to_string();
    let _ = decode(
        &SCHEMA,
        key,
        body.as_bytes(),
        MediaType::Json,
        Validation::Strict,
        |_| (),
    );
    Some((original, serde_json::from_slice(patch).ok()?, result))
}

/// The schema of a definition and, after a zero byte, an object: what compiles reads objects to the same twice.
pub fn check_structure(data: &[u8]) {
    let (schema, object) = data.split_at(data.iter().position(|b| *b == 0).unwrap_or(data.len()));
    let object = object.get(1..).unwrap_or_default();
    let _ = structural::definition::check(&SCHEMA, schema, "spec", true, None);
    let Ok(set) = structural::compile(&SCHEMA, "g/v1/K", schema, false) else {
        return;
    };
    let read = |body: &[u8]| {
        decode(
            &set,
            "g/v1/K",
            body,
            MediaType::Json,
            Validation::Ignore,
            |(value, _)| {
                // Compared as JSON: where in its object a default stands is not fixed.
                let json = serde_json::from_slice::<Value>(&value.canonical(&set));
                (
                    json.expect("it is JSON"),
                    structural::validate(&set, &value),
                )
            },
        )
    };
    if let Ok(first) = read(object) {
        let again = read(first.0.to_string().as_bytes()).expect("what was read reads again");
        assert_eq!(again, first);
    }
}

/// Applies the second line of `data` to the first, with the third as managed fields; the first byte chooses the kind.
///
/// What is written of managers reads back; applying the same again changes nothing of the object.
pub fn check_apply(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else {
        return;
    };
    let mut lines = rest.splitn(3, |byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let key = PATCHED[usize::from(*choice) % PATCHED.len()];
    let canonical = |body: &[u8]| {
        let written = |(value, _): kfast_schema::Decoded<'_>| value.canonical(&SCHEMA);
        decode(
            &SCHEMA,
            key,
            body,
            MediaType::Json,
            Validation::Ignore,
            written,
        )
    };
    let Ok(live) = canonical(line()) else {
        return;
    };
    let live: Value = serde_json::from_slice(&live).expect("it is JSON");
    let Ok(config @ Value::Object(_)) = serde_json::from_slice::<Value>(line()) else {
        return;
    };
    let fields = std::str::from_utf8(line()).ok().and_then(Managers::read);
    let mut managers = fields.unwrap_or_default();
    let reread = |managers: &Managers| {
        let text = managers.to_json();
        let again = Managers::read(&text).unwrap_or_default();
        assert_eq!(again.to_json(), text, "managed fields are a fixed point");
    };
    reread(&managers);
    let kind = Kind {
        set: &SCHEMA,
        id: SCHEMA.kind(key).expect("it is a kind"),
    };
    let nothing = FieldSet::default();
    let write = Write {
        manager: "fuzz",
        version: key.rsplit_once('/').map_or(key, |(version, _)| version),
        subresource: "",
        now: "2026-01-01T00:00:00Z",
        ignored: &nothing,
    };
    let Ok(merged) = kind.apply(Some(&live), &config, &mut managers, &write, true) else {
        return;
    };
    reread(&managers);
    let merged = merged.unwrap_or_else(|| live.clone());
    let again = kind
        .apply(Some(&merged), &config, &mut managers, &write, true)
        .expect("it applied once");
    assert!(again.is_none_or(|again| again == merged), "applied twice");
    kind.update(&live, &merged, &mut managers, &write);
    reread(&managers);
}
