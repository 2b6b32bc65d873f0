//! `metadata.managedFields` as text beside the object: most writes need not read what they say.

use crate::{Splices, path};
use std::ops::Range;

const PATH: [&str; 2] = ["metadata", "managedFields"];
const KEY: &[u8] = b"\"managedFields\":";

/// The JSON of `metadata.managedFields`; empty if there are none.
#[must_use]
pub fn managed_fields(bytes: &[u8]) -> &[u8] {
    path::place(bytes, &PATH).map_or(&[], |place| &bytes[place])
}

/// Where the `fieldsV1` of each entry of `metadata.managedFields` lie, with the number of the entry.
pub(crate) fn fields_of_managers(bytes: &[u8], found: impl FnMut(usize, Range<usize>)) {
    path::in_elements(bytes, &PATH, "fieldsV1", found);
}

/// Compact JSON of an object without `metadata.managedFields`.
#[must_use]
pub fn without_managed_fields(bytes: &[u8]) -> Vec<u8> {
    let Some(place) = path::place(bytes, &PATH) else {
        return bytes.to_vec();
    };
    let before = bytes[..place.start].strip_suffix(KEY);
    let (mut start, mut end) = (before.map_or(place.start, <[u8]>::len), place.end);
    if bytes[..start].ends_with(b",") {
        start -= 1;
    } else if bytes.get(end) == Some(&b',') {
        end += 1;
    }
    [&bytes[..start], &bytes[end..]].concat()
}

/// Compact JSON of an object that has no `metadata.managedFields` with these; as it is if they are empty.
#[must_use]
pub fn with_managed_fields(bytes: &[u8], managed: &str) -> Vec<u8> {
    let mut splices = Splices::new(bytes);
    if let (Some(metadata), false) = (path::place(bytes, &PATH[..1]), managed.is_empty()) {
        splices.append(&metadata, &format!("\"managedFields\":{managed}"));
    }
    splices.apply()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_taken_out_and_put_back() {
        for (whole, bare) in [
            (
                r#"{"metadata":{"name":"a","managedFields":[{"x":","}]},"spec":1}"#,
                r#"{"metadata":{"name":"a"},"spec":1}"#,
            ),
            (
                r#"{"kind":"managedFields","metadata":{"managedFields":[1]}}"#,
                r#"{"kind":"managedFields","metadata":{}}"#,
            ),
        ] {
            let managed = std::str::from_utf8(managed_fields(whole.as_bytes())).unwrap();
            assert_eq!(without_managed_fields(whole.as_bytes()), bare.as_bytes());
            assert_eq!(
                with_managed_fields(bare.as_bytes(), managed),
                whole.as_bytes()
            );
            assert_eq!(without_managed_fields(bare.as_bytes()), bare.as_bytes());
            assert_eq!(with_managed_fields(bare.as_bytes(), ""), bare.as_bytes());
            assert!(managed_fields(bare.as_bytes()).is_empty());
        }
        let first = br#"{"metadata":{"managedFields":[],"name":"a"}}"#;
        assert_eq!(
            without_managed_fields(first),
            br#"{"metadata":{"name":"a"}}"#
        );
    }
}
