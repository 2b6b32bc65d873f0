//! Reading one value out of JSON bytes without decoding the rest.

use serde_json::value::RawValue;
use std::collections::HashMap;

/// The raw JSON at `path` (keys from the root), or `None` where a key is absent or a parent is no object.
#[must_use]
pub fn lookup<'a>(bytes: &'a [u8], path: &[&str]) -> Option<&'a str> {
    let mut raw: &'a str = std::str::from_utf8(bytes).ok()?;
    for key in path {
        let map: HashMap<std::borrow::Cow<'a, str>, &'a RawValue> =
            serde_json::from_str(raw).ok()?;
        raw = map.get(*key)?.get();
    }
    Some(raw)
}

/// The value at `path` as a selector sees it: strings unquoted, numbers and booleans as written,
/// `None` where absent, null, or an object or array.
#[must_use]
pub fn scalar(bytes: &[u8], path: &[&str]) -> Option<String> {
    let raw = lookup(bytes, path)?;
    match raw.as_bytes().first()? {
        b'"' => serde_json::from_str(raw).ok(),
        b'{' | b'[' | b'n' => None,
        _ => Some(raw.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_nested_values() {
        let bytes = br#"{"spec":{"nodeName":"n\u0031","hostNetwork":true,"x":{}}}"#;
        assert_eq!(scalar(bytes, &["spec", "nodeName"]).as_deref(), Some("n1"));
        assert_eq!(
            scalar(bytes, &["spec", "hostNetwork"]).as_deref(),
            Some("true")
        );
        assert_eq!(scalar(bytes, &["spec", "x"]), None);
        assert_eq!(scalar(bytes, &["status", "phase"]), None);
        assert_eq!(lookup(bytes, &["spec", "x"]), Some("{}"));
    }
}
