//! Topology domains: for each label key in use, the domain of every node row.

use super::{Held, Interned, NodeIndex};
use crate::model::NodeSpec;
use foldhash::HashMap;

/// Number of a topology key.
pub type KeyId = u32;

/// Number of a domain of one key; given out again once no row is in it.
pub type DomainId = u32;

const NO_DOMAIN: DomainId = DomainId::MAX;

/// Columns of domains, one per key somebody holds.
#[derive(Debug, Default)]
pub struct Topology {
    /// Label keys; `None` makes every node a domain of its own.
    names: Interned<Option<Box<str>>>,
    columns: Vec<Column>,
    rows: usize,
}

#[derive(Debug, Default)]
struct Column {
    /// Row -> its domain and its place in the domain's rows.
    places: Vec<(DomainId, u32)>,
    ids: HashMap<Box<str>, DomainId>,
    domains: Vec<Domain>,
    free: Vec<DomainId>,
    /// Number of rows that are in a domain.
    rows: usize,
}

#[derive(Debug, Default)]
struct Domain {
    value: Box<str>,
    rows: Vec<NodeIndex>,
}

impl Column {
    fn set(&mut self, row: NodeIndex, value: Option<&str>) {
        let at = row as usize;
        if self.places.len() <= at {
            self.places.resize(at + 1, (NO_DOMAIN, 0));
        }
        let wanted = value.map_or(NO_DOMAIN, |v| self.domain_of(v));
        let (held, place) = self.places[at];
        if held == wanted {
            return;
        }
        if held != NO_DOMAIN {
            self.rows -= 1;
            self.take(held, place);
        }
        if wanted == NO_DOMAIN {
            self.places[at] = (NO_DOMAIN, 0);
        } else {
            self.rows += 1;
            let rows = &mut self.domains[wanted as usize].rows;
            rows.push(row);
            self.places[at] = (wanted, u32::try_from(rows.len() - 1).unwrap_or(u32::MAX));
        }
    }

    fn domain_of(&mut self, value: &str) -> DomainId {
        if let Some(&id) = self.ids.get(value) {
            return id;
        }
        let id = self.free.pop().unwrap_or_else(|| {
            self.domains.push(Domain::default());
            DomainId::try_from(self.domains.len() - 1).unwrap_or(NO_DOMAIN)
        });
        self.domains[id as usize].value = value.into();
        self.ids.insert(value.into(), id);
        id
    }

    fn take(&mut self, domain: DomainId, place: u32) {
        let Domain { value, rows } = &mut self.domains[domain as usize];
        rows.swap_remove(place as usize);
        if let Some(&moved) = rows.get(place as usize) {
            self.places[moved as usize].1 = place;
        } else if rows.is_empty() {
            self.ids.remove(value);
            self.free.push(domain);
        }
    }
}

impl Topology {
    /// The number of a key, kept while it is held. `nodes` are read, by row, where the key is new.
    pub(super) fn key(&mut self, name: Option<&str>, nodes: &[Option<NodeSpec>]) -> Held {
        if self.names.is_due() {
            for id in self.names.sweep() {
                self.columns[id as usize] = Column::default();
            }
        }
        let (held, new) = self.names.intern(name.map(Into::into));
        if new {
            let at = held.id() as usize;
            if self.columns.len() <= at {
                self.columns.resize_with(at + 1, Column::default);
            }
            for (row, node) in (0..).zip(nodes) {
                set(&mut self.columns[at], name, row, node.as_ref());
            }
        }
        held
    }

    /// Takes over the labels of the node in a row, `None` when the node is gone.
    pub(super) fn set_row(&mut self, row: NodeIndex, node: Option<&NodeSpec>) {
        self.rows = self.rows.max(row as usize + 1);
        for (id, name) in self.names.iter() {
            let name = name.as_ref().as_ref();
            set(
                &mut self.columns[id as usize],
                name.map(|n| &**n),
                row,
                node,
            );
        }
    }

    /// The domain of a row; `None` without the label.
    #[must_use]
    pub fn domain(&self, key: KeyId, row: NodeIndex) -> Option<DomainId> {
        let (domain, _) = *self.columns[key as usize].places.get(row as usize)?;
        (domain != NO_DOMAIN).then_some(domain)
    }

    /// The rows of a domain, in no order.
    #[must_use]
    pub fn rows(&self, key: KeyId, domain: DomainId) -> &[NodeIndex] {
        &self.columns[key as usize].domains[domain as usize].rows
    }

    /// The domains of a key.
    pub fn domains(&self, key: KeyId) -> impl Iterator<Item = DomainId> + '_ {
        let column = &self.columns[key as usize];
        (0..)
            .zip(&column.domains)
            .filter(|(_, domain)| !domain.rows.is_empty())
            .map(|(id, _)| id)
    }

    /// Number of domains of a key.
    #[must_use]
    pub fn domain_count(&self, key: KeyId) -> usize {
        self.columns[key as usize].ids.len()
    }

    /// An upper bound of the domain numbers of a key.
    #[must_use]
    pub fn domain_bound(&self, key: KeyId) -> usize {
        self.columns[key as usize].domains.len()
    }

    /// Whether no two rows share a domain of the key.
    #[must_use]
    pub fn is_single(&self, key: KeyId) -> bool {
        self.columns[key as usize].rows == self.domain_count(key)
    }

    /// Whether domains of the key hold hardly more than one row each, as those of `kubernetes.io/hostname` do.
    #[must_use]
    pub fn is_row_like(&self, key: KeyId) -> bool {
        self.domain_count(key) * 2 > self.rows
    }
}

fn set(column: &mut Column, key: Option<&str>, row: NodeIndex, node: Option<&NodeSpec>) {
    let value = node.and_then(|n| key.map_or(Some(&*n.name), |key| n.label(key)));
    column.set(row, value);
}
