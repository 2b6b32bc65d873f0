//! Volumes for claims that are bound once a node is chosen: which volume that exists, or whether one can be made.

use super::Volumes;
use crate::model::NodeSpec;
use crate::model::volumes::{
    CsiStorageCapacity, Delayed, PersistentVolume, PvTopology, Selector, StorageClass, VolumeDemand,
};
use smallvec::SmallVec;
use std::collections::HashMap;
use std::sync::Arc;

/// Why claims cannot be bound on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmatched {
    /// No volume fits and none can be made.
    NoVolume,
    /// A volume could be made if there were room.
    NoRoom,
}

/// How claims would be bound on a node.
#[derive(Clone, Debug, Default)]
pub struct NodeBinding {
    /// Claims (by position in the demand) with the volumes for them.
    pub fixed: SmallVec<[(usize, Arc<PersistentVolume>); 1]>,
    /// Claims for which volumes are made, with the room there is if it is known.
    pub made: SmallVec<[(usize, Option<i64>); 1]>,
}

/// Items that each suit some nodes, found by a label the nodes must have.
#[derive(Default)]
struct Anchored<T> {
    items: Vec<T>,
    anywhere: Vec<usize>,
    by_label: HashMap<Box<str>, HashMap<Box<str>, Vec<usize>>>,
}

impl<T> Anchored<T> {
    /// `anchor` gives a label key and the values it must have on nodes an item suits, if there is such a key.
    fn new<'a>(
        items: Vec<T>,
        anchor: impl Fn(&T) -> Option<(Box<str>, Vec<Box<str>>)> + 'a,
    ) -> Self {
        let mut index = Self {
            items: Vec::new(),
            anywhere: Vec::new(),
            by_label: HashMap::new(),
        };
        for (at, item) in items.iter().enumerate() {
            let Some((key, values)) = anchor(item) else {
                index.anywhere.push(at);
                continue;
            };
            let by_value = index.by_label.entry(key).or_default();
            for value in values {
                by_value.entry(value).or_default().push(at);
            }
        }
        index.items = items;
        index
    }

    /// Items that may suit the node, in order.
    fn at<'a>(&'a self, node: &NodeSpec) -> impl Iterator<Item = &'a T> {
        let found = self.by_label.iter().filter_map(|(key, by_value)| {
            let found = by_value.get(node.label(key)?)?;
            Some(found.as_slice())
        });
        let mut lists: SmallVec<[&[usize]; 4]> = found.collect();
        lists.push(&self.anywhere);
        std::iter::from_fn(move || {
            let first = lists.iter_mut().filter(|l| !l.is_empty());
            let list = first.min_by_key(|l| l[0])?;
            let (&at, rest) = list.split_first()?;
            *list = rest;
            self.items.get(at)
        })
    }
}

/// A claim with all that may be bound to it.
struct ClaimMatch {
    demand: Arc<Delayed>,
    /// Volumes reserved to the claim; the first one decides.
    reserved: Vec<Arc<PersistentVolume>>,
    /// Volumes that fit but perhaps for the node, smallest first.
    volumes: Anchored<Arc<PersistentVolume>>,
    /// Capacities large enough; `None` if any will do.
    room: Option<Anchored<CsiStorageCapacity>>,
}

/// Finds volumes for the claims of one demand.
pub struct Matcher {
    claims: Vec<ClaimMatch>,
    /// Positions of the claims, by size.
    by_size: Vec<usize>,
}

impl Matcher {
    /// For the claims of a demand, in its order.
    #[must_use]
    pub fn new(volumes: &Volumes, demand: &VolumeDemand) -> Self {
        let claims: Vec<_> = demand
            .delayed
            .iter()
            .map(|d| ClaimMatch::new(volumes, d))
            .collect();
        let mut by_size: Vec<usize> = (0..claims.len()).collect();
        by_size.sort_by_key(|&at| claims[at].demand.size.unwrap_or(0));
        Self { claims, by_size }
    }

    /// How the claims would be bound on a node.
    ///
    /// # Errors
    /// Why they cannot.
    pub fn find(&self, node: &NodeSpec) -> Result<NodeBinding, Unmatched> {
        let mut binding = NodeBinding::default();
        let mut to_make: SmallVec<[usize; 2]> = SmallVec::new();
        for (at, claim) in self.claims.iter().enumerate() {
            match &claim.demand.selected_node {
                Some(selected) if **selected != *node.name => return Err(Unmatched::NoVolume),
                Some(_) => to_make.push(at),
                None => {}
            }
        }
        for &at in &self.by_size {
            let claim = &self.claims[at];
            if claim.demand.selected_node.is_some() {
                continue;
            }
            match claim.volume(node, &binding) {
                Some(volume) => binding.fixed.push((at, volume)),
                None => to_make.push(at),
            }
        }
        for at in to_make {
            let room = self.claims[at].room(node)?;
            binding.made.push((at, room));
        }
        Ok(binding)
    }

    /// Requested and available bytes by storage class: of volumes that exist if there are any, else of those to
    /// be made.
    #[must_use]
    pub fn shares(&self, binding: &NodeBinding) -> Vec<(i64, i64)> {
        let size = |at: usize| self.claims[at].demand.size.unwrap_or(0);
        let mut by_class: HashMap<&str, (i64, i64)> = HashMap::new();
        for (at, volume) in &binding.fixed {
            let share = by_class.entry(&volume.class).or_default();
            share.0 = share.0.saturating_add(size(*at));
            share.1 = share.1.saturating_add(volume.capacity);
        }
        if binding.fixed.is_empty() {
            for &(at, room) in &binding.made {
                let Some(room) = room else { continue };
                let share = by_class
                    .entry(&self.claims[at].demand.class.name)
                    .or_default();
                // The claims of a class share its room.
                *share = (share.0.saturating_add(size(at)), room);
            }
        }
        by_class.into_values().collect()
    }
}

impl ClaimMatch {
    fn new(volumes: &Volumes, demand: &Arc<Delayed>) -> Self {
        let claim = demand.reserved.and_then(|id| volumes.claims().get(id));
        let claim = claim.and_then(super::ClaimState::current);
        let (mut reserved, mut free) = (Vec::new(), Vec::new());
        let names = volumes.by_class.get(&demand.class.name);
        for volume in names
            .into_iter()
            .flatten()
            .filter_map(|n| volumes.volume(n))
        {
            if !demand.suits(volume) {
                continue;
            }
            if claim.is_some_and(|c| volume.is_bound_to(c)) {
                reserved.push(Arc::clone(volume));
            } else if volume.claim.is_none() && demand.takes(volume) {
                free.push(Arc::clone(volume));
            }
        }
        free.sort_by(|a, b| (a.capacity, &a.name).cmp(&(b.capacity, &b.name)));
        Self {
            reserved,
            volumes: Anchored::new(free, |v| topology_anchor(v.topology.as_deref()?)),
            room: demand
                .capacity_checked
                .then(|| volumes.room(&demand.class, demand.size.unwrap_or(0))),
            demand: Arc::clone(demand),
        }
    }

    fn volume(&self, node: &NodeSpec, binding: &NodeBinding) -> Option<Arc<PersistentVolume>> {
        let free = |v: &&Arc<PersistentVolume>| binding.fixed.iter().all(|(_, b)| b.name != v.name);
        let suits = |v: &PersistentVolume| {
            let required = v.topology.as_ref().and_then(|t| t.required.as_ref());
            required.is_none_or(|r| r.matches(node))
        };
        if let Some(volume) = self.reserved.iter().find(free) {
            return suits(volume).then(|| Arc::clone(volume));
        }
        let mut found = self.volumes.at(node).filter(free);
        found.find(|v| suits(v)).map(Arc::clone)
    }

    /// The room for a volume that can be made for a node, `None` if nobody says.
    fn room(&self, node: &NodeSpec) -> Result<Option<i64>, Unmatched> {
        let class = &self.demand.class;
        if !class.provisions() || !class.allows(node) {
            return Err(Unmatched::NoVolume);
        }
        let Some(room) = &self.room else {
            return Ok(None);
        };
        let reaches = |c: &&CsiStorageCapacity| {
            let topology = c.topology.as_ref().map(Selector::compiled);
            topology.is_some_and(|t| t.matches_with(|key| node.label(key)))
        };
        let found = room.at(node).find(reaches).ok_or(Unmatched::NoRoom)?;
        Ok(Some(found.capacity.unwrap_or(0)))
    }
}

impl Delayed {
    /// Whether the volume could be the claim's if it is reserved to it.
    fn suits(&self, volume: &PersistentVolume) -> bool {
        volume.capacity >= self.size.unwrap_or(0)
            && volume.block == self.block
            && volume.attributes_class == self.attributes_class
            && !volume.deleting
    }

    /// Whether the claim may have a volume nobody has.
    fn takes(&self, volume: &PersistentVolume) -> bool {
        let selector = self.selector.as_ref().map(Selector::compiled);
        volume.available
            && selector.is_none_or(|s| s.matches(&volume.labels))
            && self
                .access_modes
                .iter()
                .all(|m| volume.access_modes.contains(m))
    }
}

impl Volumes {
    fn room(&self, class: &StorageClass, size: i64) -> Anchored<CsiStorageCapacity> {
        let enough = |c: &&CsiStorageCapacity| {
            c.class == class.name && c.limit().is_some_and(|limit| limit >= size)
        };
        let found = self.capacities.values().filter(enough).cloned().collect();
        Anchored::new(found, |c: &CsiStorageCapacity| {
            let requirements = c.topology.as_ref()?.compiled().requirements();
            requirements
                .iter()
                .find_map(|r| Some((r.key().into(), r.one_of()?.to_vec())))
        })
    }
}

fn topology_anchor(topology: &PvTopology) -> Option<(Box<str>, Vec<Box<str>>)> {
    let [term] = topology.required.as_ref()?.node_selector_terms.as_slice() else {
        return None;
    };
    let named = term.match_expressions.iter().find(|e| e.operator == "In")?;
    let values = named.values.iter().map(|v| v.as_str().into()).collect();
    Some((named.key.as_str().into(), values))
}
