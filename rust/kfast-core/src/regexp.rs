//! Regular expressions in the syntax of Go's `regexp`, which is that of RE2.

use regex::Regex;
use std::borrow::Cow;

/// Compiles a pattern of Go's syntax. Classes such as `\d` and `\b` are of ASCII, as in Go.
///
/// # Errors
/// What is wrong with it.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    match Regex::new(&translate(pattern)) {
        Ok(regex) => Ok(regex),
        Err(regex::Error::CompiledTooBig(_)) => Err(format!(
            "error parsing regexp: expression too large: `{pattern}`"
        )),
        Err(error) => Err(format!(
            "error parsing regexp: {}: `{pattern}`",
            reason(&error.to_string())
        )),
    }
}

/// The last line of a complaint of several lines.
fn reason(text: &str) -> &str {
    let last = text.lines().last().unwrap_or_default();
    last.strip_prefix("error: ").unwrap_or(last)
}

/// The same pattern in the syntax of the crate `regex`.
fn translate(pattern: &str) -> Cow<'_, str> {
    if !pattern.contains(['\\', '[', '{']) {
        return pattern.into();
    }
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern;
    let mut class = false;
    while let Some(c) = rest.chars().next() {
        let tail = &rest[c.len_utf8()..];
        rest = match c {
            '\\' => escape(tail, class, &mut out),
            '[' if class => {
                if let Some(end) = posix(rest) {
                    out.push_str(&rest[..end]);
                    rest = &rest[end..];
                    continue;
                }
                out.push_str("\\[");
                tail
            }
            '[' => {
                class = true;
                out.push('[');
                open_class(tail, &mut out)
            }
            ']' if class => {
                class = false;
                out.push(']');
                tail
            }
            // Operators of sets in the other syntax.
            '&' | '~' if class => {
                out.push('\\');
                out.push(c);
                tail
            }
            '-' if class && tail.starts_with('-') => {
                out.push_str("\\-");
                tail
            }
            '{' if !class && !is_repetition(rest) => {
                out.push_str("\\{");
                tail
            }
            _ => {
                out.push(c);
                tail
            }
        };
    }
    out.into()
}

/// After the bracket: a negation, and a bracket that is a member of the class.
fn open_class<'p>(mut rest: &'p str, out: &mut String) -> &'p str {
    if let Some(tail) = rest.strip_prefix('^') {
        out.push('^');
        rest = tail;
    }
    if let Some(tail) = rest.strip_prefix(']') {
        out.push_str("\\]");
        rest = tail;
    }
    rest
}

/// After the backslash.
fn escape<'p>(rest: &'p str, class: bool, out: &mut String) -> &'p str {
    let Some(c) = rest.chars().next() else {
        out.push('\\');
        return rest;
    };
    let tail = &rest[c.len_utf8()..];
    match c {
        'd' => out.push_str("[0-9]"),
        'D' => out.push_str("[^0-9]"),
        's' => out.push_str("[\\t\\n\\f\\r ]"),
        'S' => out.push_str("[^\\t\\n\\f\\r ]"),
        'w' => out.push_str("[0-9A-Za-z_]"),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        'b' if !class => out.push_str("(?-u:\\b)"),
        'B' if !class => out.push_str("(?-u:\\B)"),
        'Q' if !class => {
            let end = tail.find("\\E").unwrap_or(tail.len());
            out.push_str(&regex::escape(&tail[..end]));
            return tail.get(end + 2..).unwrap_or_default();
        }
        _ => {
            out.push('\\');
            out.push(c);
        }
    }
    tail
}

/// The end of `[:alpha:]`, which the text begins with.
fn posix(text: &str) -> Option<usize> {
    let name = text.strip_prefix("[:")?;
    let end = name.find(":]")?;
    let word = name[..end].trim_start_matches('^');
    (!word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase())).then_some(end + 4)
}

/// Whether the text begins with `{n}`, `{n,}` or `{n,m}`.
fn is_repetition(text: &str) -> bool {
    let Some((inside, _)) = text[1..].split_once('}') else {
        return false;
    };
    let (low, high) = inside.split_once(',').unwrap_or((inside, "0"));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    !low.is_empty() && digits(low) && digits(high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_go_mean_the_same() {
        for (pattern, text, matches) in [
            (r"^\d+$", "12", true),
            (r"^\d+$", "\u{661}", false),
            (r"^[\w-]+$", "a-b_1", true),
            (r"^[[]$", "[", true),
            (r"^[a&&b]+$", "a&b", true),
            (r"^[]a]+$", "]a", true),
            (r"^[^]a]+$", "]", false),
            (r"^a{,2}$", "a{,2}", true),
            (r"^a{1,2}$", "aa", true),
            (r"^\Qa.b\E+$", "a.bb", true),
            (r"^[[:alpha:]_]+$", "a_", true),
            (r"\bfoo\b", "a foo", true),
            (r"^\.\/\-$", "./-", true),
            (r"^(?i)AB$", "ab", true),
            (r"^\pL+$", "é", true),
            (r"^[--/]$", ".", true),
        ] {
            assert_eq!(
                compile(pattern).unwrap().is_match(text),
                matches,
                "{pattern}"
            );
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for pattern in ["(", "[a", "*", "a{3,2}", r"\1"] {
            assert!(compile(pattern).is_err(), "{pattern}");
        }
    }
}
