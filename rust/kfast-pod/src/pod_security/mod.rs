//! The Pod Security Standards: what pods of the levels `baseline` and `restricted` may not do, as each minor version
//! of Kubernetes defined it.
//!
//! Source: `k8s.io/pod-security-admission/policy` v0.36.

mod capabilities;
mod containers;
mod host;
mod identity;
mod profiles;
mod volumes;

use crate::scope::GROUPS;
use kfast_schema::names as n;
use kfast_schema::{NameId, Value};
use std::collections::BTreeSet;

/// A level with rules; `privileged` has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Known privilege escalations are out.
    Baseline,
    /// Best practice is demanded.
    Restricted,
}

/// One rule that a pod breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it does, in short.
    pub reason: String,
    /// Where, and what it has to do instead.
    pub detail: String,
}

fn finding(reason: impl Into<String>, detail: impl Into<String>) -> Finding {
    Finding {
        reason: reason.into(),
        detail: detail.into(),
    }
}

type Check = fn(&Pod<'_>) -> Option<Finding>;

/// A rule in its versions, (first minor version of Kubernetes, check), and the baseline rule it stands for.
struct Rule {
    versions: &'static [(u32, Check)],
    replaces: Option<usize>,
}

const fn rule(versions: &'static [(u32, Check)]) -> Rule {
    Rule {
        versions,
        replaces: None,
    }
}

const fn instead(replaces: usize, versions: &'static [(u32, Check)]) -> Rule {
    Rule {
        versions,
        replaces: Some(replaces),
    }
}

/// In upstream's order.
const BASELINE: [Rule; 12] = [
    rule(&[(0, profiles::app_armor)]),
    rule(&[(0, capabilities::added)]),
    rule(&[(0, host::namespaces)]),
    rule(&[(0, volumes::host_paths)]),
    rule(&[(0, host::ports)]),
    rule(&[(34, host::probes)]),
    rule(&[(0, containers::privileged)]),
    rule(&[
        (0, containers::proc_mount),
        (35, containers::proc_mount_of_host_users),
    ]),
    rule(&[
        (0, profiles::se_linux),
        (31, profiles::se_linux_with_engines),
    ]),
    rule(&[(0, profiles::seccomp_annotations), (19, profiles::seccomp)]),
    rule(&[
        (0, identity::sysctls),
        (27, identity::sysctls_v27),
        (29, identity::sysctls_v29),
        (32, identity::sysctls_v32),
    ]),
    rule(&[(0, containers::host_process)]),
];
const RESTRICTED: [Rule; 7] = [
    rule(&[
        (8, containers::escalation),
        (25, containers::escalation_of_linux),
    ]),
    instead(
        1,
        &[
            (22, capabilities::dropped),
            (25, capabilities::dropped_by_linux),
        ],
    ),
    instead(7, &[(35, containers::proc_mount)]),
    instead(3, &[(0, volumes::types)]),
    rule(&[
        (0, identity::non_root),
        (35, identity::non_root_of_host_users),
    ]),
    rule(&[(23, identity::user), (35, identity::user_of_host_users)]),
    instead(
        9,
        &[
            (19, profiles::seccomp_set),
            (25, profiles::seccomp_set_by_linux),
        ],
    ),
];

impl Rule {
    fn at(&self, minor: u32) -> Option<Check> {
        let known = self.versions.iter().rev();
        known
            .copied()
            .find(|(since, _)| *since <= minor)
            .map(|(_, check)| check)
    }
}

/// What in a pod or template breaks the rules of the level, as of a minor version of Kubernetes (`u32::MAX`: latest).
#[must_use]
pub fn evaluate(level: Level, minor: u32, object: &Value<'_>) -> Vec<Finding> {
    let nothing = &Value::Null;
    let pod = Pod {
        annotations: object
            .look(&[n::METADATA, n::ANNOTATIONS])
            .unwrap_or(nothing),
        spec: object.get(n::SPEC).unwrap_or(nothing),
    };
    let mut checks: Vec<Option<Check>> = BASELINE.iter().map(|rule| rule.at(minor)).collect();
    if level == Level::Restricted {
        for rule in &RESTRICTED {
            let check = rule.at(minor);
            if let (Some(replaced), true) = (rule.replaces, check.is_some()) {
                checks[replaced] = None;
            }
            checks.push(check);
        }
    }
    checks
        .into_iter()
        .flatten()
        .filter_map(|check| check(&pod))
        .collect()
}

/// Findings as they stand in messages.
#[must_use]
pub fn details(findings: &[Finding]) -> String {
    let one = |f: &Finding| match f.detail.as_str() {
        "" => f.reason.clone(),
        detail => format!("{} ({detail})", f.reason),
    };
    findings.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// What the checks look at.
struct Pod<'v> {
    annotations: &'v Value<'v>,
    spec: &'v Value<'v>,
}

impl<'v> Pod<'v> {
    fn containers(&self) -> impl Iterator<Item = &'v Value<'v>> {
        let spec = self.spec;
        GROUPS.into_iter().flat_map(move |group| spec.list(group))
    }

    /// Names of the containers that are bad.
    fn bad(&self, mut bad: impl FnMut(&'v Value<'v>) -> bool) -> Vec<&'v str> {
        let bad = self.containers().filter(|container| bad(container));
        bad.map(|container| container.text(n::NAME)).collect()
    }

    fn of_windows(&self) -> bool {
        self.spec
            .get(n::OS)
            .is_some_and(|os| os.text(n::NAME) == "windows")
    }

    /// Whether root in the pod is nobody on the node.
    fn has_own_users(&self) -> bool {
        self.spec.bool(n::HOST_USERS) == Some(false)
    }

    fn context(&self, name: NameId) -> Option<&'v Value<'v>> {
        self.spec.look(&[n::SECURITY_CONTEXT, name])
    }
}

/// A property of a container's security context.
fn context<'v>(container: &'v Value<'v>, name: NameId) -> Option<&'v Value<'v>> {
    container.look(&[n::SECURITY_CONTEXT, name])
}

fn quoted<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> String {
    let items: Vec<String> = items
        .into_iter()
        .map(|item| format!("\"{}\"", item.as_ref()))
        .collect();
    items.join(", ")
}

fn plural<'t>(one: &'t str, many: &'t str, count: usize) -> &'t str {
    if count == 1 { one } else { many }
}

/// `container "a"`, `containers "a", "b"`.
fn named(containers: &[&str]) -> String {
    format!(
        "{} {}",
        plural("container", "containers", containers.len()),
        quoted(containers)
    )
}

/// The pod, if it is at fault itself, and the containers that are.
fn setters(pod: bool, containers: &[&str]) -> String {
    let mut all = Vec::new();
    if pod {
        all.push("pod".to_owned());
    }
    if !containers.is_empty() {
        all.push(named(containers));
    }
    all.join(" and ")
}

type Texts<'v> = BTreeSet<&'v str>;
