//! Reading values out of JSON bytes in one pass, without decoding the rest.

use std::borrow::Cow;
use std::ops::Range;

/// The raw JSON at `path` (keys from the root), or `None` where a key is absent or a parent is no object.
#[must_use]
pub fn lookup<'a>(bytes: &'a [u8], path: &[&str]) -> Option<&'a str> {
    std::str::from_utf8(bytes.get(place(bytes, path)?)?).ok()
}

/// Where the JSON at `path` lies.
#[must_use]
pub fn place(bytes: &[u8], path: &[&str]) -> Option<Range<usize>> {
    let mut scan = Scan { bytes, at: 0 };
    for key in path {
        scan.enter()?;
        while scan.key()? != *key {
            scan.skip()?;
            scan.next_member()?;
        }
    }
    scan.place()
}

/// The value at `path` as a selector sees it: strings unquoted, numbers and booleans as written,
/// `None` where absent, null, or an object or array.
#[must_use]
pub fn scalar(bytes: &[u8], path: &[&str]) -> Option<String> {
    unquote(lookup(bytes, path)?.as_bytes()).map(Cow::into_owned)
}

fn unquote(raw: &[u8]) -> Option<Cow<'_, str>> {
    match raw.first()? {
        b'"' if memchr::memchr(b'\\', raw).is_none() => {
            std::str::from_utf8(raw.get(1..raw.len() - 1)?)
                .ok()
                .map(Cow::Borrowed)
        }
        b'"' => serde_json::from_slice(raw).ok().map(Cow::Owned),
        b'{' | b'[' | b'n' => None,
        _ => std::str::from_utf8(raw).ok().map(Cow::Borrowed),
    }
}

/// Dotted paths that are read together: however many, the bytes are passed over once.
#[derive(Clone, Debug, Default)]
pub struct Paths(Box<[Box<[Box<str>]>]>);

impl Paths {
    /// Paths such as `spec.nodeName`; a leading dot is ignored.
    pub fn new<'a>(dotted: impl IntoIterator<Item = &'a str>) -> Self {
        let split = |path: &str| {
            path.trim_start_matches('.')
                .split('.')
                .map(Into::into)
                .collect()
        };
        Self(dotted.into_iter().map(split).collect())
    }

    /// Calls `found(index of the path, value)` for each path that leads to a scalar, in order of occurrence.
    pub fn read<'a>(&self, bytes: &'a [u8], mut found: impl FnMut(usize, Cow<'a, str>)) {
        let all: Vec<usize> = (0..self.0.len()).collect();
        if !all.is_empty() {
            let _ = self.walk(&mut Scan { bytes, at: 0 }, 0, &all, &mut found);
        }
    }

    /// Passes over one object in which the paths `active` have their key number `depth`.
    fn walk<'a>(
        &self,
        scan: &mut Scan<'a>,
        depth: usize,
        active: &[usize],
        found: &mut impl FnMut(usize, Cow<'a, str>),
    ) -> Option<()> {
        if !scan.enter_or_close()? {
            return Some(());
        }
        loop {
            let key = scan.key()?;
            let here: Vec<usize> = active
                .iter()
                .copied()
                .filter(|i| self.0[*i].get(depth).is_some_and(|k| k.as_ref() == key))
                .collect();
            let descends = here.iter().any(|i| self.0[*i].len() > depth + 1);
            if descends && scan.peek()? == b'{' {
                self.walk(scan, depth + 1, &here, found)?;
            } else {
                let raw = scan.value()?;
                for i in here.iter().filter(|i| self.0[**i].len() == depth + 1) {
                    if let Some(text) = unquote(raw) {
                        found(*i, text);
                    }
                }
            }
            if !scan.more()? {
                return Some(());
            }
        }
    }
}

/// The members of a JSON object in order, each key with the place of its value. Ends where `bytes` are no object.
pub fn members(bytes: &[u8]) -> impl Iterator<Item = (Cow<'_, str>, Range<usize>)> {
    let mut scan = Scan { bytes, at: 0 };
    let mut open = scan.enter().is_some();
    std::iter::from_fn(move || {
        if !open {
            return None;
        }
        let key = scan.key()?;
        let place = scan.place()?;
        open = scan.more() == Some(true);
        Some((key, place))
    })
}

/// The places of the elements of a JSON array in order. Ends where `bytes` are no array.
pub fn elements(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut scan = Scan { bytes, at: 0 };
    let mut open = scan.eat(b'[').is_some() && scan.peek() != Some(b']');
    std::iter::from_fn(move || {
        if !open {
            return None;
        }
        let place = scan.place()?;
        open = scan.more() == Some(true);
        Some(place)
    })
}

/// The places of a member of the objects in the array at a path, with the number of the object, in order and in one pass.
pub fn in_elements(
    bytes: &[u8],
    path: &[&str],
    member: &str,
    mut found: impl FnMut(usize, Range<usize>),
) {
    let mut scan = Scan { bytes, at: 0 };
    let mut pass = || {
        for name in path {
            scan.enter()?;
            while scan.key()? != *name {
                scan.skip()?;
                scan.next_member()?;
            }
        }
        scan.eat(b'[')?;
        for number in 0.. {
            if scan.enter_or_close()? {
                loop {
                    let wanted = scan.key()? == member;
                    let place = scan.place()?;
                    if wanted {
                        found(number, place);
                    }
                    if !scan.more()? {
                        break;
                    }
                }
            }
            scan.next_member()?;
        }
        Some(())
    };
    // Ends with the array, or where there is none.
    let _ = pass();
}

/// A position in JSON text. Every step returns `None` where the text ends or is no JSON.
struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scan<'a> {
    fn peek(&mut self) -> Option<u8> {
        while matches!(self.bytes.get(self.at)?, b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
        Some(self.bytes[self.at])
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Steps into an object that has members.
    fn enter(&mut self) -> Option<()> {
        self.eat(b'{')?;
        (self.peek()? == b'"').then_some(())
    }

    /// Steps into an object; false, and past it, if it is empty.
    fn enter_or_close(&mut self) -> Option<bool> {
        self.eat(b'{')?;
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(false);
        }
        Some(true)
    }

    /// Steps to the next member; `None` at the end of the object.
    fn next_member(&mut self) -> Option<()> {
        self.eat(b',')
    }

    /// Whether another member or element follows; steps past the comma or the closing bracket.
    fn more(&mut self) -> Option<bool> {
        let byte = self.peek()?;
        self.at += 1;
        match byte {
            b',' => Some(true),
            b'}' | b']' => Some(false),
            _ => None,
        }
    }

    /// Reads a key and its colon.
    fn key(&mut self) -> Option<Cow<'a, str>> {
        self.peek()?;
        let start = self.at;
        self.skip_string()?;
        let raw = &self.bytes[start..self.at];
        self.eat(b':')?;
        unquote(raw)
    }

    /// The raw bytes of the value here, and past it.
    fn value(&mut self) -> Option<&'a [u8]> {
        self.place().and_then(|place| self.bytes.get(place))
    }

    /// Where the value here lies, and past it.
    fn place(&mut self) -> Option<Range<usize>> {
        self.peek()?;
        let start = self.at;
        self.skip()?;
        Some(start..self.at)
    }

    fn skip_string(&mut self) -> Option<()> {
        self.eat(b'"')?;
        loop {
            let rest = self.bytes.get(self.at..)?;
            self.at += memchr::memchr2(b'"', b'\\', rest)? + 1;
            if self.bytes[self.at - 1] == b'"' {
                return Some(());
            }
            self.at += 1;
        }
    }

    fn skip(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.skip_string(),
            b'{' | b'[' => self.skip_nested(),
            b',' | b':' | b'}' | b']' => None,
            _ => {
                while !matches!(
                    self.bytes.get(self.at),
                    None | Some(b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t')
                ) {
                    self.at += 1;
                }
                Some(())
            }
        }
    }

    fn skip_nested(&mut self) -> Option<()> {
        let mut depth = 0usize;
        loop {
            match self.bytes.get(self.at)? {
                b'"' => {
                    self.skip_string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POD: &[u8] = br#"{"metadata":{}, "a\"b":[{"x":"}"}],"spec":{"nodeName":"n\u0031","hostNetwork":true,"x":{},"n":null},"status":{"n":-1.5e3}}"#;

    #[test]
    fn finds_nested_values() {
        let text = |path: &[&str]| scalar(POD, path);
        assert_eq!(text(&["spec", "nodeName"]).as_deref(), Some("n1"));
        assert_eq!(text(&["spec", "hostNetwork"]).as_deref(), Some("true"));
        assert_eq!(text(&["status", "n"]).as_deref(), Some("-1.5e3"));
        assert_eq!(text(&["spec", "x"]), None);
        assert_eq!(text(&["spec", "n"]), None);
        assert_eq!(text(&["status", "phase"]), None);
        assert_eq!(text(&["metadata", "name"]), None);
        assert_eq!(lookup(POD, &["spec", "x"]), Some("{}"));
        assert_eq!(lookup(POD, &["a\"b"]), Some(r#"[{"x":"}"}]"#));
        assert_eq!(lookup(b"[1]", &["a"]), None);
    }

    #[test]
    fn reads_many_paths_at_once() {
        let paths = Paths::new([
            "spec.nodeName",
            ".status.n",
            "spec.hostNetwork",
            "metadata.name",
            "spec",
        ]);
        let mut values = vec![None; 5];
        paths.read(POD, |i, text| values[i] = Some(text.into_owned()));
        let want = [Some("n1"), Some("-1.5e3"), Some("true"), None, None];
        assert_eq!(values, want.map(|v| v.map(str::to_owned)));
    }

    #[test]
    fn members_of_elements_in_one_pass() {
        let at = |text: &[u8]| {
            let mut places = Vec::new();
            in_elements(text, &["m", "f"], "v", |number, place| {
                places.push((number, String::from_utf8_lossy(&text[place]).into_owned()));
            });
            places
        };
        let text = br#"{"x":{"f":[{"v":0}]},"m":{"e":1,"f":[{"v":{"v":1}}, {}, {"w":2},{"u":[],"v":"]\"a long one, longer than short ones are"}]}}"#;
        let long = r#""]\"a long one, longer than short ones are""#;
        assert_eq!(
            at(text),
            [(0, r#"{"v":1}"#.to_owned()), (3, long.to_owned())]
        );
        for none in [
            &b"{}"[..],
            b"",
            br#"{"m":{"f":{}}}"#,
            br#"{"m":{"f":[]}}"#,
            br#"{"m":{"f":[{"#,
        ] {
            assert!(at(none).is_empty());
        }
    }

    #[test]
    fn members_and_elements_in_order() {
        let text = br#" { "a" : [1, {"b":2} ,"x"], "c":null }"#;
        let found: Vec<_> = members(text)
            .map(|(key, at)| (key.into_owned(), &text[at]))
            .collect();
        let list = &br#"[1, {"b":2} ,"x"]"#[..];
        assert_eq!(found, [("a".into(), list), ("c".into(), b"null")]);
        let found: Vec<_> = elements(list).map(|at| &list[at]).collect();
        assert_eq!(found, [&b"1"[..], b"{\"b\":2}", b"\"x\""]);
        for empty in [&b"{}"[..], b"[]", b"", b"1", b"{\"a\"", b"[,"] {
            assert_eq!(members(empty).count() + elements(empty).count(), 0);
        }
    }

    #[test]
    fn truncated_text_is_no_panic() {
        let paths = Paths::new(["spec.nodeName", "status.n"]);
        for end in 0..POD.len() {
            let cut = &POD[..end];
            let _ = lookup(cut, &["status", "n"]);
            paths.read(cut, |_, _| {});
        }
        for bad in [&b"{\"a\":}"[..], b"{\"a\"", b"{,}", b"{\"a\":]}", b"\\"] {
            assert_eq!(lookup(bad, &["a"]), None);
        }
    }
}
