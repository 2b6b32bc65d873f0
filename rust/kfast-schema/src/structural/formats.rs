//! The string formats upstream checks (`strfmt` of kube-openapi).

use kfast_core::regexp;
use regex::Regex;
use std::net::Ipv6Addr;
use std::sync::OnceLock;

/// Whether a text has a format.
pub type Check = fn(&str) -> bool;

/// The check of a format; dashes in its name do not count. `None` if there is no such format.
pub(super) fn named(name: &str) -> Option<Check> {
    Some(match name.replace('-', "").as_str() {
        "bsonobjectid" => |t| t.len() == 24 && t.bytes().all(|b| b.is_ascii_hexdigit()),
        "uri" => is_uri,
        "email" => is_email,
        "hostname" => is_hostname,
        "ipv4" => |t| t.contains('.') && is_ip(t),
        "ipv6" => |t| t.contains(':') && t.parse::<Ipv6Addr>().is_ok(),
        "cidr" => is_cidr,
        "mac" => is_mac,
        "uuid" => |t| is_uuid(t, None),
        "uuid3" => |t| is_uuid(t, Some('3')),
        "uuid4" => |t| is_uuid(t, Some('4')),
        "uuid5" => |t| is_uuid(t, Some('5')),
        "isbn" => |t| is_isbn10(t) || is_isbn13(t),
        "isbn10" => is_isbn10,
        "isbn13" => is_isbn13,
        "creditcard" => is_credit_card,
        "ssn" => is_ssn,
        "hexcolor" => is_hex_color,
        "rgbcolor" => is_rgb_color,
        "byte" => is_base64,
        "password" => |_| true,
        "date" => is_date,
        "duration" => is_duration,
        "datetime" => is_date_time,
        "k8sshortname" => |t| t.len() <= 63 && is_label(t),
        "k8slongname" => |t| t.len() <= 253 && t.split('.').all(is_label),
        _ => return None,
    })
}

/// The expression, compiled once.
fn matches(cell: &'static OnceLock<Option<Regex>>, pattern: &str, text: &str) -> bool {
    let regex = cell.get_or_init(|| regexp::compile(pattern).ok());
    regex.as_ref().is_some_and(|r| r.is_match(text))
}

fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    match (bytes.first(), bytes.last()) {
        (Some(first), Some(last)) => {
            inner(*first) && inner(*last) && bytes.iter().all(|b| inner(*b) || *b == b'-')
        }
        _ => false,
    }
}

/// As Go's `net/url.ParseRequestURI` takes it: absolute, or a path.
fn is_uri(text: &str) -> bool {
    if text.is_empty() || text.bytes().any(|b| b < 0x20 || b == 0x7f) {
        return false;
    }
    if text == "*" {
        return true;
    }
    let scheme = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)))
        .filter(|at| *at > 0 && text[*at..].starts_with(':'))
        .filter(|_| text.starts_with(|c: char| c.is_ascii_alphabetic()));
    let rest = scheme.map_or(text, |at| &text[at + 1..]);
    if scheme.is_none() && !text.starts_with('/') {
        return false;
    }
    let path = rest.split('?').next().unwrap_or_default();
    if !path.starts_with('/') {
        // Opaque, such as mailto:a.
        return scheme.is_some() && !rest.is_empty();
    }
    let (host, path) = match (scheme, path.strip_prefix("//")) {
        (Some(_), Some(rest)) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
        _ => ("", path),
    };
    is_authority(host) && escapes_are_whole(path)
}

fn is_authority(text: &str) -> bool {
    let host = match text.rsplit_once('@') {
        Some((user, host)) => {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
            if !user.chars().all(plain) || !escapes_are_whole(user) {
                return false;
            }
            host
        }
        None => text,
    };
    let digits = |port: &str| {
        port.strip_prefix(':')
            .map_or(port.is_empty(), |p| p.bytes().all(|b| b.is_ascii_digit()))
    };
    if let Some(inside) = host.strip_prefix('[') {
        return inside
            .rsplit_once(']')
            .is_some_and(|(_, port)| digits(port));
    }
    if let Some(at) = host.rfind(':')
        && !digits(&host[at..])
    {
        return false;
    }
    let allowed = |c: char| {
        !c.is_ascii() || c.is_ascii_alphanumeric() || "-_.~!$&'()*+,;=:[]<>\"%".contains(c)
    };
    host.chars().all(allowed) && host_escapes(host)
}

/// In hosts only bytes beyond ASCII may be escaped.
fn host_escapes(host: &str) -> bool {
    let mut parts = host.split('%');
    parts.next();
    parts.all(|part| {
        let hex = part.get(..2).and_then(|h| u8::from_str_radix(h, 16).ok());
        hex.is_some_and(|byte| byte >= 0x80)
    })
}

fn escapes_are_whole(text: &str) -> bool {
    let mut parts = text.split('%');
    parts.next();
    parts.all(|p| {
        p.get(..2)
            .is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))
    })
}

/// A plain address, one with a name in front or one in angle brackets.
fn is_email(text: &str) -> bool {
    let text = text.trim_matches([' ', '\t']);
    let address = match (text.find('<'), text.ends_with('>')) {
        (Some(at), true) => {
            let name = text[..at].trim();
            let quoted = name.len() >= 2 && name.starts_with('"') && name.ends_with('"');
            let words = name
                .split_whitespace()
                .all(|w| w.chars().all(|c| is_atom(c) || c == '.'));
            if !quoted && !words {
                return false;
            }
            &text[at + 1..text.len() - 1]
        }
        _ => text,
    };
    let Some((local, domain)) = address.rsplit_once('@') else {
        return false;
    };
    let dotted = |t: &str| {
        !t.is_empty()
            && t.split('.')
                .all(|p| !p.is_empty() && p.chars().all(is_atom))
    };
    let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    let literal =
        domain.starts_with('[') && domain.ends_with(']') && is_ip(&domain[1..domain.len() - 1]);
    (quoted || dotted(local)) && (literal || dotted(domain))
}

fn is_atom(c: char) -> bool {
    !c.is_ascii() || c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
}

fn is_hostname(text: &str) -> bool {
    static CELL: OnceLock<Option<Regex>> = OnceLock::new();
    const PATTERN: &str = r"^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$";
    text.len() <= 255
        && text.split('.').all(|part| part.len() <= 63)
        && matches(&CELL, PATTERN, text)
}

/// An address; zeros in front of decimal parts do not count.
fn is_ip(text: &str) -> bool {
    let octet = |part: &str| {
        let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        digits && part.trim_start_matches('0').len() <= 3 && {
            part.trim_start_matches('0').parse::<u16>().unwrap_or(0) <= 255
        }
    };
    let parts: Vec<&str> = text.split('.').collect();
    if !text.contains(':') {
        return parts.len() == 4 && parts.iter().all(|p| octet(p));
    }
    text.parse::<Ipv6Addr>().is_ok()
}

fn is_cidr(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else {
        return false;
    };
    let limit = if address.contains(':') { 128 } else { 32 };
    let digits = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
    digits && length.parse::<u16>().is_ok_and(|n| n <= limit) && is_ip(address)
}

fn is_mac(text: &str) -> bool {
    let hex = |p: &str, len: usize| p.len() == len && p.bytes().all(|b| b.is_ascii_hexdigit());
    let bytes = |separator: char| {
        let parts: Vec<&str> = text.split(separator).collect();
        matches!(parts.len(), 6 | 8 | 20) && parts.iter().all(|p| hex(p, 2))
    };
    let words: Vec<&str> = text.split('.').collect();
    let plain = matches!(text.len(), 12 | 16 | 40) && hex(text, text.len());
    plain
        || bytes(':')
        || bytes('-')
        || matches!(words.len(), 3 | 4 | 10) && words.iter().all(|p| hex(p, 4))
}

fn is_uuid(text: &str, version: Option<char>) -> bool {
    let mut rest = text;
    let mut parts = Vec::with_capacity(5);
    for length in [8, 4, 4, 4, 12] {
        let Some(part) = rest.get(..length) else {
            return false;
        };
        if !part.bytes().all(|b| b.is_ascii_hexdigit()) {
            return false;
        }
        parts.push(part);
        rest = &rest[length..];
        rest = if length == 12 {
            rest
        } else {
            rest.strip_prefix('-').unwrap_or(rest)
        };
    }
    let stated = version.is_none_or(|v| parts[2].starts_with(v));
    let variant =
        !matches!(version, Some('4' | '5')) || parts[3].starts_with(['8', '9', 'a', 'b', 'A', 'B']);
    rest.is_empty() && stated && variant
}

fn isbn_digits(text: &str) -> Vec<u8> {
    let plain = text
        .bytes()
        .filter(|b| !b.is_ascii_whitespace() && *b != b'-');
    plain.collect()
}

fn is_isbn10(text: &str) -> bool {
    let digits = isbn_digits(text);
    if digits.len() != 10 || !digits[..9].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let last = match digits[9] {
        b'X' => 10,
        d if d.is_ascii_digit() => u32::from(d - b'0'),
        _ => return false,
    };
    let sum: u32 = (1..)
        .zip(&digits[..9])
        .map(|(i, d)| i * u32::from(d - b'0'))
        .sum();
    (sum + 10 * last).is_multiple_of(11)
}

fn is_isbn13(text: &str) -> bool {
    let digits = isbn_digits(text);
    if digits.len() != 13 || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let value = |(i, d): (usize, &u8)| u32::from(d - b'0') * if i % 2 == 0 { 1 } else { 3 };
    let sum: u32 = digits[..12].iter().enumerate().map(value).sum();
    u32::from(digits[12] - b'0') == (10 - sum % 10) % 10
}

fn is_credit_card(text: &str) -> bool {
    static CELL: OnceLock<Option<Regex>> = OnceLock::new();
    const PATTERN: &str = r"^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})$";
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let doubled = |(i, b): (usize, u8)| {
        let digit = u32::from(b - b'0') << (i % 2);
        digit / 10 + digit % 10
    };
    let sum: u32 = digits.bytes().rev().enumerate().map(doubled).sum();
    matches(&CELL, PATTERN, &digits) && sum.is_multiple_of(10)
}

fn is_ssn(text: &str) -> bool {
    static CELL: OnceLock<Option<Regex>> = OnceLock::new();
    text.len() == 11 && matches(&CELL, r"^\d{3}[- ]?\d{2}[- ]?\d{4}$", text)
}

fn is_hex_color(text: &str) -> bool {
    let digits = text.strip_prefix('#').unwrap_or(text);
    matches!(digits.len(), 3 | 6) && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

fn is_rgb_color(text: &str) -> bool {
    static CELL: OnceLock<Option<Regex>> = OnceLock::new();
    const PATTERN: &str = r"^rgb\(\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*\)$";
    matches(&CELL, PATTERN, text)
}

fn is_base64(text: &str) -> bool {
    static CELL: OnceLock<Option<Regex>> = OnceLock::new();
    const PATTERN: &str =
        r"^(?:[A-Za-z0-9+\/]{4})*(?:[A-Za-z0-9+\/]{2}==|[A-Za-z0-9+\/]{3}=|[A-Za-z0-9+\/]{4})$";
    matches(&CELL, PATTERN, text)
}

fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return false;
    }
    let number = |from: usize, to: usize| {
        let part = text.get(from..to)?;
        let digits = part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse::<u32>().ok())?
    };
    let (Some(year), Some(month), Some(day)) = (number(0, 4), number(5, 7), number(8, 10)) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

fn is_date_time(text: &str) -> bool {
    static CELL: OnceLock<Option<Regex>> = OnceLock::new();
    const PATTERN: &str =
        r"^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$";
    let lower = text.to_lowercase();
    let mut parts = lower.split('t');
    let (Some(date), Some(time)) = (parts.next(), parts.next()) else {
        return false;
    };
    is_date(date)
        && matches(&CELL, PATTERN, time)
        && time.get(..2).is_some_and(|h| h <= "23")
        && time.get(3..5).is_some_and(|m| m <= "59")
        && time.get(6..8).is_some_and(|s| s <= "59")
}

/// A duration of Go, or numbers with the words Scala has for units.
fn is_duration(text: &str) -> bool {
    static CELL: OnceLock<Option<Regex>> = OnceLock::new();
    if is_go_duration(text) {
        return true;
    }
    let regex = CELL.get_or_init(|| regexp::compile(r"(\d+)\s*([A-Za-zµ]+)").ok());
    let Some(regex) = regex else { return false };
    let mut any = false;
    for found in regex.captures_iter(text) {
        if found[1].parse::<i64>().is_err() {
            return false;
        }
        any |= is_unit(&found[2].to_lowercase());
    }
    any
}

fn is_unit(word: &str) -> bool {
    const UNITS: [(&[&str], &str); 8] = [
        (&["ns"], "nano"),
        (&["us", "µs"], "micro"),
        (&["ms"], "milli"),
        (&["s"], "sec"),
        (&["m"], "min"),
        (&["h", "hr"], "hour"),
        (&["d"], "day"),
        (&["w", "wk"], "week"),
    ];
    UNITS
        .iter()
        .any(|(short, long)| short.contains(&word) || word.starts_with(long))
}

fn is_go_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    if rest.is_empty() {
        return false;
    }
    let mut total = 0.0;
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| !(c.is_ascii_digit() || c == '.'))
            .unwrap_or(rest.len());
        let number = &rest[..end];
        if number.matches('.').count() > 1 || !number.contains(|c: char| c.is_ascii_digit()) {
            return false;
        }
        rest = &rest[end..];
        let unit = rest
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(rest.len());
        let nanoseconds = match &rest[..unit] {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 6e10,
            "h" => 3.6e12,
            _ => return false,
        };
        total += number.parse::<f64>().unwrap_or(f64::INFINITY) * nanoseconds;
        rest = &rest[unit..];
    }
    total <= 9.223_372_036_854_776e18
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn formats_are_those_of_upstream() {
        for (format, good, bad) in [
            (
                "bsonobjectid",
                &["507f1f77bcf86cd799439011"][..],
                &["507f", ""][..],
            ),
            (
                "uri",
                &[
                    "http://a.b/c?d=e",
                    "/a",
                    "mailto:a",
                    "*",
                    "http://[::1]:80/",
                ],
                &["a", "", "http://a b/", "http://a:b/", "/%zz"],
            ),
            (
                "email",
                &["a@b", "A <a@b.c>", "\"x y\"@b"],
                &["a", "@b", "a@", "a b@c", "a@b..c"],
            ),
            (
                "hostname",
                &["a", "a.example.com", "a-b"],
                &["", "-a", "a.b.c1", "a_b"],
            ),
            (
                "ipv4",
                &["1.2.3.4", "01.2.3.4", "::1.2.3.4"],
                &["1.2.3", "1.2.3.256", "a"],
            ),
            ("ipv6", &["::1", "2001:db8::1"], &["1.2.3.4", ":", "::g"]),
            (
                "cidr",
                &["10.0.0.0/8", "::/0"],
                &["10.0.0.0", "10.0.0.0/33", "::/129", "10.0.0.0/x"],
            ),
            (
                "mac",
                &["01:23:45:67:89:ab", "0123.4567.89ab"],
                &["01:23:45:67:89", "0123.4567"],
            ),
            (
                "uuid",
                &[
                    "F47AC10B-58cc-0372-8567-0e02b2c3d479",
                    "f47ac10b58cc037285670e02b2c3d479",
                ],
                &["f47ac10b", ""],
            ),
            (
                "uuid4",
                &["f47ac10b-58cc-4372-8567-0e02b2c3d479"],
                &[
                    "f47ac10b-58cc-0372-8567-0e02b2c3d479",
                    "f47ac10b-58cc-4372-0567-0e02b2c3d479",
                ],
            ),
            (
                "isbn",
                &["0321751043", "978-0321751041"],
                &["0321751044", "978"],
            ),
            (
                "creditcard",
                &["4111-1111-1111-1111"],
                &["4111-1111-1111-1112", ""],
            ),
            ("ssn", &["111-11-1111"], &["111111111", "a"]),
            ("hexcolor", &["#FFFFFF", "abc"], &["#ff", "g00"]),
            (
                "rgbcolor",
                &["rgb(255, 0,1)"],
                &["rgb(256,0,0)", "rgb(1,2)"],
            ),
            ("byte", &["YQ==", "YWJj"], &["YQ=", "", "*"]),
            ("password", &[""], &[]),
            ("date", &["2024-02-29"], &["2023-02-29", "2024-1-1", "x"]),
            (
                "duration",
                &["1h2m3.5s", "0", "22 ns", "3 weeks", "-1us"],
                &["", "1", "x", "1 parsec"],
            ),
            (
                "date-time",
                &["2014-12-15T19:30:20.000Z", "2014-12-15t19:30:20+01:00"],
                &["2014-12-15", "2014-12-15T24:00:00Z", "2014-12-15T19:30:20"],
            ),
            ("k8s-short-name", &["a-b"], &["A", "a.b", "-", ""]),
            ("k8s-long-name", &["a.b-c"], &["a..b", "A"]),
        ] {
            let check = named(format).unwrap();
            for text in good {
                assert!(check(text), "{format} {text:?}");
            }
            for text in bad {
                assert!(!check(text), "{format} {text:?}");
            }
        }
        assert!(named("int32").is_none());
    }
}
