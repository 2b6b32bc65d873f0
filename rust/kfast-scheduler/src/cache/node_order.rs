//! The order in which nodes are looked at where not all are: zones take turns.

use super::NodeIndex;
use crate::model::NodeSpec;

/// Rows by zone, zones in the order they were met, rows in the order they came.
#[derive(Debug, Default)]
pub struct NodeOrder {
    zones: Vec<(String, Vec<NodeIndex>)>,
    version: u64,
}

impl NodeOrder {
    /// Takes in the node of a row.
    pub(super) fn add(&mut self, row: NodeIndex, node: &NodeSpec) {
        self.version += 1;
        let zone = zone_key(node);
        match self.zones.iter_mut().find(|(z, _)| *z == zone) {
            Some((_, rows)) => rows.push(row),
            None => self.zones.push((zone, vec![row])),
        }
    }

    /// Takes out the node of a row. A zone without nodes loses its turn.
    pub(super) fn remove(&mut self, row: NodeIndex, node: &NodeSpec) {
        self.version += 1;
        let zone = zone_key(node);
        let at = self.zones.iter().position(|(z, _)| *z == zone);
        if let Some(at) = at {
            let rows = &mut self.zones[at].1;
            rows.retain(|r| *r != row);
            if rows.is_empty() {
                self.zones.remove(at);
            }
        }
    }

    /// The node of a row has other labels.
    pub(super) fn replace(&mut self, row: NodeIndex, old: &NodeSpec, new: &NodeSpec) {
        if zone_key(old) != zone_key(new) {
            self.remove(row, old);
            self.add(row, new);
        }
    }

    /// Another number after every change.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// All rows: the first of every zone, the second of every zone, and so on.
    #[must_use]
    pub fn rows(&self) -> Vec<NodeIndex> {
        let longest = self.zones.iter().map(|(_, rows)| rows.len()).max();
        (0..longest.unwrap_or(0))
            .flat_map(|turn| self.zones.iter().filter_map(move |(_, r)| r.get(turn)))
            .copied()
            .collect()
    }
}

/// Region and zone; of the old labels and the new, the old count first.
fn zone_key(node: &NodeSpec) -> String {
    let label = |old, new| node.label(old).or_else(|| node.label(new)).unwrap_or("");
    let zone = label(
        "failure-domain.beta.kubernetes.io/zone",
        "topology.kubernetes.io/zone",
    );
    let region = label(
        "failure-domain.beta.kubernetes.io/region",
        "topology.kubernetes.io/region",
    );
    format!("{region}:\0:{zone}")
}
