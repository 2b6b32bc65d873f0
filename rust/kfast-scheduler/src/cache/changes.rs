//! The log of changed rows, shared by all readers, each with its own position.

use super::NodeIndex;

/// How many changes are kept; a reader further behind starts over.
const KEPT: usize = 1 << 16;

/// A bounded log of row numbers.
#[derive(Debug, Default)]
pub struct ChangeLog {
    rows: std::collections::VecDeque<NodeIndex>,
    end: u64,
}

impl ChangeLog {
    /// Logs a change of a row.
    pub fn push(&mut self, row: NodeIndex) {
        if self.rows.len() == KEPT {
            self.rows.pop_front();
        }
        self.rows.push_back(row);
        self.end += 1;
    }

    /// The position behind the last change.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.end
    }

    /// The rows changed since `position`, `None` if they are no longer all known.
    pub fn since(&self, position: u64) -> Option<impl Iterator<Item = NodeIndex> + '_> {
        let missed = usize::try_from(self.end - position).ok()?;
        let from = self.rows.len().checked_sub(missed)?;
        Some(self.rows.range(from..).copied())
    }
}
