//! URLs, as Go's net/url reads them.

use super::strings::texts;
use crate::functions::{Failure, Function, Outcome};
use crate::value::{OpaqueValue, Value};
use kfast_core::quote;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = &[
    (
        "url",
        &["string_to_url: (string) -> kubernetes.URL"],
        |args| {
            let text = args[0].as_str().ok_or(Failure::NoOverload)?;
            let parsed = Url::parse(text)
                .map_err(|e| format!("URL parse error during conversion from string: {e}"))?;
            Ok(Value::Opaque(OpaqueValue::Url(Arc::new(parsed))))
        },
    ),
    ("isURL", &["is_url_string: (string) -> bool"], |args| {
        let text = args[0].as_str().ok_or(Failure::NoOverload)?;
        Ok(Value::Bool(Url::parse(text).is_ok()))
    }),
    (
        "getScheme",
        &["url_get_scheme: kubernetes.URL.() -> string"],
        |args| part(args, |url| url.scheme.clone()),
    ),
    (
        "getHost",
        &["url_get_host: kubernetes.URL.() -> string"],
        |args| part(args, |url| url.host.clone()),
    ),
    (
        "getHostname",
        &["url_get_hostname: kubernetes.URL.() -> string"],
        |args| part(args, Url::hostname),
    ),
    (
        "getPort",
        &["url_get_port: kubernetes.URL.() -> string"],
        |args| part(args, Url::port),
    ),
    (
        "getEscapedPath",
        &["url_get_escaped_path: kubernetes.URL.() -> string"],
        |args| part(args, Url::escaped_path),
    ),
    (
        "getQuery",
        &["url_get_query: kubernetes.URL.() -> map(string, list(string))"],
        query,
    ),
];

/// A URL, absolute or a path from the root.
#[derive(Debug, PartialEq, Eq)]
pub struct Url {
    scheme: String,
    /// With the port, if there is one; percent signs are decoded.
    host: String,
    user: Option<String>,
    /// As written.
    path: String,
    query: String,
    fragment: String,
}

impl Url {
    /// Reads a URL.
    ///
    /// # Errors
    /// What is wrong with it, in Go's words.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::read(text).map_err(|why| format!("parse {}: {why}", quote(text)))
    }

    fn read(text: &str) -> Result<Self, String> {
        if text.bytes().any(|b| b < 0x20 || b == 0x7f) {
            return Err("net/url: invalid control character in URL".to_owned());
        }
        if text.is_empty() {
            return Err("empty url".to_owned());
        }
        let (scheme, rest) = split_scheme(text)?;
        if !rest.starts_with('/') {
            let opaque = !scheme.is_empty();
            return if opaque {
                Ok(Self {
                    scheme,
                    host: String::new(),
                    user: None,
                    path: String::new(),
                    query: rest.split_once('?').map_or("", |(_, q)| q).to_owned(),
                    fragment: String::new(),
                })
            } else {
                Err("invalid URI for request".to_owned())
            };
        }
        // It is checked as a request has it, where there are no fragments.
        let requested = rest.split_once('?').map_or(rest, |(before, _)| before);
        let (authority, path) = split_authority(requested, &scheme);
        check_escapes(path)?;
        let (user, host) = split_user(authority);
        check_host(host)?;
        check_user(user.unwrap_or_default())?;
        let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = split_authority(rest, &scheme);
        let (user, host) = split_user(authority);
        Ok(Self {
            scheme,
            host: decoded(host, false).unwrap_or_else(|| host.to_owned()),
            user: user.map(str::to_owned),
            path: path.to_owned(),
            query: query.to_owned(),
            fragment: fragment.to_owned(),
        })
    }

    fn split_port(&self) -> (&str, &str) {
        match self.host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (name, port),
            _ => (&self.host, ""),
        }
    }

    fn hostname(&self) -> String {
        let (name, _) = self.split_port();
        let inner = name.strip_prefix('[').and_then(|n| n.strip_suffix(']'));
        inner.unwrap_or(name).to_owned()
    }

    fn port(&self) -> String {
        self.split_port().1.to_owned()
    }

    fn escaped_path(&self) -> String {
        let kept = |b: u8| b.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@!'()*[]%".contains(&b);
        let mut escaped = String::with_capacity(self.path.len());
        for b in self.path.bytes() {
            if kept(b) {
                escaped.push(char::from(b));
            } else {
                escaped.push_str(&format!("%{b:02X}"));
            }
        }
        escaped
    }
}

fn split_scheme(text: &str) -> Result<(String, &str), String> {
    for (at, b) in text.bytes().enumerate() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return Err("missing protocol scheme".to_owned()),
            b':' => return Ok((text[..at].to_ascii_lowercase(), &text[at + 1..])),
            _ => break,
        }
    }
    Ok((String::new(), text))
}

fn split_authority<'t>(rest: &'t str, scheme: &str) -> (&'t str, &'t str) {
    match rest.strip_prefix("//") {
        Some(after) if !scheme.is_empty() || !rest.starts_with("///") => match after.find('/') {
            Some(at) => after.split_at(at),
            None => (after, ""),
        },
        _ => ("", rest),
    }
}

fn split_user(authority: &str) -> (Option<&str>, &str) {
    match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    }
}

fn check_user(user: &str) -> Result<(), String> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&b);
    if !user.bytes().all(allowed) {
        return Err("net/url: invalid userinfo".to_owned());
    }
    check_escapes(user)
}

fn check_escapes(text: &str) -> Result<(), String> {
    let bytes = text.as_bytes();
    for (at, _) in text.match_indices('%') {
        let digits = bytes.get(at + 1..at + 3);
        if !digits.is_some_and(|d| d.iter().all(u8::is_ascii_hexdigit)) {
            let shown: String = text[at..].chars().take(3).collect();
            return Err(format!("invalid URL escape {}", quote(&shown)));
        }
    }
    Ok(())
}

fn check_host(host: &str) -> Result<(), String> {
    check_escapes(host)?;
    let port = if let Some(inner) = host.strip_prefix('[') {
        let (_, after) = inner.rsplit_once(']').ok_or("missing ']' in host")?;
        after
    } else {
        host.rfind(':').map_or("", |at| &host[at..])
    };
    if !port.is_empty()
        && !port
            .strip_prefix(':')
            .is_some_and(|p| p.bytes().all(|b| b.is_ascii_digit()))
    {
        return Err(format!("invalid port {} after host", quote(port)));
    }
    match host.chars().find(|c| {
        matches!(
            c,
            ' ' | '"' | '#' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}'
        )
    }) {
        Some(c) => Err(format!(
            "invalid character {} in host name",
            quote(&c.to_string())
        )),
        None => Ok(()),
    }
}

/// Percent escapes decoded, and in queries plus signs.
fn decoded(text: &str, query: bool) -> Option<String> {
    check_escapes(text).ok()?;
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        match first {
            b'%' => {
                let digits = std::str::from_utf8(&after[..2]).ok()?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                rest = &after[2..];
            }
            b'+' if query => {
                bytes.push(b' ');
                rest = after;
            }
            other => {
                bytes.push(*other);
                rest = after;
            }
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn url<'v>(args: &'v [Value<'_>]) -> Result<&'v Url, Failure> {
    match &args[0] {
        Value::Opaque(OpaqueValue::Url(url)) => Ok(url),
        _ => Err(Failure::NoOverload),
    }
}

fn part<'a>(args: &[Value<'a>], of: fn(&Url) -> String) -> Outcome<'a> {
    Ok(Value::shared(of(url(args)?)))
}

fn query<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pair in url(args)?
        .query
        .split('&')
        .filter(|p| !p.is_empty() && !p.contains(';'))
    {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if let (Some(key), Some(value)) = (decoded(key, true), decoded(value, true)) {
            values.entry(key).or_default().push(value);
        }
    }
    let pairs = values
        .into_iter()
        .map(|(key, values)| (Value::shared(key), texts(values.into_iter())));
    Ok(Value::map(pairs))
}
