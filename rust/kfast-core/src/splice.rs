//! Small changes of JSON text: what stays is copied, nothing is decoded.

use crate::path;
use std::ops::Range;

/// Changes of one text, gathered in any order and then made all at once. They must not overlap.
#[derive(Debug)]
pub struct Splices<'a> {
    bytes: &'a [u8],
    changes: Vec<(Range<usize>, String)>,
}

impl<'a> Splices<'a> {
    /// No change yet.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            changes: Vec::with_capacity(4),
        }
    }

    /// The text of a place.
    #[must_use]
    pub fn text(&self, place: &Range<usize>) -> &'a [u8] {
        self.bytes.get(place.clone()).unwrap_or_default()
    }

    /// The place of a member of the object at `parent`.
    #[must_use]
    pub fn member(&self, parent: &Range<usize>, key: &str) -> Option<Range<usize>> {
        let found = path::members(self.text(parent)).find(|(name, _)| name == key);
        found.map(|(_, place)| shifted(&place, parent.start))
    }

    /// The places of the elements of the array at `parent`.
    pub fn elements(&self, parent: &Range<usize>) -> impl Iterator<Item = Range<usize>> + use<'a> {
        let start = parent.start;
        path::elements(self.text(parent)).map(move |place| shifted(&place, start))
    }

    /// Puts `json` in the place of what is there.
    pub fn replace(&mut self, place: Range<usize>, json: String) {
        self.changes.push((place, json));
    }

    /// Adds `json`, an element or a member with its key, at the end of the array or object at `parent`.
    pub fn append(&mut self, parent: &Range<usize>, json: &str) {
        let end = parent.end.saturating_sub(1);
        let inner = self.text(&(parent.start + 1..end));
        let comma = if inner.trim_ascii().is_empty() {
            ""
        } else {
            ","
        };
        self.changes.push((end..end, format!("{comma}{json}")));
    }

    /// Where a place will lie in the changed text. Every change must be in it or outside of it as a whole.
    #[must_use]
    pub fn moved(&self, place: &Range<usize>) -> Range<usize> {
        let (mut start, mut end) = (place.start, place.end);
        for (changed, json) in &self.changes {
            if changed.end <= place.start {
                start = start + json.len() - changed.len();
            }
            if changed.start < place.end {
                end = end + json.len() - changed.len();
            }
        }
        start..end
    }

    /// The changed text.
    #[must_use]
    pub fn apply(mut self) -> Vec<u8> {
        self.changes.sort_by_key(|(place, _)| place.start);
        let longer: usize = self.changes.iter().map(|(_, json)| json.len()).sum();
        let mut out = Vec::with_capacity(self.bytes.len() + longer);
        let mut done = 0;
        for (place, json) in self.changes {
            out.extend_from_slice(&self.bytes[done..place.start]);
            out.extend_from_slice(json.as_bytes());
            done = place.end;
        }
        out.extend_from_slice(&self.bytes[done..]);
        out
    }
}

fn shifted(place: &Range<usize>, by: usize) -> Range<usize> {
    place.start + by..place.end + by
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_made_where_they_belong() {
        let text = br#"{"a":{"b":1},"l":[{"x":1},2],"e":{},"n":[]}"#;
        let mut splices = Splices::new(text);
        let root = 0..text.len();
        let at = |s: &Splices<'_>, key| s.member(&root, key).unwrap();
        let (a, l, e, n) = (
            at(&splices, "a"),
            at(&splices, "l"),
            at(&splices, "e"),
            at(&splices, "n"),
        );
        assert_eq!(splices.member(&a, "c"), None);
        let second = splices.elements(&l).nth(1).unwrap();
        splices.append(&root, "\"z\":0");
        splices.append(&e, "\"k\":1");
        splices.append(&n, "5");
        splices.replace(second, "[]".into());
        splices.append(&a, "\"c\":2");
        let want = br#"{"a":{"b":1,"c":2},"l":[{"x":1},[]],"e":{"k":1},"n":[5],"z":0}"#;
        let moved = [a, l, e, n, root].map(|place| splices.moved(&place));
        assert_eq!(splices.apply(), want);
        let texts = moved.map(|place| std::str::from_utf8(&want[place]).unwrap());
        let all = std::str::from_utf8(want).unwrap();
        let parts = [r#"{"b":1,"c":2}"#, r#"[{"x":1},[]]"#, r#"{"k":1}"#, "[5]"];
        assert_eq!(texts[..4], parts);
        assert_eq!(texts[4], all);
    }
}
