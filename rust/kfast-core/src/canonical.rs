//! Canonical JSON: compact, `apiVersion`, `kind`, `metadata` first and in that order. The fixed start
//! lets a list drop `apiVersion` and `kind` from its items, and a write receive its revision, by
//! slicing alone.

use crate::members::Members;
use crate::{Object, ObjectError, Result, Revision};
use serde_json::value::RawValue;

/// Puts `"resourceVersion":"REV"` first into the metadata of canonical `bytes` that carry none.
///
/// # Errors
/// `Malformed` if the bytes are no object with a `metadata` object.
pub fn splice_revision(bytes: &[u8], revision: Revision) -> Result<Vec<u8>> {
    let metadata = crate::path::lookup(bytes, &["metadata"]);
    let members = metadata
        .and_then(|raw| raw.strip_prefix('{'))
        .ok_or_else(|| ObjectError::Malformed("no metadata".into()))?;
    let at = members.as_ptr().addr() - bytes.as_ptr().addr();
    let mut out = Vec::with_capacity(bytes.len() + 44);
    out.extend_from_slice(&bytes[..at]);
    out.extend_from_slice(b"\"resourceVersion\":\"");
    out.extend_from_slice(revision.to_string().as_bytes());
    out.push(b'"');
    if !members.trim_start().starts_with('}') {
        out.push(b',');
    }
    out.extend_from_slice(&bytes[at..]);
    Ok(out)
}

/// The bytes with `metadata.resourceVersion` replaced, or put in if absent; unchanged if there is no metadata.
pub(crate) fn set_revision(bytes: &[u8], revision: Revision) -> Vec<u8> {
    let Some(old) = crate::path::lookup(bytes, &["metadata", "resourceVersion"]) else {
        return splice_revision(bytes, revision).unwrap_or_else(|_| bytes.to_vec());
    };
    let start = old.as_ptr().addr() - bytes.as_ptr().addr();
    let text = format!("\"{revision}\"");
    [
        &bytes[..start],
        text.as_bytes(),
        &bytes[start + old.len()..],
    ]
    .concat()
}

/// Cuts the body of a `*List` into its metadata (raw JSON) and its objects. Items that do not start with
/// `apiVersion` or `kind` get the list's, as a typed list leaves them out.
///
/// # Errors
/// `Malformed` if the body is not a JSON object, or an item no object.
pub fn read_list(body: &[u8]) -> Result<(String, Vec<Object>)> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct List<'a> {
        #[serde(default)]
        api_version: String,
        #[serde(default)]
        kind: String,
        #[serde(borrow, default)]
        metadata: Option<&'a RawValue>,
        #[serde(borrow, default)]
        items: Option<Vec<&'a RawValue>>,
    }
    let malformed = |e: serde_json::Error| ObjectError::Malformed(e.to_string());
    let text = std::str::from_utf8(body).map_err(|e| ObjectError::Malformed(e.to_string()))?;
    let Members::<List<'_>>(list) = serde_json::from_str(text).map_err(malformed)?;
    let json = |text: &str| serde_json::to_string(text).map_err(malformed);
    let kind = list.kind.strip_suffix("List").unwrap_or(&list.kind);
    let (api_version, kind) = (json(&list.api_version)?, json(kind)?);
    let object = |item: &RawValue| {
        let item = item.get();
        let members = item.strip_prefix('{').unwrap_or_default();
        if members.starts_with("\"apiVersion\":") || members.starts_with("\"kind\":") {
            return Object::parse(item.as_bytes());
        }
        let whole = format!("{{\"apiVersion\":{api_version},\"kind\":{kind},{members}");
        Object::parse(whole.into_bytes())
    };
    let items = list.items.unwrap_or_default();
    let objects = items.into_iter().map(object).collect::<Result<_>>()?;
    let metadata = list.metadata.map_or("{}", RawValue::get);
    Ok((metadata.to_owned(), objects))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revision_goes_first_into_metadata() {
        let bytes = br#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}"#;
        assert_eq!(
            splice_revision(bytes, 7).unwrap(),
            br#"{"apiVersion":"v1","kind":"Pod","metadata":{"resourceVersion":"7","name":"a"}}"#
        );
        assert_eq!(
            splice_revision(br#"{"metadata":{}}"#, 1).unwrap(),
            br#"{"metadata":{"resourceVersion":"1"}}"#
        );
        let later = br#"{"spec":{"metadata":{}},"metadata":{ }}"#;
        assert_eq!(
            splice_revision(later, 1).unwrap(),
            br#"{"spec":{"metadata":{}},"metadata":{"resourceVersion":"1" }}"#
        );
        assert!(splice_revision(b"{}", 1).is_err());
        assert!(splice_revision(br#"{"metadata":1}"#, 1).is_err());
    }

    #[test]
    fn items_of_a_list_know_their_kind() {
        let body = br#"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"3"},
            "items":[{"metadata":{"name":"a"}},{"kind":"Pod","apiVersion":"v1","metadata":{"name":"b"}}]}"#;
        let (metadata, objects) = read_list(body).unwrap();
        assert_eq!(metadata, r#"{"resourceVersion":"3"}"#);
        let texts = objects
            .iter()
            .map(|o| (o.api_version(), o.kind(), o.name()));
        assert_eq!(
            texts.collect::<Vec<_>>(),
            [("v1", "Pod", "a"), ("v1", "Pod", "b")]
        );
        assert!(read_list(br#"{"items":null}"#).unwrap().1.is_empty());
        for bad in [
            "[]",
            r#"{"items":[1]}"#,
            r#"{"items":[{}]}"#,
            r#"{"items":["{"]}"#,
        ] {
            assert!(read_list(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
