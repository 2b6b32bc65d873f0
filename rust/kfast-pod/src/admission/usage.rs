//! What pods take from quotas (`pkg/quota/v1/evaluator/core/pods.go`).

use crate::affinity::{PREFERRED, REQUIRED};
use crate::qos;
use crate::totals::{self, HUGE_PAGES, Totals, list};
use kfast_schema::names as n;
use kfast_schema::{NameId, Value};
use std::collections::BTreeMap;

/// What one pod takes, and what quotas ask of it.
#[derive(Clone, Debug, Default)]
pub struct Usage {
    /// Amounts by the names of quotas.
    pub amounts: BTreeMap<String, String>,
    /// The scopes it is in, and the value that decides, if one does.
    pub scopes: Vec<(&'static str, String)>,
    /// Resources that some containers state no amount of, and the names of those containers.
    pub missing: BTreeMap<&'static str, Vec<String>>,
}

/// Names of quotas that containers have to state an amount for, and where.
const REQUIRED_OF_CONTAINERS: [(&str, NameId, &str); 6] = [
    ("cpu", n::REQUESTS, "cpu"),
    ("limits.cpu", n::LIMITS, "cpu"),
    ("limits.memory", n::LIMITS, "memory"),
    ("memory", n::REQUESTS, "memory"),
    ("requests.cpu", n::REQUESTS, "cpu"),
    ("requests.memory", n::REQUESTS, "memory"),
];

/// What a pod takes; `over`: its grace period has passed, so that it counts as an object only.
#[must_use]
pub fn usage(pod: &Value<'_>, over: bool) -> Usage {
    let spec = pod.get(n::SPEC).unwrap_or(&Value::Null);
    let ended = matches!(
        pod.look(&[n::STATUS, n::PHASE]).and_then(Value::as_text),
        Some("Failed" | "Succeeded")
    );
    let mut amounts = BTreeMap::from([("count/pods".to_owned(), "1".to_owned())]);
    if !ended && !over {
        amounts.extend(counted(
            &totals::of_pod(pod, n::REQUESTS),
            &totals::of_pod(pod, n::LIMITS),
        ));
    }
    Usage {
        amounts,
        scopes: scopes(spec),
        missing: missing(spec),
    }
}

/// What a pod asks for, by resource.
#[must_use]
pub fn requests(pod: &Value<'_>) -> BTreeMap<String, String> {
    let requests = totals::of_pod(pod, n::REQUESTS).into_iter();
    requests
        .map(|(name, amount)| (name, amount.to_string()))
        .collect()
}

fn counted(requests: &Totals, limits: &Totals) -> BTreeMap<String, String> {
    let mut amounts = BTreeMap::from([("pods".to_owned(), "1".to_owned())]);
    for (name, amount) in requests {
        let text = amount.to_string();
        let standard = matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage");
        if standard || name.starts_with(HUGE_PAGES) {
            amounts.insert(name.clone(), text.clone());
            amounts.insert(format!("requests.{name}"), text);
        } else if is_extended(name) {
            amounts.insert(format!("requests.{name}"), text);
        }
    }
    for name in ["cpu", "memory", "ephemeral-storage"] {
        if let Some(amount) = limits.get(name) {
            amounts.insert(format!("limits.{name}"), amount.to_string());
        }
    }
    amounts
}

/// Whether quotas may count the resource by its requests: it is somebody's own, or stands for a class of devices.
fn is_extended(name: &str) -> bool {
    !totals::is_native(name) && !name.starts_with("requests.")
        || name.starts_with("deviceclass.resource.kubernetes.io/")
}

fn scopes(spec: &Value<'_>) -> Vec<(&'static str, String)> {
    let terminating = spec
        .int(n::ACTIVE_DEADLINE_SECONDS)
        .is_some_and(|seconds| seconds >= 0);
    let best_effort = qos::class(spec) == "BestEffort";
    let mut scopes = vec![
        (
            if terminating {
                "Terminating"
            } else {
                "NotTerminating"
            },
            String::new(),
        ),
        (
            if best_effort {
                "BestEffort"
            } else {
                "NotBestEffort"
            },
            String::new(),
        ),
    ];
    let class = spec.text(n::PRIORITY_CLASS_NAME);
    if !class.is_empty() {
        scopes.push(("PriorityClass", class.to_owned()));
    }
    if looks_elsewhere(spec) {
        scopes.push(("CrossNamespacePodAffinity", String::new()));
    }
    scopes
}

/// Whether an affinity term is about pods of other namespaces.
fn looks_elsewhere(spec: &Value<'_>) -> bool {
    let elsewhere = |term: &Value<'_>| {
        !term.list(n::NAMESPACES).is_empty() || term.get(n::NAMESPACE_SELECTOR).is_some()
    };
    [n::POD_AFFINITY, n::POD_ANTI_AFFINITY]
        .into_iter()
        .any(|kind| {
            let Some(terms) = spec.look(&[n::AFFINITY, kind]) else {
                return false;
            };
            let mut weighted = terms
                .list(PREFERRED)
                .iter()
                .filter_map(|w| w.get(n::POD_AFFINITY_TERM));
            terms.list(REQUIRED).iter().any(elsewhere) || weighted.any(elsewhere)
        })
}

/// Nothing is missing where the pod as a whole says what it needs.
fn missing(spec: &Value<'_>) -> BTreeMap<&'static str, Vec<String>> {
    let mut missing: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    if totals::is_set_for_pod(spec) {
        return missing;
    }
    for group in [n::CONTAINERS, n::INIT_CONTAINERS] {
        for container in spec.list(group) {
            for (quota, which, resource) in REQUIRED_OF_CONTAINERS {
                if !list(container, which).contains_key(resource) {
                    missing
                        .entry(quota)
                        .or_default()
                        .push(container.text(n::NAME).to_owned());
                }
            }
        }
    }
    for names in missing.values_mut() {
        names.sort_unstable();
        names.dedup();
    }
    missing
}
