//! Canonical JSON: compact, `apiVersion`, `kind`, `metadata` first and in that order. The fixed start
//! lets a list drop `apiVersion` and `kind` from its items, and a write receive its revision, by
//! slicing alone.

use crate::{ObjectError, Result, Revision};
use serde_json::value::RawValue;

/// Puts `"resourceVersion":"REV"` first into the metadata of canonical `bytes` that carry none.
///
/// # Errors
/// `Malformed` if the bytes hold no `"metadata":{` at their top level start.
pub fn splice_revision(bytes: &[u8], revision: Revision) -> Result<Vec<u8>> {
    const MARK: &[u8] = b"\"metadata\":{";
    let at = bytes
        .windows(MARK.len())
        .position(|w| w == MARK)
        .ok_or_else(|| ObjectError::Malformed("no metadata".into()))?
        + MARK.len();
    let mut out = Vec::with_capacity(bytes.len() + 44);
    out.extend_from_slice(&bytes[..at]);
    out.extend_from_slice(b"\"resourceVersion\":\"");
    out.extend_from_slice(revision.to_string().as_bytes());
    out.push(b'"');
    if bytes.get(at) != Some(&b'}') {
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

/// Cuts the body of a `*List` into its metadata (raw JSON), its `kind` and its raw items.
///
/// # Errors
/// `Malformed` if the body is not a JSON object with an `items` array.
pub fn split_list(body: &[u8]) -> Result<(String, String, String, Vec<&str>)> {
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
    let list: List<'_> =
        serde_json::from_slice(body).map_err(|e| ObjectError::Malformed(e.to_string()))?;
    Ok((
        list.api_version,
        list.kind,
        list.metadata
            .map_or_else(|| "{}".to_owned(), |m| m.get().to_owned()),
        list.items
            .unwrap_or_default()
            .into_iter()
            .map(RawValue::get)
            .collect(),
    ))
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
        assert!(splice_revision(b"{}", 1).is_err());
    }
}
