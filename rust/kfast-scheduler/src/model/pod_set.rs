//! Sets of pods: by namespace and labels, as affinity terms and spread constraints name them.

use super::raw_affinity::{RawPodAffinity, RawPodTerm, RawSpreadConstraint, RawWeightedPodTerm};
use kfast_selector::{LabelSelector, Operator, Requirement, SelectorError};

/// Labels sorted by key.
pub type Labels = Box<[(Box<str>, Box<str>)]>;

/// Pods whose namespace is named or selected and whose labels match.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PodSet {
    /// Names of namespaces, sorted.
    pub namespaces: Box<[Box<str>]>,
    /// Selects further namespaces by their labels.
    pub namespace_selector: LabelSelector,
    /// On the pod's labels.
    pub selector: LabelSelector,
}

impl PodSet {
    /// Whether a pod belongs, given the labels of its namespace.
    #[must_use]
    pub fn contains(
        &self,
        namespace: &str,
        labels: &[(Box<str>, Box<str>)],
        namespace_labels: &[(Box<str>, Box<str>)],
    ) -> bool {
        (self.names(namespace) || self.namespace_selector.matches(namespace_labels))
            && self.selector.matches(labels)
    }

    /// Whether the namespace is named.
    #[must_use]
    pub fn names(&self, namespace: &str) -> bool {
        self.namespaces
            .binary_search_by(|n| n.as_ref().cmp(namespace))
            .is_ok()
    }
}

/// One term of pod affinity or anti-affinity.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PodTerm {
    /// Nodes with an equal value of this label are one domain.
    pub topology_key: Box<str>,
    /// The pods it is about.
    pub pods: PodSet,
}

/// `spec.affinity.podAffinity` and `podAntiAffinity`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PodAffinity {
    /// One pod that belongs to all of the terms must be in the domain of each.
    pub required: Vec<PodTerm>,
    /// No pod of a term may be in its domain.
    pub required_anti: Vec<PodTerm>,
    /// Weighted terms, those of anti-affinity with negative weights.
    pub preferred: Vec<(i32, PodTerm)>,
    /// Why a selector cannot be used. The list it is in is left empty then.
    pub invalid: Option<Box<str>>,
}

impl PodAffinity {
    /// Whether there is any term.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.required.is_empty()
            && self.required_anti.is_empty()
            && self.preferred.is_empty()
            && self.invalid.is_none()
    }

    pub(super) fn read(
        affinity: RawPodAffinity,
        anti: RawPodAffinity,
        namespace: &str,
        labels: &[(Box<str>, Box<str>)],
    ) -> Self {
        let weighted = |terms: Vec<RawWeightedPodTerm>, sign: i32| {
            let signed =
                move |t: RawWeightedPodTerm| (t.weight.saturating_mul(sign), t.pod_affinity_term);
            terms.into_iter().map(signed).collect::<Vec<_>>()
        };
        let mut errors = Vec::new();
        let mut list = |name, terms: Vec<(i32, RawPodTerm)>| {
            let read = |(weight, term)| Ok((weight, PodTerm::read(term, namespace, labels)?));
            let read: Result<Vec<_>, SelectorError> = terms.into_iter().map(read).collect();
            read.unwrap_or_else(|error| {
                errors.push(format!("{name}: {error}"));
                Vec::new()
            })
        };
        let mut required = |name, terms: Vec<RawPodTerm>| -> Vec<PodTerm> {
            let terms = terms.into_iter().map(|t| (0, t)).collect();
            list(name, terms)
                .into_iter()
                .map(|(_, term)| term)
                .collect()
        };
        let attract = required("requiredAffinityTerms", affinity.required);
        let repel = required("requiredAntiAffinityTerms", anti.required);
        let mut preferred = list("preferredAffinityTerms", weighted(affinity.preferred, 1));
        preferred.extend(list(
            "preferredAntiAffinityTerms",
            weighted(anti.preferred, -1),
        ));
        Self {
            required: attract,
            required_anti: repel,
            preferred,
            invalid: aggregate(&errors),
        }
    }
}

/// Several errors as upstream's aggregate prints them.
fn aggregate(errors: &[String]) -> Option<Box<str>> {
    match errors {
        [] => None,
        [one] => Some(one.as_str().into()),
        more => Some(format!("[{}]", more.join(", ")).into()),
    }
}

impl PodTerm {
    fn read(
        raw: RawPodTerm,
        namespace: &str,
        labels: &[(Box<str>, Box<str>)],
    ) -> Result<Self, SelectorError> {
        let mut namespaces: Vec<Box<str>> = raw.namespaces.into_iter().map(Into::into).collect();
        if namespaces.is_empty() && raw.namespace_selector.is_none() {
            namespaces.push(namespace.into());
        }
        namespaces.sort_unstable();
        namespaces.dedup();
        let selector = LabelSelector::from_value(raw.label_selector.as_ref())?;
        let (same, other) = (&raw.match_label_keys, &raw.mismatch_label_keys);
        let selector = with_own_labels(selector, same, Operator::In, labels)?;
        let selector = with_own_labels(selector, other, Operator::NotIn, labels)?;
        Ok(Self {
            topology_key: raw.topology_key.into(),
            pods: PodSet {
                namespaces: namespaces.into(),
                namespace_selector: LabelSelector::from_value(raw.namespace_selector.as_ref())?,
                selector,
            },
        })
    }
}

/// The selector, and for each of the keys that is among the pod's labels, also its value. A selector of
/// nothing stays that.
fn with_own_labels(
    selector: LabelSelector,
    keys: &[String],
    operator: Operator,
    labels: &[(Box<str>, Box<str>)],
) -> Result<LabelSelector, SelectorError> {
    if keys.is_empty() || selector.is_nothing() {
        return Ok(selector);
    }
    let mut requirements = selector.requirements().to_vec();
    for key in keys {
        let at = labels.binary_search_by(|(k, _)| k.as_ref().cmp(key));
        if let Ok(at) = at {
            let requirement = Requirement::new(key, operator, vec![labels[at].1.to_string()])?;
            if !requirements.contains(&requirement) {
                requirements.push(requirement);
            }
        }
    }
    Ok(LabelSelector::new(requirements))
}

/// One of `spec.topologySpreadConstraints`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SpreadConstraint {
    /// `DoNotSchedule`; `ScheduleAnyway` otherwise.
    pub hard: bool,
    /// How much fuller than the emptiest a domain may be.
    pub max_skew: i32,
    /// Nodes with an equal value of this label are one domain.
    pub topology_key: Box<str>,
    /// The pods to spread, among those of the pod's namespace; `matchLabelKeys` are merged in.
    pub selector: LabelSelector,
    /// With fewer domains the emptiest counts as having no pod.
    pub min_domains: i32,
    /// `nodeAffinityPolicy` is `Honor`: only nodes the pod's node affinity allows count.
    pub honors_affinity: bool,
    /// `nodeTaintsPolicy` is `Honor`: only nodes whose taints the pod tolerates count.
    pub honors_taints: bool,
}

/// `spec.topologySpreadConstraints`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Spread {
    /// In the pod's order.
    pub constraints: Vec<SpreadConstraint>,
    /// Why a selector cannot be used.
    pub invalid: Option<Box<str>>,
}

impl Spread {
    pub(super) fn read(raw: Vec<RawSpreadConstraint>, labels: &[(Box<str>, Box<str>)]) -> Self {
        let mut out = Self::default();
        for constraint in raw {
            match SpreadConstraint::read(constraint, labels) {
                Ok(constraint) => out.constraints.extend(constraint),
                Err(error) => {
                    out.invalid.get_or_insert_with(|| error.to_string().into());
                }
            }
        }
        out
    }
}

impl SpreadConstraint {
    /// A preference of every pod, its selector yet to be filled in.
    pub(crate) fn soft(topology_key: &str, max_skew: i32) -> Self {
        Self {
            hard: false,
            max_skew,
            topology_key: topology_key.into(),
            selector: LabelSelector::nothing(),
            min_domains: 1,
            honors_affinity: true,
            honors_taints: false,
        }
    }

    /// `None` for one whose `whenUnsatisfiable` is neither of the two.
    pub(crate) fn read(
        raw: RawSpreadConstraint,
        labels: &[(Box<str>, Box<str>)],
    ) -> Result<Option<Self>, SelectorError> {
        let hard = match raw.when_unsatisfiable.as_str() {
            "DoNotSchedule" => true,
            "ScheduleAnyway" => false,
            _ => return Ok(None),
        };
        let selector = LabelSelector::from_value(raw.label_selector.as_ref())?;
        Ok(Some(Self {
            hard,
            max_skew: raw.max_skew,
            topology_key: raw.topology_key.into(),
            selector: with_own_labels(selector, &raw.match_label_keys, Operator::In, labels)?,
            min_domains: raw.min_domains.unwrap_or(1),
            honors_affinity: raw.node_affinity_policy.is_none_or(|p| p == "Honor"),
            honors_taints: raw.node_taints_policy.is_some_and(|p| p == "Honor"),
        }))
    }
}
