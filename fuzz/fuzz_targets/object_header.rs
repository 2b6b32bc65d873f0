//! The header of stored objects and its changes by slicing; lists taken apart.
#![no_main]

use kfast_core::path::lookup;
use kfast_core::{Object, read_list, splice_revision};
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;

fn check(object: &Object) {
    let moved = object.with_revision(7);
    let again = Object::parse(moved.bytes()).expect("still an object");
    assert_eq!((again.revision(), moved.revision()), (7, 7));
    assert_eq!((again.name(), again.uid()), (object.name(), object.uid()));
    assert_eq!(again.labels(), object.labels());
    if let Some(bare) = object.bare() {
        let item = [b"{", bare].concat();
        serde_json::from_slice::<IgnoredAny>(&item).expect("a list item is JSON");
    }
    for (key, value) in object.labels() {
        assert_eq!(object.label(key), Some(value.as_ref()));
    }
    let _ = object.owner_references();
    if object.revision() == 0 && !has_version(object) {
        let spliced = splice_revision(object.bytes(), 9).expect("it has metadata");
        assert_eq!(
            Object::parse(spliced).expect("still an object").revision(),
            9
        );
    }
}

fn has_version(object: &Object) -> bool {
    lookup(object.bytes(), &["metadata", "resourceVersion"]).is_some()
}

fuzz_target!(|data: &[u8]| {
    if let Ok(object) = Object::parse(data) {
        check(&object);
    }
    if let Ok((metadata, objects)) = read_list(data) {
        serde_json::from_str::<IgnoredAny>(&metadata).expect("metadata is JSON");
        objects.iter().for_each(check);
    }
});
