//! Node selector terms.

use super::{NodeSpec, nullable};
use serde::Deserialize;
use std::collections::BTreeSet;

/// `spec.affinity.nodeAffinity` of a pod, or the affinity added by a profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct NodeAffinitySpec {
    /// Terms one of which must hold.
    #[serde(rename = "requiredDuringSchedulingIgnoredDuringExecution")]
    pub required: Option<NodeSelector>,
    /// Weighted terms.
    #[serde(
        rename = "preferredDuringSchedulingIgnoredDuringExecution",
        deserialize_with = "nullable"
    )]
    pub preferred: Vec<PreferredTerm>,
}

/// Terms of which one must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeSelector {
    /// The terms.
    #[serde(default, deserialize_with = "nullable")]
    pub node_selector_terms: Vec<NodeSelectorTerm>,
}

impl NodeSelector {
    /// Whether the node satisfies one of the terms.
    #[must_use]
    pub fn matches(&self, node: &NodeSpec) -> bool {
        self.node_selector_terms.iter().any(|t| t.matches(node))
    }
}

/// A term with a weight.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PreferredTerm {
    /// 1 to 100.
    pub weight: i32,
    /// The term.
    pub preference: NodeSelectorTerm,
}

/// One term: all its requirements must hold; an empty term matches nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeSelectorTerm {
    /// Requirements on labels.
    #[serde(default, deserialize_with = "nullable")]
    pub match_expressions: Vec<Requirement>,
    /// Requirements on fields; only `metadata.name` exists.
    #[serde(default, deserialize_with = "nullable")]
    pub match_fields: Vec<Requirement>,
}

/// One requirement on a label or field.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub struct Requirement {
    /// Label or field.
    pub key: String,
    /// `In`, `NotIn`, `Exists`, `DoesNotExist`, `Gt` or `Lt`.
    pub operator: String,
    /// Values to compare with.
    #[serde(default, deserialize_with = "nullable")]
    pub values: Vec<String>,
}

impl NodeSelectorTerm {
    /// Whether the node satisfies the term.
    #[must_use]
    pub fn matches(&self, node: &NodeSpec) -> bool {
        if self.match_expressions.is_empty() && self.match_fields.is_empty() {
            return false;
        }
        self.match_expressions
            .iter()
            .all(|r| r.matches(node.label(&r.key)))
            && self.match_fields.iter().all(|r| {
                let name = (r.key == "metadata.name").then_some(&*node.name);
                name.is_some() && r.matches(name)
            })
    }

    /// The node names the term is restricted to by `metadata.name In (...)`, `None` if it is not.
    #[must_use]
    pub fn node_names(&self) -> Option<BTreeSet<&str>> {
        self.match_fields
            .iter()
            .filter(|r| r.key == "metadata.name" && r.operator == "In")
            .map(|r| r.values.iter().map(String::as_str).collect::<BTreeSet<_>>())
            .reduce(|a, b| a.intersection(&b).copied().collect())
    }
}

impl Requirement {
    fn matches(&self, value: Option<&str>) -> bool {
        let among = |v: &str| self.values.iter().any(|w| w == v);
        match self.operator.as_str() {
            "In" => value.is_some_and(among),
            "NotIn" => !value.is_some_and(among),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            "Gt" => self.compare(value).is_some_and(|(a, b)| a > b),
            "Lt" => self.compare(value).is_some_and(|(a, b)| a < b),
            _ => false,
        }
    }

    fn compare(&self, value: Option<&str>) -> Option<(i64, i64)> {
        match self.values.as_slice() {
            [bound] => Some((value?.parse().ok()?, bound.parse().ok()?)),
            _ => None,
        }
    }
}
