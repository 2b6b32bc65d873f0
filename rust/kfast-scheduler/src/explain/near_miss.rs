//! Nodes that one plugin alone keeps a pod from, and what would have to be otherwise.

use crate::cache::{Cache, NodeIndex};
use crate::framework::{Reason, Rejection};
use crate::model::{PodClass, ResourceId};

/// A node a pod almost fits.
#[derive(Clone, Debug, PartialEq)]
pub struct NearMiss {
    /// The node.
    pub row: NodeIndex,
    /// The plugin in the way.
    pub plugin: &'static str,
    /// All that would have to hold.
    pub needs: Vec<Need>,
    /// The largest share of a request that is missing; 1 where it is not a matter of amounts.
    pub shortfall: f64,
}

/// What would have to hold for a pod to fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// The request is at most this.
    AtMost(ResourceId, i64),
    /// The plugin's reason is gone.
    Not(Reason),
}

/// The near misses among rejected nodes, nearest first; equally near ones by row.
#[must_use]
pub fn all(
    cache: &Cache,
    class: &PodClass,
    rejected: &[(NodeIndex, Vec<Rejection>)],
) -> Vec<NearMiss> {
    let mut found: Vec<NearMiss> = rejected
        .iter()
        .filter_map(|(row, rejections)| match rejections.as_slice() {
            [only] => one(cache, class, *row, only),
            _ => None,
        })
        .collect();
    found.sort_by(|a, b| {
        let nearer = a.shortfall.total_cmp(&b.shortfall);
        nearer.then(a.row.cmp(&b.row))
    });
    found
}

fn one(cache: &Cache, class: &PodClass, row: NodeIndex, only: &Rejection) -> Option<NearMiss> {
    let node = cache.node(row)?;
    let mut shortfall: f64 = 0.0;
    let needs = only.reasons.iter().map(|reason| match reason {
        Reason::Insufficient(id) => {
            let free = node.allocatable(*id).saturating_sub(node.requested(*id));
            let requested = class.requests.iter().find(|(r, _)| r == id);
            shortfall = shortfall.max(missing(free, requested.map_or(0, |(_, amount)| amount)));
            Need::AtMost(*id, free.max(0))
        }
        other => {
            shortfall = 1.0;
            Need::Not(other.clone())
        }
    });
    let needs = needs.collect();
    Some(NearMiss {
        row,
        plugin: only.plugin,
        needs,
        shortfall,
    })
}

#[allow(clippy::cast_precision_loss)]
fn missing(free: i64, requested: i64) -> f64 {
    if requested <= 0 {
        return 1.0;
    }
    (requested.saturating_sub(free.max(0)) as f64 / requested as f64).clamp(0.0, 1.0)
}
