//! `percentageOfNodesToScore`: the search for feasible nodes ends when there are enough, and the next one begins
//! where it ended.

use super::Prepared;
use crate::cache::{Cache, NodeIndex};
use crate::framework::{Profile, Rejection};
use crate::model::PodClass;

/// Fewer feasible nodes than this are never enough.
const FEWEST: usize = 100;

/// Where the next search begins.
#[derive(Debug, Default)]
pub struct Sampling {
    order: Vec<NodeIndex>,
    /// Version of the cache's node order; 0 is no order.
    version: u64,
    start: usize,
}

/// What a search found.
#[derive(Debug, Default)]
pub struct Sample {
    /// Feasible rows in the order they were met.
    pub feasible: Vec<NodeIndex>,
    /// Distinct rejections with the number of rows.
    pub rejections: Vec<(Rejection, usize)>,
}

/// How many feasible nodes of `nodes` are enough.
#[must_use]
pub fn enough(nodes: usize, percentage: usize) -> usize {
    if nodes < FEWEST {
        nodes
    } else {
        (nodes * percentage / 100).max(FEWEST)
    }
}

impl Sampling {
    /// Looks at nodes, or at those in `rows`, until enough are feasible. As upstream does, it goes on to the
    /// first one too many, and passes over it.
    pub fn search(
        &mut self,
        profile: &Profile,
        cache: &Cache,
        class: &PodClass,
        prepared: &Prepared,
        rows: Option<&[NodeIndex]>,
    ) -> Sample {
        if self.version != cache.node_order().version() {
            self.version = cache.node_order().version();
            self.order = cache.node_order().rows();
        }
        let nodes = rows.unwrap_or(&self.order);
        let enough = enough(nodes.len(), profile.percentage_of_nodes_to_score());
        let totals = prepared.totals(cache, class);
        let mut sample = Sample::default();
        let mut seen = 0;
        for at in 0..nodes.len() {
            let row = nodes[(self.start + at) % nodes.len()];
            match prepared.rejection(profile, cache, class, &totals, row) {
                Some(rejection) => sample.count(rejection),
                None if sample.feasible.len() == enough => break,
                None => sample.feasible.push(row),
            }
            seen += 1;
        }
        self.start = (self.start + seen) % self.order.len().max(1);
        sample
    }
}

impl Sample {
    fn count(&mut self, rejection: Rejection) {
        let known = self.rejections.iter_mut().find(|(r, _)| *r == rejection);
        match known {
            Some((_, rows)) => *rows += 1,
            None => self.rejections.push((rejection, 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::enough;

    #[test]
    fn a_hundred_nodes_are_always_looked_for() {
        for (nodes, percentage, expected) in [
            (50, 10, 50),
            (99, 1, 99),
            (100, 10, 100),
            (1000, 42, 420),
            (5000, 10, 500),
            (5000, 1, 100),
        ] {
            assert_eq!(enough(nodes, percentage), expected, "{nodes}");
        }
    }
}
