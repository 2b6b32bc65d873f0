//! Who the processes of a pod are, and what they ask of the kernel.

use super::{Finding, Pod, context, finding, named, setters};
use kfast_schema::Value;
use kfast_schema::names as n;

pub(super) fn non_root(pod: &Pod<'_>) -> Option<Finding> {
    let stated = pod.context(n::RUN_AS_NON_ROOT);
    let (yes, no) = (Some(&Value::Bool(true)), Some(&Value::Bool(false)));
    let denying = pod.bad(|c| context(c, n::RUN_AS_NON_ROOT) == no);
    let by = setters(stated == no, &denying);
    let reason = "runAsNonRoot != true";
    if !by.is_empty() {
        return Some(finding(
            reason,
            format!("{by} must not set securityContext.runAsNonRoot=false"),
        ));
    }
    let silent = pod.bad(|c| context(c, n::RUN_AS_NON_ROOT).is_none() && stated != yes);
    let what = "must set securityContext.runAsNonRoot=true";
    (!silent.is_empty()).then(|| finding(reason, format!("pod or {} {what}", named(&silent))))
}

pub(super) fn non_root_of_host_users(pod: &Pod<'_>) -> Option<Finding> {
    if pod.has_own_users() {
        None
    } else {
        non_root(pod)
    }
}

pub(super) fn user(pod: &Pod<'_>) -> Option<Finding> {
    let root = Some(&Value::Int(0));
    let bad = pod.bad(|c| context(c, n::RUN_AS_USER) == root);
    let by = setters(pod.context(n::RUN_AS_USER) == root, &bad);
    (!by.is_empty()).then(|| finding("runAsUser=0", format!("{by} must not set runAsUser=0")))
}

pub(super) fn user_of_host_users(pod: &Pod<'_>) -> Option<Finding> {
    if pod.has_own_users() { None } else { user(pod) }
}

/// Each version allows those before it, too.
const SYSCTLS: [(u32, &[&str]); 4] = [
    (
        0,
        &[
            "kernel.shm_rmid_forced",
            "net.ipv4.ip_local_port_range",
            "net.ipv4.tcp_syncookies",
            "net.ipv4.ping_group_range",
            "net.ipv4.ip_unprivileged_port_start",
        ],
    ),
    (27, &["net.ipv4.ip_local_reserved_ports"]),
    (
        29,
        &[
            "net.ipv4.tcp_keepalive_time",
            "net.ipv4.tcp_fin_timeout",
            "net.ipv4.tcp_keepalive_intvl",
            "net.ipv4.tcp_keepalive_probes",
        ],
    ),
    (32, &["net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"]),
];

fn unsafe_sysctls(pod: &Pod<'_>, minor: u32) -> Option<Finding> {
    let known = SYSCTLS.iter().filter(|(since, _)| *since <= minor);
    let allowed: Vec<&str> = known.flat_map(|(_, names)| names.iter().copied()).collect();
    let stated = pod.context(n::SYSCTLS).map_or(&[][..], Value::items);
    let names = stated.iter().map(|sysctl| sysctl.text(n::NAME));
    let others: Vec<&str> = names.filter(|name| !allowed.contains(name)).collect();
    (!others.is_empty()).then(|| finding("forbidden sysctls", others.join(", ")))
}

pub(super) fn sysctls(pod: &Pod<'_>) -> Option<Finding> {
    unsafe_sysctls(pod, 0)
}

pub(super) fn sysctls_v27(pod: &Pod<'_>) -> Option<Finding> {
    unsafe_sysctls(pod, 27)
}

pub(super) fn sysctls_v29(pod: &Pod<'_>) -> Option<Finding> {
    unsafe_sysctls(pod, 29)
}

pub(super) fn sysctls_v32(pod: &Pod<'_>) -> Option<Finding> {
    unsafe_sysctls(pod, 32)
}
