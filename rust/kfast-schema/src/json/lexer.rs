//! The tokens: strings, numbers and literals.

use super::{Reader, Result, end};
use std::borrow::Cow;

impl<'a> Reader<'a> {
    /// A string; the next byte must be its quote.
    ///
    /// # Errors
    /// Malformed text.
    pub fn string(&mut self) -> Result<Cow<'a, str>> {
        self.at += 1;
        let start = self.at;
        let bytes = self.bytes();
        loop {
            match bytes.get(self.at) {
                None => return Err(end()),
                Some(b'"') => {
                    let text = &self.text[start..self.at];
                    self.at += 1;
                    return Ok(Cow::Borrowed(text));
                }
                Some(b'\\') => break,
                Some(0..0x20) => return self.invalid("in string literal"),
                Some(_) => self.at += 1,
            }
        }
        let mut out = String::with_capacity(self.at - start + 32);
        let mut from = start;
        loop {
            match bytes.get(self.at) {
                None => return Err(end()),
                Some(b'"') => {
                    out.push_str(&self.text[from..self.at]);
                    self.at += 1;
                    return Ok(Cow::Owned(out));
                }
                Some(b'\\') => {
                    out.push_str(&self.text[from..self.at]);
                    self.at += 1;
                    out.push(self.escape()?);
                    from = self.at;
                }
                Some(0..0x20) => return self.invalid("in string literal"),
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Result<char> {
        let ch = match self.bytes().get(self.at) {
            None => return Err(end()),
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            Some(_) => return self.invalid("in string escape code"),
        };
        self.at += 1;
        Ok(ch)
    }

    /// `uXXXX`, with a second one for a surrogate pair; a lone surrogate becomes U+FFFD.
    fn unicode(&mut self) -> Result<char> {
        let high = self.hex()?;
        if !(0xd800..0xdc00).contains(&high) {
            return Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        if self.bytes().get(self.at..self.at + 2) != Some(b"\\u") {
            return Ok(char::REPLACEMENT_CHARACTER);
        }
        let back = self.at;
        self.at += 1;
        let low = self.hex()?;
        if (0xdc00..0xe000).contains(&low) {
            let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        self.at = back;
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex(&mut self) -> Result<u32> {
        self.at += 1;
        let mut code = 0;
        for _ in 0..4 {
            let digit = match self.bytes().get(self.at) {
                None => return Err(end()),
                Some(byte) => (*byte as char).to_digit(16),
            };
            let Some(digit) = digit else {
                return self.invalid("in \\u hexadecimal character escape");
            };
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }

    /// A number as written; the next byte must be its first.
    ///
    /// # Errors
    /// Malformed text.
    pub fn number(&mut self) -> Result<&'a str> {
        let start = self.at;
        if self.bytes()[self.at] == b'-' {
            self.at += 1;
        }
        if self.bytes().get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            self.digits("in numeric literal")?;
        }
        if self.bytes().get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if matches!(self.bytes().get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.bytes().get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits("in exponent of numeric literal")?;
        }
        Ok(&self.text[start..self.at])
    }

    fn digits(&mut self, place: &str) -> Result<()> {
        let start = self.at;
        while matches!(self.bytes().get(self.at), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start {
            return self.invalid(place);
        }
        Ok(())
    }

    /// `true`, `false` or `null`; the next byte must be its first.
    ///
    /// # Errors
    /// Malformed text.
    pub fn literal(&mut self, word: &str) -> Result<()> {
        for expected in word.bytes() {
            if self.bytes().get(self.at) != Some(&expected) {
                return self.invalid(&format!(
                    "in literal {word} (expecting '{}')",
                    expected as char
                ));
            }
            self.at += 1;
        }
        Ok(())
    }
}
