//! Regular expressions in the syntax of Go's `regexp`, which is that of RE2.

use regex::Regex;
use std::borrow::Cow;

/// Compiles a pattern of Go's syntax. Classes such as `\d` and `\b` are of ASCII, as in Go.
///
/// # Errors
/// What is wrong with it.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    let refused = |why: String| Err(format!("error parsing regexp: {why}"));
    if let Some(count) = too_often(pattern) {
        return refused(format!("invalid repeat count: `{count}`"));
    }
    match Regex::new(&translate(pattern)) {
        Ok(regex) => Ok(regex),
        Err(regex::Error::CompiledTooBig(_)) => {
            refused(format!("expression too large: `{pattern}`"))
        }
        Err(error) => refused(reason(pattern, &error.to_string())),
    }
}

/// What Go says of a fault, of which the other parser says this.
fn reason(pattern: &str, text: &str) -> String {
    let last = text.lines().last().unwrap_or_default();
    let last = last.strip_prefix("error: ").unwrap_or(last);
    match last {
        "unclosed group" => format!("missing closing ): `{pattern}`"),
        "unopened group" => format!("unexpected ): `{pattern}`"),
        "unclosed character class" => {
            let from = pattern.find('[').unwrap_or(0);
            format!("missing closing ]: `{}`", &pattern[from..])
        }
        "repetition operator missing expression" => {
            let operator = pattern
                .find(['*', '+', '?'])
                .map_or("", |at| &pattern[at..=at]);
            format!("missing argument to repetition operator: `{operator}`")
        }
        _ if last.starts_with("look-around") => {
            let from = pattern.find("(?").unwrap_or(0);
            let shown: String = pattern[from..].chars().take(3).collect();
            format!("invalid or unsupported Perl syntax: `{shown}`")
        }
        _ if last.starts_with("incomplete escape") => {
            "trailing backslash at end of expression: ``".into()
        }
        _ if last.starts_with("backreferences") || last.starts_with("unrecognized escape") => {
            format!("invalid escape sequence: `{}`", unknown_escape(pattern))
        }
        _ if last.starts_with("Unicode property not found") => {
            let from = pattern.find("\\p").or(pattern.find("\\P")).unwrap_or(0);
            let end = pattern[from..].find('}').map_or(3, |at| at + 1);
            let shown: String = pattern[from..].chars().take(end).collect();
            format!("invalid character class range: `{shown}`")
        }
        other => format!("{other}: `{pattern}`"),
    }
}

/// The first escape of a letter or digit that has no meaning.
fn unknown_escape(pattern: &str) -> String {
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        let escaped = if c == '\\' { rest.next() } else { None };
        if let Some(e) = escaped
            && e.is_ascii_alphanumeric()
            && !"AzbBdDsSwWpPQEx0afnrtv".contains(e)
        {
            return format!("\\{e}");
        }
    }
    String::new()
}

/// A repetition of more than 1,000 times, or of more times at least than at most.
fn too_often(pattern: &str) -> Option<&str> {
    const MOST: u32 = 1000;
    let starts = pattern.match_indices('{').map(|(at, _)| at);
    for at in starts.filter(|at| is_repetition(&pattern[*at..])) {
        let whole = &pattern[at..=at + pattern[at..].find('}')?];
        let inside = &whole[1..whole.len() - 1];
        let (low, high) = inside.split_once(',').unwrap_or((inside, inside));
        let number = |t: &str| t.parse().unwrap_or(MOST + 1);
        let (low, high) = (
            number(low),
            if high.is_empty() { MOST } else { number(high) },
        );
        if low > MOST || high > MOST || low > high {
            return Some(whole);
        }
    }
    None
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
        'p' | 'P' | 'x' if tail.starts_with('{') => {
            let end = tail.find('}').map_or(tail.len(), |at| at + 1);
            out.push('\\');
            out.push(c);
            out.push_str(&tail[..end]);
            return &tail[end..];
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
            (r"^\p{Lu}\P{L}[\p{Greek}]\x{41}$", "É1αA", true),
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
