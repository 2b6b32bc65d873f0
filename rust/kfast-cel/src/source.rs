//! An expression's text and what is wrong with it, shown as upstream shows it.

use std::fmt::Write;

/// The longest line a message repeats, in characters.
const LONGEST_SNIPPET: usize = 16_384;
/// Beyond this many, errors are only counted.
const MOST_ISSUES: usize = 100;

/// The text of one expression. Positions are counted in code points from its start.
#[derive(Debug)]
pub(crate) struct Source<'s> {
    text: &'s str,
    /// Position at which each line starts.
    lines: Vec<u32>,
}

impl<'s> Source<'s> {
    pub(crate) fn new(text: &'s str) -> Self {
        let starts = text.chars().zip(1u32..).filter(|(c, _)| *c == '\n');
        let lines = std::iter::once(0).chain(starts.map(|(_, next)| next));
        Self {
            text,
            lines: lines.collect(),
        }
    }

    /// Line and column of a position, both from 0.
    fn place(&self, position: u32) -> (usize, u32) {
        let line = self.lines.partition_point(|start| *start <= position) - 1;
        (line, position - self.lines[line])
    }
}

/// One thing that is wrong with an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Issue {
    /// Where, if anywhere.
    pub(crate) position: Option<u32>,
    pub(crate) message: String,
}

/// All that is wrong with an expression.
#[derive(Debug, Default)]
pub(crate) struct Issues {
    list: Vec<Issue>,
}

impl Issues {
    pub(crate) fn report(&mut self, position: u32, message: impl Into<String>) {
        self.list.push(Issue {
            position: Some(position),
            message: message.into(),
        });
    }

    pub(crate) fn report_nowhere(&mut self, message: impl Into<String>) {
        self.list.push(Issue {
            position: None,
            message: message.into(),
        });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The issues in the order of their places, each with the line it is on.
    pub(crate) fn display(mut self, source: &Source<'_>) -> String {
        let truncated = self.list.len().saturating_sub(MOST_ISSUES);
        self.list.truncate(MOST_ISSUES);
        self.list
            .sort_by_key(|issue| issue.position.map(|p| source.place(p)));
        let mut shown: Vec<String> = self.list.iter().map(|issue| show(issue, source)).collect();
        if truncated > 0 {
            shown.push(format!("{truncated} more errors were truncated"));
        }
        shown.join("\n")
    }
}

fn show(issue: &Issue, source: &Source<'_>) -> String {
    let Some(position) = issue.position else {
        return format!("ERROR: <input>:-1:0: {}", issue.message);
    };
    let (line, column) = source.place(position);
    let snippet = source.text.split('\n').nth(line).unwrap_or_default();
    // An empty text has no line to point at.
    if source.text.is_empty() {
        return format!("ERROR: <input>:1:0: {}", issue.message);
    }
    let mut shown = format!(
        "ERROR: <input>:{}:{}: {}",
        line + 1,
        column + 1,
        issue.message
    );
    if snippet.chars().nth(LONGEST_SNIPPET).is_some() {
        return shown;
    }
    let snippet = snippet.replace('\t', " ");
    let _ = write!(shown, "\n | {snippet}\n | ");
    let mut chars = snippet.chars();
    for c in chars.by_ref().take(column as usize) {
        shown.push(if c.is_ascii() { '.' } else { '\u{ff0e}' });
    }
    let wide = chars.next().is_some_and(|c| !c.is_ascii());
    shown.push(if wide { '\u{ff3e}' } else { '^' });
    shown
}
