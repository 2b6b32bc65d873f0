//! What the targets of the decoders share: the schema of the wheel and the property they check.

use flate2::read::GzDecoder;
use kfast_schema::{MediaType, SchemaSet, Validation, decode, encode, load, sniff};
use std::io::Read;
use std::sync::LazyLock;

static SCHEMA: LazyLock<SchemaSet> = LazyLock::new(|| {
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
pub fn check(data: &[u8], media: MediaType) {
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
