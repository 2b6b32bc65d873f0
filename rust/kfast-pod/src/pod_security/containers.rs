//! Switches in the security contexts of containers.

use super::{Finding, Pod, Texts, context, finding, named, quoted, setters};
use kfast_schema::Value;
use kfast_schema::names as n;

pub(super) fn privileged(pod: &Pod<'_>) -> Option<Finding> {
    let bad = pod.bad(|c| context(c, n::PRIVILEGED) == Some(&Value::Bool(true)));
    let detail = || {
        format!(
            "{} must not set securityContext.privileged=true",
            named(&bad)
        )
    };
    (!bad.is_empty()).then(|| finding("privileged", detail()))
}

pub(super) fn escalation(pod: &Pod<'_>) -> Option<Finding> {
    let bad = pod.bad(|c| context(c, n::ALLOW_PRIVILEGE_ESCALATION) != Some(&Value::Bool(false)));
    let what = "must set securityContext.allowPrivilegeEscalation=false";
    let detail = || format!("{} {what}", named(&bad));
    (!bad.is_empty()).then(|| finding("allowPrivilegeEscalation != false", detail()))
}

pub(super) fn escalation_of_linux(pod: &Pod<'_>) -> Option<Finding> {
    if pod.of_windows() {
        None
    } else {
        escalation(pod)
    }
}

pub(super) fn proc_mount(pod: &Pod<'_>) -> Option<Finding> {
    let mut types = Texts::new();
    let bad = pod.bad(|container| {
        let stated = context(container, n::PROC_MOUNT).and_then(Value::as_text);
        let other = stated.filter(|kind| *kind != "Default");
        types.extend(other);
        other.is_some()
    });
    if bad.is_empty() {
        return None;
    }
    let what = format!(
        "must not set securityContext.procMount to {}",
        quoted(types)
    );
    Some(finding("procMount", format!("{} {what}", named(&bad))))
}

pub(super) fn proc_mount_of_host_users(pod: &Pod<'_>) -> Option<Finding> {
    if pod.has_own_users() {
        None
    } else {
        proc_mount(pod)
    }
}

pub(super) fn host_process(pod: &Pod<'_>) -> Option<Finding> {
    let set = |options: Option<&Value<'_>>| options.is_some_and(|o| o.flag(n::HOST_PROCESS));
    let bad = pod.bad(|container| set(context(container, n::WINDOWS_OPTIONS)));
    let by = setters(set(pod.context(n::WINDOWS_OPTIONS)), &bad);
    let what = "must not set securityContext.windowsOptions.hostProcess=true";
    (!by.is_empty()).then(|| finding("hostProcess", format!("{by} {what}")))
}
