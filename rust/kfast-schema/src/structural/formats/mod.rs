//! The string formats upstream checks (`strfmt` of kube-openapi).

mod addresses;
mod times;

use addresses::{is_cidr, is_email, is_hostname, is_ip, is_mac, is_uri};
use kfast_core::regexp;
use regex::Regex;
use std::net::Ipv6Addr;
use std::sync::OnceLock;
use times::{is_date, is_date_time, is_duration};

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
