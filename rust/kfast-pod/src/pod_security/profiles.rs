//! Profiles of AppArmor, seccomp and SELinux.

use super::{Finding, Pod, Texts, context, finding, named, plural, quoted, setters};
use crate::annotations::APP_ARMOR;
use kfast_core::quote;
use kfast_schema::names as n;
use kfast_schema::{NameId, Value};
use std::collections::BTreeSet;

/// Which of pod and containers state a profile of a type that is not allowed, and those types.
fn other_types<'v>(
    pod: &Pod<'v>,
    which: NameId,
    allowed: &[&str],
) -> (bool, Vec<&'v str>, Texts<'v>) {
    let mut types = Texts::new();
    let mut other = |profile: Option<&'v Value<'v>>| {
        let stated = profile.map(|profile| profile.text(n::TYPE));
        let other = stated.filter(|kind| !allowed.contains(kind));
        types.extend(other);
        other.is_some()
    };
    let itself = other(pod.context(which));
    let containers = pod.bad(|container| other(context(container, which)));
    (itself, containers, types)
}

pub(super) fn app_armor(pod: &Pod<'_>) -> Option<Finding> {
    let allowed = ["RuntimeDefault", "Localhost"];
    let (itself, containers, types) = other_types(pod, n::APP_ARMOR_PROFILE, &allowed);
    let mut values: Vec<String> = types.into_iter().map(str::to_owned).collect();
    let mut by = setters(itself, &containers);
    let fine = |profile: &str| {
        profile.is_empty() || profile == "runtime/default" || profile.starts_with("localhost/")
    };
    let stated = pod
        .annotations
        .texts()
        .filter(|(key, _)| key.starts_with(APP_ARMOR));
    let bad = stated.filter(|(_, profile)| !fine(profile));
    let bad: BTreeSet<String> = bad
        .map(|(key, profile)| format!("{key}={}", quote(profile)))
        .collect();
    if !bad.is_empty() {
        if !by.is_empty() {
            by.push_str(" and ");
        }
        by.push_str(plural("annotation", "annotations", bad.len()));
        values.extend(bad);
    }
    if by.is_empty() {
        return None;
    }
    let reason = plural(
        "forbidden AppArmor profile",
        "forbidden AppArmor profiles",
        values.len(),
    );
    Some(finding(
        reason,
        format!(
            "{by} must not set AppArmor profile type to {}",
            quoted(values)
        ),
    ))
}

const SECCOMP: [&str; 2] = ["Localhost", "RuntimeDefault"];
const SECCOMP_OF_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_OF_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";

pub(super) fn seccomp_annotations(pod: &Pod<'_>) -> Option<Finding> {
    let fine = |profile: &str| {
        matches!(profile, "runtime/default" | "docker/default") || profile.starts_with("localhost/")
    };
    let of_containers = pod
        .containers()
        .map(|c| format!("{SECCOMP_OF_CONTAINER}{}", c.text(n::NAME)));
    let mut bad = BTreeSet::new();
    for key in std::iter::once(SECCOMP_OF_POD.to_owned()).chain(of_containers) {
        let stated = pod.annotations.at(&key).and_then(Value::as_text);
        if let Some(profile) = stated.filter(|profile| !fine(profile)) {
            bad.insert(format!("{key}={}", quote(profile)));
        }
    }
    if bad.is_empty() {
        return None;
    }
    let what = plural("annotation", "annotations", bad.len());
    let bad: Vec<String> = bad.into_iter().collect();
    Some(finding(
        "seccompProfile",
        format!("forbidden {what} {}", bad.join(", ")),
    ))
}

pub(super) fn seccomp(pod: &Pod<'_>) -> Option<Finding> {
    let (itself, containers, types) = other_types(pod, n::SECCOMP_PROFILE, &SECCOMP);
    let by = setters(itself, &containers);
    if by.is_empty() {
        return None;
    }
    let what = format!(
        "must not set securityContext.seccompProfile.type to {}",
        quoted(types)
    );
    Some(finding("seccompProfile", format!("{by} {what}")))
}

pub(super) fn seccomp_set(pod: &Pod<'_>) -> Option<Finding> {
    if let Some(found) = seccomp(pod) {
        return Some(found);
    }
    if pod.context(n::SECCOMP_PROFILE).is_some() {
        return None;
    }
    let silent = pod.bad(|container| context(container, n::SECCOMP_PROFILE).is_none());
    let what = r#"must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost""#;
    (!silent.is_empty()).then(|| {
        finding(
            "seccompProfile",
            format!("pod or {} {what}", named(&silent)),
        )
    })
}

pub(super) fn seccomp_set_by_linux(pod: &Pod<'_>) -> Option<Finding> {
    if pod.of_windows() {
        None
    } else {
        seccomp_set(pod)
    }
}

const CONTEXTS: [&str; 5] = [
    "",
    "container_t",
    "container_init_t",
    "container_kvm_t",
    "container_engine_t",
];

pub(super) fn se_linux(pod: &Pod<'_>) -> Option<Finding> {
    se_linux_types(pod, &CONTEXTS[..4])
}

pub(super) fn se_linux_with_engines(pod: &Pod<'_>) -> Option<Finding> {
    se_linux_types(pod, &CONTEXTS)
}

fn se_linux_types<'v>(pod: &Pod<'v>, allowed: &[&str]) -> Option<Finding> {
    let mut types = Texts::new();
    let (mut user, mut role) = (false, false);
    let mut bad = |options: Option<&'v Value<'v>>| {
        let Some(options) = options else {
            return false;
        };
        let states = |name| !options.text(name).is_empty();
        let other = Some(options.text(n::TYPE)).filter(|kind| !allowed.contains(kind));
        types.extend(other);
        user |= states(n::USER);
        role |= states(n::ROLE);
        other.is_some() || states(n::USER) || states(n::ROLE)
    };
    let itself = bad(pod.context(n::SELINUX_OPTIONS));
    let containers = pod.bad(|container| bad(context(container, n::SELINUX_OPTIONS)));
    let by = setters(itself, &containers);
    if by.is_empty() {
        return None;
    }
    let mut what = Vec::new();
    if !types.is_empty() {
        what.push(format!(
            "{} {}",
            plural("type", "types", types.len()),
            quoted(types)
        ));
    }
    if user {
        what.push("user may not be set".to_owned());
    }
    if role {
        what.push("role may not be set".to_owned());
    }
    let what = what.join("; ");
    Some(finding(
        "seLinuxOptions",
        format!("{by} set forbidden securityContext.seLinuxOptions: {what}"),
    ))
}
