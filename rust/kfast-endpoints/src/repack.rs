//! Subsets of an Endpoints object in canonical form: ports with the same addresses share a subset.

use crate::error::nullable;
use crate::ports::Port;
use crate::slice::TargetRef;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Addresses in an Endpoints object.
const MAX_ADDRESSES: usize = 1000;

/// One address. Fields in upstream's order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Address {
    pub ip: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_ref: Option<TargetRef>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Subset {
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub addresses: Vec<Address>,
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub not_ready_addresses: Vec<Address>,
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub ports: Vec<Port>,
}

/// Address and uid, sorted as upstream sorts addresses.
type Key = (String, String);

/// Collects (port, address) pairs; `None` stands for "no port".
#[derive(Default)]
pub(crate) struct Subsets {
    addresses: BTreeMap<Key, Address>,
    by_port: BTreeMap<Option<Port>, BTreeMap<Key, bool>>,
}

impl Subsets {
    /// Adds an address at a port. Unready wins where both are said.
    pub fn add(&mut self, port: Option<Port>, address: &Address, ready: bool) {
        let uid = address.target_ref.as_ref().map(|t| t.uid.clone());
        let key = (address.ip.clone(), uid.unwrap_or_default());
        self.addresses
            .entry(key.clone())
            .or_insert_with(|| address.clone());
        let known = self
            .by_port
            .entry(port)
            .or_default()
            .entry(key)
            .or_insert(ready);
        *known &= ready;
    }

    /// The canonical subsets.
    pub fn pack(self) -> Vec<Subset> {
        let mut by_addresses: BTreeMap<BTreeMap<Key, bool>, Vec<Port>> = BTreeMap::new();
        for (port, addresses) in self.by_port {
            by_addresses.entry(addresses).or_default().extend(port);
        }
        let mut subsets: Vec<Subset> = by_addresses
            .into_iter()
            .map(|(members, ports)| {
                let (ready, unready): (Vec<_>, Vec<_>) = members.iter().partition(|(_, r)| **r);
                let list = |keys: Vec<(&Key, &bool)>| {
                    keys.iter()
                        .map(|(key, _)| self.addresses[*key].clone())
                        .collect()
                };
                Subset {
                    addresses: list(ready),
                    not_ready_addresses: list(unready),
                    ports,
                }
            })
            .collect();
        subsets.sort_by(|a, b| a.ports.cmp(&b.ports));
        subsets
    }
}

/// Cuts subsets to 1,000 addresses, in proportion, ready ones first. Returns whether anything was cut.
pub(crate) fn truncate(subsets: &mut [Subset]) -> bool {
    let ready: usize = subsets.iter().map(|s| s.addresses.len()).sum();
    let unready: usize = subsets.iter().map(|s| s.not_ready_addresses.len()).sum();
    if ready + unready <= MAX_ADDRESSES {
        return false;
    }
    let cut_ready = ready > MAX_ADDRESSES;
    let (max, total) = if cut_ready {
        (MAX_ADDRESSES, ready)
    } else {
        (MAX_ADDRESSES - ready, unready)
    };
    let mut left = max;
    for subset in subsets {
        let list = if cut_ready {
            subset.not_ready_addresses.clear();
            &mut subset.addresses
        } else {
            &mut subset.not_ready_addresses
        };
        let share = (list.len() * max).div_ceil(total).min(left);
        list.truncate(share);
        left -= list.len();
    }
    true
}
