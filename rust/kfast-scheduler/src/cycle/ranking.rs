//! Feasible nodes by total score.

use crate::cache::NodeIndex;

/// Rows in buckets by total, so that a change costs constant time and the best are at hand.
#[derive(Debug, Default)]
pub struct Ranking {
    buckets: Vec<Vec<NodeIndex>>,
    /// Row -> (bucket + 1, position); bucket 0 stands for absent.
    places: Vec<(u32, u32)>,
    top: usize,
}

impl Ranking {
    /// An empty ranking of `rows` rows.
    #[must_use]
    pub fn new(rows: usize) -> Self {
        Self {
            buckets: Vec::new(),
            places: vec![(0, 0); rows],
            top: 0,
        }
    }

    /// Sets the total of a row, `None` to take it out.
    pub fn set(&mut self, row: NodeIndex, total: Option<i64>) {
        let wanted = total.map_or(0, |t| usize::try_from(t).unwrap_or(0) + 1);
        let (held, at) = self.places[row as usize];
        if held as usize == wanted {
            return;
        }
        if held > 0 {
            let bucket = &mut self.buckets[held as usize - 1];
            bucket.swap_remove(at as usize);
            if let Some(&moved) = bucket.get(at as usize) {
                self.places[moved as usize].1 = at;
            }
        }
        self.places[row as usize] = (0, 0);
        if wanted > 0 {
            if self.buckets.len() < wanted {
                self.buckets.resize_with(wanted, Vec::new);
            }
            let bucket = &mut self.buckets[wanted - 1];
            bucket.push(row);
            let at = bucket.len() - 1;
            self.places[row as usize] = (
                u32::try_from(wanted).unwrap_or(0),
                u32::try_from(at).unwrap_or(0),
            );
            self.top = self.top.max(wanted);
        }
        while self.top > 0 && self.buckets[self.top - 1].is_empty() {
            self.top -= 1;
        }
    }

    /// The rows with the highest total; empty if there are none.
    #[must_use]
    pub fn best(&self) -> &[NodeIndex] {
        self.top.checked_sub(1).map_or(&[], |at| &self.buckets[at])
    }
}
