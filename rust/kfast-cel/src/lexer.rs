//! Text to tokens.

use crate::source::Issues;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    End,
    Ident,
    /// An identifier between backticks.
    Escaped,
    Int,
    Uint,
    Float,
    String,
    Bytes,
    True,
    False,
    Null,
    In,
    /// An operator or a bracket.
    Sign(&'static str),
}

/// A token and where it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot<'s> {
    pub(crate) token: Token,
    pub(crate) text: &'s str,
    /// In code points.
    pub(crate) position: u32,
}

/// Longer ones first.
const SIGNS: [&str; 25] = [
    "==", "!=", "<=", ">=", "&&", "||", "[", "]", "{", "}", "(", ")", ".", ",", "-", "!", "?", ":",
    "+", "*", "/", "%", "<", ">", "",
];

/// All tokens of the text, the last is [`Token::End`]; what is no token is reported and left out.
pub(crate) fn tokens<'s>(text: &'s str, issues: &mut Issues) -> Vec<Spot<'s>> {
    let mut lexer = Lexer {
        text,
        at: 0,
        position: 0,
    };
    let mut found = Vec::new();
    loop {
        lexer.skip_blanks();
        let (start, position) = (lexer.at, lexer.position);
        if start == text.len() {
            found.push(Spot {
                token: Token::End,
                text: "<EOF>",
                position,
            });
            return found;
        }
        match scan(&text[start..]) {
            Ok((token, length)) => {
                lexer.advance(length);
                found.push(Spot {
                    token,
                    text: &text[start..start + length],
                    position,
                });
            }
            Err(length) => {
                lexer.advance(length);
                let wrong = &text[start..start + length];
                issues.report(
                    position,
                    format!("Syntax error: token recognition error at: '{wrong}'"),
                );
            }
        }
    }
}

struct Lexer<'s> {
    text: &'s str,
    at: usize,
    position: u32,
}

impl Lexer<'_> {
    fn advance(&mut self, bytes: usize) {
        let passed = &self.text[self.at..self.at + bytes];
        self.position += u32::try_from(passed.chars().count()).unwrap_or(u32::MAX);
        self.at += bytes;
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            let blanks = rest
                .bytes()
                .take_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n' | 0x0c))
                .count();
            self.advance(blanks);
            let rest = &self.text[self.at..];
            if !rest.starts_with("//") {
                return;
            }
            self.advance(rest.find('\n').unwrap_or(rest.len()));
        }
    }
}

/// The token at the start and its length in bytes, or the length of what cannot be one.
fn scan(text: &str) -> Result<(Token, usize), usize> {
    let bytes = text.as_bytes();
    let first = bytes[0];
    if let Some(found) = quoted(text) {
        return found;
    }
    if first.is_ascii_digit() || (first == b'.' && bytes.get(1).is_some_and(u8::is_ascii_digit)) {
        return Ok(number(bytes));
    }
    if first == b'_' || first.is_ascii_alphabetic() {
        let length = span(bytes, |b| b == b'_' || b.is_ascii_alphanumeric());
        let token = match &text[..length] {
            "true" => Token::True,
            "false" => Token::False,
            "null" => Token::Null,
            "in" => Token::In,
            _ => Token::Ident,
        };
        return Ok((token, length));
    }
    if first == b'`' {
        let inner = span(&bytes[1..], |b| {
            b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'/' | b' ')
        });
        return match bytes.get(1 + inner) {
            Some(b'`') if inner > 0 => Ok((Token::Escaped, inner + 2)),
            _ => Err(1 + inner),
        };
    }
    if let Some(sign) = SIGNS
        .iter()
        .find(|s| !s.is_empty() && text.starts_with(**s))
    {
        return Ok((Token::Sign(sign), sign.len()));
    }
    let wrong = text.chars().next().map_or(1, char::len_utf8);
    // The first half of an operator takes the character with it that should have been the second.
    let half = matches!(first, b'=' | b'&' | b'|');
    let next = text[wrong..].chars().next().filter(|_| half);
    Err(wrong + next.map_or(0, char::len_utf8))
}

fn span(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|b| belongs(**b)).count()
}

fn digits(bytes: &[u8]) -> usize {
    span(bytes, |b| b.is_ascii_digit())
}

fn number(bytes: &[u8]) -> (Token, usize) {
    let unsigned = |length: usize| match bytes.get(length) {
        Some(b'u' | b'U') => (Token::Uint, length + 1),
        _ => (Token::Int, length),
    };
    if bytes.starts_with(b"0x") {
        let hex = span(&bytes[2..], |b| b.is_ascii_hexdigit());
        if hex > 0 {
            return unsigned(2 + hex);
        }
    }
    let whole = digits(bytes);
    let mut length = whole;
    if bytes.get(length) == Some(&b'.') {
        let fraction = digits(&bytes[length + 1..]);
        if fraction > 0 {
            length += 1 + fraction;
        }
    }
    if matches!(bytes.get(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
        let exponent = digits(&bytes[(length + 1 + sign).min(bytes.len())..]);
        if exponent > 0 {
            length += 1 + sign + exponent;
        }
    }
    if length > whole {
        (Token::Float, length)
    } else {
        unsigned(whole)
    }
}

/// A string or bytes literal, if one starts here.
fn quoted(text: &str) -> Option<Result<(Token, usize), usize>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    let is_bytes = matches!(bytes[0], b'b' | b'B');
    at += usize::from(is_bytes);
    let raw = matches!(bytes.get(at), Some(b'r' | b'R'));
    at += usize::from(raw);
    let quote = *bytes.get(at).filter(|b| matches!(b, b'"' | b'\''))?;
    let token = if is_bytes {
        Token::Bytes
    } else {
        Token::String
    };
    let triple = bytes[at..].starts_with(&[quote; 3]);
    let end = if triple {
        &[quote; 3][..]
    } else {
        &[quote][..]
    };
    at += end.len();
    loop {
        if bytes[at..].starts_with(end) {
            return Some(Ok((token, at + end.len())));
        }
        match bytes.get(at) {
            None => break,
            Some(b'\n' | b'\r') if !triple => {
                // The line's end belongs to what was not recognised.
                at += 1;
                break;
            }
            Some(b'\\') if !raw => match escape_length(&bytes[at..]) {
                Some(length) => at += length,
                None => {
                    at += 1 + usize::from(at + 1 < bytes.len());
                    break;
                }
            },
            Some(_) => at += 1,
        }
    }
    // Three quotes that never end are an empty literal and an open one.
    if triple {
        return Some(Ok((
            token,
            at.min(usize::from(is_bytes) + usize::from(raw) + 2),
        )));
    }
    while !text.is_char_boundary(at) {
        at += 1;
    }
    Some(Err(at))
}

/// The length of the escape sequence at the start.
fn escape_length(bytes: &[u8]) -> Option<usize> {
    let all = |range: std::ops::Range<usize>, ok: fn(&u8) -> bool| {
        bytes
            .get(range.clone())
            .is_some_and(|b| b.iter().all(ok))
            .then_some(range.end)
    };
    let hex: fn(&u8) -> bool = u8::is_ascii_hexdigit;
    match bytes.get(1)? {
        b'a' | b'b' | b'f' | b'n' | b'r' | b't' | b'v' | b'"' | b'\'' | b'\\' | b'?' | b'`' => {
            Some(2)
        }
        b'x' | b'X' => all(2..4, hex),
        b'u' => all(2..6, hex),
        b'U' => all(2..10, hex),
        b'0'..=b'3' => all(2..4, |b| matches!(b, b'0'..=b'7')),
        _ => None,
    }
}

/// The content of a literal, quotes included in `text`; `Err` says what cannot be read.
pub(crate) fn unquote(text: &str, is_bytes: bool) -> Result<Vec<u8>, &'static str> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let (raw, quoted) = match text.strip_prefix(['r', 'R']) {
        Some(rest) => (true, rest),
        None => (false, text.as_str()),
    };
    let marks = if quoted.len() >= 6 && (quoted.starts_with("'''") || quoted.starts_with("\"\"\""))
    {
        3
    } else {
        1
    };
    let content = &quoted[marks..quoted.len() - marks];
    if raw || !content.contains('\\') {
        return Ok(content.as_bytes().to_vec());
    }
    let mut out = Vec::with_capacity(content.len());
    let mut rest = content;
    while let Some(at) = rest.find('\\') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        let escape = &rest[at..];
        let length = escape_length(escape.as_bytes()).ok_or("unable to unescape string")?;
        unescape(&escape[1..length], is_bytes, &mut out)?;
        rest = &escape[length..];
    }
    out.extend_from_slice(rest.as_bytes());
    Ok(out)
}

fn unescape(sequence: &str, is_bytes: bool, out: &mut Vec<u8>) -> Result<(), &'static str> {
    let simple = match sequence.as_bytes()[0] {
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        b'x' | b'X' | b'u' | b'U' | b'0'..=b'3' => {
            let (digits, radix) = match sequence.as_bytes()[0] {
                b'0'..=b'3' => (sequence, 8),
                b'u' | b'U' if is_bytes => return Err("unable to unescape string"),
                _ => (&sequence[1..], 16),
            };
            let code =
                u32::from_str_radix(digits, radix).map_err(|_| "unable to unescape string")?;
            if is_bytes {
                out.push(u8::try_from(code).map_err(|_| "unable to unescape string")?);
            } else {
                let c = char::from_u32(code).ok_or("invalid unicode code point")?;
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            return Ok(());
        }
        other => other,
    };
    out.push(simple);
    Ok(())
}
