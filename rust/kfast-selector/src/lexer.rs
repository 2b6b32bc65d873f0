//! Tokens of the label selector grammar.

/// Kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    End,
    ClosedPar,
    Comma,
    Not,
    DoubleEquals,
    Equals,
    GreaterThan,
    Identifier,
    In,
    LessThan,
    NotEquals,
    NotIn,
    OpenPar,
}

/// A token and its text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
}

impl Token<'_> {
    /// The kind where a value may stand: `in` and `notin` are plain words there.
    pub(crate) fn as_value(self) -> Kind {
        match self.kind {
            Kind::In | Kind::NotIn => Kind::Identifier,
            kind => kind,
        }
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn is_symbol(byte: u8) -> bool {
    matches!(byte, b'=' | b'!' | b'(' | b')' | b',' | b'>' | b'<')
}

/// All tokens of `text`, the last one always `End`. A NUL byte ends the text, as upstream reads it.
pub(crate) fn scan(text: &str) -> Vec<Token<'_>> {
    let text = text.split('\0').next().unwrap_or("");
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        if is_space(bytes[at]) {
            at += 1;
            continue;
        }
        let kind = if is_symbol(bytes[at]) {
            let (kind, length) = symbol(&bytes[at..]);
            at += length;
            kind
        } else {
            while at < bytes.len() && !is_space(bytes[at]) && !is_symbol(bytes[at]) {
                at += 1;
            }
            match &text[start..at] {
                "in" => Kind::In,
                "notin" => Kind::NotIn,
                _ => Kind::Identifier,
            }
        };
        tokens.push(Token {
            kind,
            text: &text[start..at],
        });
    }
    tokens.push(Token {
        kind: Kind::End,
        text: "",
    });
    tokens
}

fn symbol(rest: &[u8]) -> (Kind, usize) {
    match rest {
        [b'=', b'=', ..] => (Kind::DoubleEquals, 2),
        [b'!', b'=', ..] => (Kind::NotEquals, 2),
        [b'=', ..] => (Kind::Equals, 1),
        [b'!', ..] => (Kind::Not, 1),
        [b'(', ..] => (Kind::OpenPar, 1),
        [b')', ..] => (Kind::ClosedPar, 1),
        [b'>', ..] => (Kind::GreaterThan, 1),
        [b'<', ..] => (Kind::LessThan, 1),
        _ => (Kind::Comma, 1),
    }
}
