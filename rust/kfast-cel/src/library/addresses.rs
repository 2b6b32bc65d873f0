//! Why a text is no IP address, as Go's `net/netip` puts it.

use kfast_core::quote;

const NO_DIGIT: &str = "each colon-separated field must have at least one digit";

/// What is wrong, and from where on, if that is told.
type Fault<'t> = (&'static str, &'t str);

/// The message for a text that does not parse.
pub(crate) fn refusal(text: &str) -> String {
    let (what, at) = match text.find(['.', ':', '%']).map(|at| text.as_bytes()[at]) {
        Some(b'.') => version_4(text).unwrap_or_default(),
        Some(b':') => version_6(text).unwrap_or_default(),
        Some(_) => ("missing IPv6 address", ""),
        None => ("unable to parse IP", ""),
    };
    let at = if at.is_empty() {
        String::new()
    } else {
        format!(" (at {})", quote(at))
    };
    format!("ParseAddr({}): {what}{at}", quote(text))
}

fn version_4(text: &str) -> Option<Fault<'_>> {
    let bytes = text.as_bytes();
    let (mut value, mut digits, mut fields) = (0_u32, 0, 0);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'0'..=b'9' if digits == 1 && value == 0 => {
                return Some(("IPv4 field has octet with leading zero", ""));
            }
            b'0'..=b'9' => {
                value = value * 10 + u32::from(byte - b'0');
                digits += 1;
                if value > 255 {
                    return Some(("IPv4 field has value >255", ""));
                }
            }
            b'.' if at == 0 || at + 1 == bytes.len() || bytes[at - 1] == b'.' => {
                return Some(("IPv4 field must have at least one digit", &text[at..]));
            }
            b'.' if fields == 3 => return Some(("IPv4 address too long", "")),
            b'.' => (value, digits, fields) = (0, 0, fields + 1),
            _ => return Some(("unexpected character", &text[at..])),
        }
    }
    (fields < 3).then_some(("IPv4 address too short", ""))
}

fn version_6(text: &str) -> Option<Fault<'_>> {
    let mut rest = match text.split_once('%') {
        Some((_, "")) => return Some(("zone must be a non-empty string", "")),
        Some((address, _)) => address,
        None => text,
    };
    let mut ellipsis = false;
    if let Some(after) = rest.strip_prefix("::") {
        (ellipsis, rest) = (true, after);
    }
    let mut octets = 0;
    while octets < 16 && !(ellipsis && rest.is_empty()) {
        let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        if digits > 4 {
            return Some(("each group must have 4 or less digits", rest));
        }
        if digits == 0 {
            return Some((NO_DIGIT, rest));
        }
        if rest[digits..].starts_with('.') {
            if !ellipsis && octets != 12 {
                let why = "embedded IPv4 address must replace the final 2 fields of the address";
                return Some((why, rest));
            }
            if octets > 12 {
                let why = "too many hex fields to fit an embedded IPv4 at the end of the address";
                return Some((why, rest));
            }
            if let Some(fault) = version_4(rest) {
                return Some(fault);
            }
            (octets, rest) = (octets + 4, "");
            break;
        }
        octets += 2;
        rest = &rest[digits..];
        if rest.is_empty() {
            break;
        }
        match rest.strip_prefix(':') {
            None => return Some(("unexpected character, want colon", rest)),
            Some("") => return Some(("colon must be followed by more characters", rest)),
            Some(after) => rest = after,
        }
        if let Some(after) = rest.strip_prefix(':') {
            if ellipsis {
                return Some(("multiple :: in address", rest));
            }
            (ellipsis, rest) = (true, after);
        }
    }
    if !rest.is_empty() {
        return Some(("trailing garbage after address", rest));
    }
    match (octets < 16, ellipsis) {
        (true, false) => Some(("address string too short", "")),
        (false, true) => Some(("the :: must expand to at least one field of zeros", "")),
        _ => None,
    }
}
