//! Capabilities of containers.

use super::{Finding, Pod, Texts, context, finding, named, quoted};
use kfast_schema::names as n;
use kfast_schema::{NameId, Value};

const DEFAULT: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

fn listed<'v>(container: &'v Value<'v>, which: NameId) -> impl Iterator<Item = &'v str> {
    let capabilities = context(container, n::CAPABILITIES);
    let items = capabilities.map_or(&[][..], |c| c.list(which));
    items.iter().filter_map(Value::as_text)
}

/// Containers that add what `allowed` does not have, and what that is.
fn adding<'v>(pod: &Pod<'v>, allowed: &[&str]) -> (Vec<&'v str>, Texts<'v>) {
    let mut others = Texts::new();
    let bad = pod.bad(|container| {
        let added = listed(container, n::ADD).filter(|added| !allowed.contains(added));
        let before: Vec<&str> = added.collect();
        others.extend(&before);
        !before.is_empty()
    });
    (bad, others)
}

pub(super) fn added(pod: &Pod<'_>) -> Option<Finding> {
    let (bad, others) = adding(pod, &DEFAULT);
    (!bad.is_empty()).then(|| finding("non-default capabilities", forbidden(&bad, others)))
}

fn forbidden(bad: &[&str], capabilities: Texts<'_>) -> String {
    let capabilities = quoted(capabilities);
    format!(
        "{} must not include {capabilities} in securityContext.capabilities.add",
        named(bad)
    )
}

pub(super) fn dropped(pod: &Pod<'_>) -> Option<Finding> {
    let keeping = pod.bad(|container| !listed(container, n::DROP).any(|dropped| dropped == "ALL"));
    let (bad, others) = adding(pod, &["NET_BIND_SERVICE"]);
    let mut details = Vec::new();
    if !keeping.is_empty() {
        let all = r#"must set securityContext.capabilities.drop=["ALL"]"#;
        details.push(format!("{} {all}", named(&keeping)));
    }
    if !bad.is_empty() {
        details.push(forbidden(&bad, others));
    }
    (!details.is_empty()).then(|| finding("unrestricted capabilities", details.join("; ")))
}

pub(super) fn dropped_by_linux(pod: &Pod<'_>) -> Option<Finding> {
    if pod.of_windows() { None } else { dropped(pod) }
}
