//! Field selectors: `metadata.name=x,status.phase!=Running`, with `\` escapes in values.

use crate::{Result, SelectorError};
use std::fmt;

/// Whether the field must have the value or must not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldOperator {
    /// `=` and `==`.
    Equals,
    /// `!=`.
    NotEquals,
}

impl FieldOperator {
    /// `=` or `!=`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equals => "=",
            Self::NotEquals => "!=",
        }
    }
}

/// One term of a field selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldRequirement {
    /// The field's label, e.g. `spec.nodeName`.
    pub field: Box<str>,
    /// Equal or not.
    pub operator: FieldOperator,
    /// The value, escapes resolved.
    pub value: Box<str>,
}

impl FieldRequirement {
    /// Whether a field of this value (absent: empty) meets the term.
    #[must_use]
    pub fn accepts(&self, value: &str) -> bool {
        (self.value.as_ref() == value) == (self.operator == FieldOperator::Equals)
    }
}

/// A field selector: all terms must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldSelector(Box<[FieldRequirement]>);

impl FieldSelector {
    /// The conjunction of terms.
    #[must_use]
    pub fn new(requirements: Vec<FieldRequirement>) -> Self {
        Self(requirements.into())
    }

    /// Reads the written form.
    ///
    /// # Errors
    /// On a term without operator, an unknown escape, an unescaped `=` in a value; messages are upstream's.
    pub fn parse(text: &str) -> Result<Self> {
        let mut terms = split_terms(text);
        terms.sort_unstable();
        let mut requirements = Vec::new();
        for term in terms.into_iter().filter(|t| !t.is_empty()) {
            let Some((field, operator, value)) = split_term(term) else {
                let message = format!("invalid selector: '{text}'; can't understand '{term}'");
                return Err(SelectorError(message));
            };
            requirements.push(FieldRequirement {
                field: field.into(),
                operator,
                value: unescape(value)?.into(),
            });
        }
        Ok(Self::new(requirements))
    }

    /// Whether every object matches.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The terms, sorted by their written form.
    #[must_use]
    pub fn requirements(&self) -> &[FieldRequirement] {
        &self.0
    }

    /// Whether the fields match; an absent field reads as empty.
    pub fn matches<'a>(&self, lookup: impl Fn(&str) -> &'a str) -> bool {
        self.0.iter().all(|r| r.accepts(lookup(&r.field)))
    }
}

fn split_terms(text: &str) -> Vec<&str> {
    let (mut terms, mut start, mut escaped) = (Vec::new(), 0, false);
    for (i, ch) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if ch == '\\' {
            escaped = true;
        } else if ch == ',' {
            terms.push(&text[start..i]);
            start = i + 1;
        }
    }
    terms.push(&text[start..]);
    terms
}

fn split_term(term: &str) -> Option<(&str, FieldOperator, &str)> {
    for (i, _) in term.char_indices() {
        let rest = &term[i..];
        for (sign, operator) in [
            ("!=", FieldOperator::NotEquals),
            ("==", FieldOperator::Equals),
            ("=", FieldOperator::Equals),
        ] {
            if let Some(value) = rest.strip_prefix(sign) {
                return Some((&term[..i], operator, value));
            }
        }
    }
    None
}

fn unescape(text: &str) -> Result<String> {
    let bad_escape = |sequence: &str| {
        SelectorError(format!(
            "invalid field selector: invalid escape sequence: {sequence}"
        ))
    };
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(ch) = chars.next() {
        match ch {
            '\\' => match chars.next() {
                Some(next @ ('\\' | ',' | '=')) => out.push(next),
                Some(next) => return Err(bad_escape(&format!("\\{next}"))),
                None => return Err(bad_escape("\\")),
            },
            // Upstream prints the code point.
            ',' | '=' => {
                let code = ch as u32;
                let message =
                    format!("invalid field selector: unescaped character in value: {code}");
                return Err(SelectorError(message));
            }
            _ => out.push(ch),
        }
    }
    Ok(out)
}

impl fmt::Display for FieldSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, r) in self.0.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            write!(f, "{comma}{}{}", r.field, r.operator.as_str())?;
            for ch in r.value.chars() {
                if matches!(ch, '\\' | ',' | '=') {
                    f.write_str("\\")?;
                }
                write!(f, "{ch}")?;
            }
        }
        Ok(())
    }
}
