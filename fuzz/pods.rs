//! The rules of pods, on whatever decodes as one.

#[path = "../rust/kfast-pod/tests/namespace/mod.rs"]
mod namespace;

use crate::schema::SCHEMA;
use kfast_pod as rules;
use kfast_pod::admission::Admission;
use kfast_schema::field::{Errors, Path};
use kfast_schema::metadata::Creation;
use kfast_schema::{MediaType, Validation, decode};
use std::sync::LazyLock;

static ADMISSION: LazyLock<Admission> = LazyLock::new(namespace::admission);

/// Creates the pod that `data` is, or the update from its first line to the rest: no panic; what is stored decodes, and
/// defaults change it no more.
pub fn check_pod(data: &[u8]) {
    let new = rules::NewPod {
        body: data,
        media: MediaType::Json,
        validation: Validation::Ignore,
        creation: Creation {
            namespace: Some("n"),
            uid: "u",
            timestamp: "2026-01-01T00:00:00Z",
            generation: true,
            drops_status: true,
        },
        suffix: "abcde",
        manager: "fuzz",
    };
    for admission in [&Admission::default(), &*ADMISSION] {
        check_new(admission, &new);
    }
    check_update(data);
}

fn check_new(admission: &Admission, new: &rules::NewPod<'_>) {
    if let Ok(prepared) = rules::prepare(&SCHEMA, admission, new)
        && prepared.violations.is_empty()
    {
        let stored = |bytes: &[u8]| {
            let filled = |(mut pod, _): kfast_schema::Decoded<'_>| {
                let before = pod.clone();
                rules::defaults::pod(&mut pod);
                assert_eq!(pod, before, "stored pods have their defaults");
            };
            decode(
                &SCHEMA,
                "v1/Pod",
                bytes,
                MediaType::Json,
                Validation::Strict,
                filled,
            )
        };
        stored(&prepared.bytes).expect("what is stored decodes");
    }
}

fn check_update(data: &[u8]) {
    let Some(at) = data.iter().position(|byte| *byte == b'\n') else {
        return;
    };
    let read = |bytes: &[u8]| {
        let owned = |(mut pod, _): kfast_schema::Decoded<'_>| {
            rules::defaults::pod(&mut pod);
            pod.into_owned()
        };
        decode(
            &SCHEMA,
            "v1/Pod",
            bytes,
            MediaType::Json,
            Validation::Ignore,
            owned,
        )
    };
    let (Ok(old), Ok(new)) = (read(&data[..at]), read(&data[at + 1..])) else {
        return;
    };
    let mut errors = Errors::new(&SCHEMA);
    rules::validate_update(&new, &old, &mut errors);
    rules::validate_status(&new, &old, &mut errors);
    rules::validate_ephemeral(&rules::prepare_ephemeral(&new, &old), &old, &mut errors);
    rules::validate_resize(&rules::prepare_resize(&new, &old), &old, &mut errors);
    rules::validate_template(&new, Some(&old), &Path::Root, &mut errors);
}
