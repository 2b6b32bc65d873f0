//! What the API server's admission plugins do to new pods.
//!
//! Source: `plugin/pkg/admission` of Kubernetes v1.36.

mod account;
mod limits;
mod policy;
mod usage;

pub use account::{
    Account, account_name, check_account, check_mirror, complete_account, is_mirror,
};
pub use limits::LimitRange;
pub use policy::{Policy, Standard, Verdict};
pub use usage::{Usage, requests, usage};

use crate::defaults;
use kfast_schema::names as n;
use kfast_schema::{NameId, Value};
use serde::{Deserialize, Deserializer};
use std::collections::HashMap;

/// What is known of a namespace, for the plugins that run.
#[derive(Debug, Default)]
pub struct Admission {
    /// LimitRanger: in the order they apply.
    pub limits: Vec<LimitRange>,
    /// ServiceAccount: those known so far, by name.
    pub accounts: Option<HashMap<String, Account>>,
    /// PodSecurity.
    pub policy: Policy,
    /// Whether Priority runs.
    pub priority: bool,
    /// DefaultTolerationSeconds.
    pub toleration_seconds: Option<i64>,
    /// Whether quotas are to be charged.
    pub quotas: bool,
}

/// Why the core leaves a pod to the plugins themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Left {
    /// It states its priority, which takes the priority classes.
    #[error("the body states a priority or its class")]
    Prioritized,
    /// It names a runtime class or an overhead.
    #[error("the body states a runtime class or an overhead")]
    Runtime,
    /// It is on a node, whose labels count.
    #[error("the body states a node")]
    Assigned,
    /// Its service account is not among those known.
    #[error("the service account of the body is not known")]
    Account,
}

const PRIORITY: [NameId; 3] = [n::PRIORITY_CLASS_NAME, n::PRIORITY, n::PREEMPTION_POLICY];
const TAINTS: [&str; 2] = [
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/unreachable",
];

impl Admission {
    /// Changes a new pod as the plugins do; the refusal of one of them.
    ///
    /// # Errors
    /// If a plugin has to look at it.
    pub fn complete(&self, pod: &mut Value<'_>, suffix: &str) -> Result<Option<String>, Left> {
        let spec = pod.get(n::SPEC).unwrap_or(&Value::Null);
        let states = |names: &[NameId]| names.iter().any(|name| spec.get(*name).is_some());
        if self.priority && states(&PRIORITY) {
            return Err(Left::Prioritized);
        }
        if states(&[n::RUNTIME_CLASS_NAME, n::OVERHEAD]) {
            return Err(Left::Runtime);
        }
        if !spec.text(n::NODE_NAME).is_empty() {
            return Err(Left::Assigned);
        }
        self.fill_limits(pod);
        if let Some(accounts) = &self.accounts {
            if is_mirror(pod) {
                if let Err(refused) = check_mirror(pod) {
                    return Ok(Some(refused));
                }
            } else {
                let account = accounts.get(account_name(pod)).ok_or(Left::Account)?;
                complete_account(pod, account, suffix);
                if let Err(refused) = check_account(pod, account) {
                    return Ok(Some(refused));
                }
            }
        }
        let spec = pod.object_at(n::SPEC);
        if self.priority {
            spec.set(n::PRIORITY, Value::Int(0));
            spec.set(n::PREEMPTION_POLICY, Value::fixed("PreemptLowerPriority"));
        }
        if let Some(seconds) = self.toleration_seconds {
            tolerate(spec, seconds);
        }
        Ok(None)
    }

    /// Fills in what containers do not ask for, and what follows for the pod as a whole.
    pub fn fill_limits(&self, pod: &mut Value<'_>) {
        for range in &self.limits {
            range.complete(pod);
        }
        if !self.limits.is_empty() {
            defaults::pod(pod);
        }
    }

    /// What the plugins say to the final pod: a refusal, or what is to be warned of, besides audit annotations.
    #[must_use]
    pub fn judge(&self, pod: &Value<'_>) -> Judgement {
        let limited = self.limits.iter().find_map(|range| range.check(pod).err());
        let verdict = if limited.is_none() {
            self.policy.judge(pod)
        } else {
            Verdict::default()
        };
        Judgement {
            refused: limited.or(verdict.refused),
            warning: verdict.warning,
            audit: verdict.audit,
        }
    }
}

/// What is said to a final pod.
#[derive(Debug, Default)]
pub struct Judgement {
    /// Why it is refused.
    pub refused: Option<String>,
    /// To be told its creator.
    pub warning: Option<String>,
    /// To be written into the audit log.
    pub audit: Option<String>,
}

/// Has a pod that says nothing of it tolerate unready and unreachable nodes for so many seconds.
pub fn tolerate(spec: &mut Value<'_>, seconds: i64) {
    let stated = spec.list(n::TOLERATIONS);
    let said = |taint: &str| {
        stated.iter().any(|toleration| {
            let (key, effect) = (toleration.text(n::KEY), toleration.text(n::EFFECT));
            (key.is_empty() || key == taint) && matches!(effect, "" | "NoExecute")
        })
    };
    let missing: Vec<_> = TAINTS.into_iter().filter(|taint| !said(taint)).collect();
    for taint in missing {
        let mut toleration = Value::EMPTY;
        toleration.set(n::KEY, Value::fixed(taint));
        toleration.set(n::OPERATOR, Value::fixed("Exists"));
        toleration.set(n::EFFECT, Value::fixed("NoExecute"));
        toleration.set(n::TOLERATION_SECONDS, Value::Int(seconds));
        append(spec, n::TOLERATIONS, toleration);
    }
}

/// Null counts as absent.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

fn append<'v>(object: &mut Value<'v>, list: NameId, item: Value<'v>) {
    if let Some(Value::List(items)) = object.get_mut(list) {
        items.push(item);
    } else {
        object.set(list, Value::List(vec![item]));
    }
}
