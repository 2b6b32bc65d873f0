//! Addresses: of resources, people, hosts and network cards.

use super::matches;
use regex::Regex;
use std::net::Ipv6Addr;
use std::sync::OnceLock;

/// As Go's `net/url.ParseRequestURI` takes it: absolute, or a path.
pub(super) fn is_uri(text: &str) -> bool {
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
pub(super) fn is_email(text: &str) -> bool {
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

pub(super) fn is_hostname(text: &str) -> bool {
    static CELL: OnceLock<Option<Regex>> = OnceLock::new();
    const PATTERN: &str = r"^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$";
    text.len() <= 255
        && text.split('.').all(|part| part.len() <= 63)
        && matches(&CELL, PATTERN, text)
}

/// An address; zeros in front of decimal parts do not count.
pub(super) fn is_ip(text: &str) -> bool {
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

pub(super) fn is_cidr(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else {
        return false;
    };
    let limit = if address.contains(':') { 128 } else { 32 };
    let digits = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
    digits && length.parse::<u16>().is_ok_and(|n| n <= limit) && is_ip(address)
}

pub(super) fn is_mac(text: &str) -> bool {
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
