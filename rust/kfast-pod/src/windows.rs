//! What Windows has of its own: options of security contexts, host processes, and what the other system has not.

use crate::scope::{Scope, each_container};
use kfast_core::names::dns_subdomain;
use kfast_schema::field::{Errors, Path};
use kfast_schema::names as n;
use kfast_schema::{NameId, Value};

const CREDENTIALS: usize = 64 * 1024;
const NOT_WINDOWS: &str = "cannot be set for a windows pod";
const NOT_LINUX: &str = "windows options cannot be set for a linux pod";
/// Fields of a pod that Windows has not: (of the spec itself, name).
const POD_FIELDS: [(bool, NameId); 15] = [
    (false, n::APP_ARMOR_PROFILE),
    (false, n::SELINUX_OPTIONS),
    (true, n::HOST_USERS),
    (true, n::HOST_PID),
    (true, n::HOST_IPC),
    (false, n::SECCOMP_PROFILE),
    (false, n::FS_GROUP),
    (false, n::FS_GROUP_CHANGE_POLICY),
    (false, n::SYSCTLS),
    (true, n::SHARE_PROCESS_NAMESPACE),
    (false, n::RUN_AS_USER),
    (false, n::RUN_AS_GROUP),
    (false, n::SUPPLEMENTAL_GROUPS),
    (false, n::SUPPLEMENTAL_GROUPS_POLICY),
    (false, n::SELINUX_CHANGE_POLICY),
];
const CONTAINER_FIELDS: [NameId; 10] = [
    n::APP_ARMOR_PROFILE,
    n::SELINUX_OPTIONS,
    n::SECCOMP_PROFILE,
    n::CAPABILITIES,
    n::READ_ONLY_ROOT_FILESYSTEM,
    n::PRIVILEGED,
    n::ALLOW_PRIVILEGE_ESCALATION,
    n::PROC_MOUNT,
    n::RUN_AS_USER,
    n::RUN_AS_GROUP,
];

pub(crate) fn options(options: Option<&Value<'_>>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let Some(options) = options else {
        return;
    };
    let stated = |name| options.get(name).and_then(Value::as_text);
    if let Some(name) = stated(n::GMSA_CREDENTIAL_SPEC_NAME) {
        errors.check(
            &path.child(n::GMSA_CREDENTIAL_SPEC_NAME),
            name,
            dns_subdomain,
        );
    }
    if let Some(spec) = stated(n::GMSA_CREDENTIAL_SPEC) {
        let place = path.child(n::GMSA_CREDENTIAL_SPEC);
        if spec.is_empty() {
            errors.invalid(&place, spec, "gmsaCredentialSpec cannot be an empty string");
        } else if spec.len() > CREDENTIALS {
            errors.invalid(&place, spec, "gmsaCredentialSpec size must be under 64 KiB");
        }
    }
    if let Some(user) = stated(n::RUN_AS_USER_NAME) {
        let place = path.child(n::RUN_AS_USER_NAME);
        for problem in user_name(user) {
            errors.invalid(&place, user, problem);
        }
    }
}

/// What is wrong with `[DOMAIN\]USER`.
fn user_name(text: &str) -> Vec<&'static str> {
    if text.is_empty() {
        return vec!["runAsUserName cannot be an empty string"];
    }
    if text.bytes().any(|b| b.is_ascii_control()) {
        return vec!["runAsUserName cannot contain control characters"];
    }
    let (domain, user) = match text.split_once('\\') {
        Some((_, user)) if user.contains('\\') => {
            return vec!["runAsUserName cannot contain more than one backslash"];
        }
        Some((domain, user)) => (Some(domain), user),
        None => (None, text),
    };
    let mut problems = Vec::new();
    if domain.is_some_and(|domain| domain.len() >= 256) {
        problems.push("runAsUserName's Domain length must be under 256 characters");
    }
    if domain.is_some_and(|domain| !is_net_bios(domain) && !is_dns(domain)) {
        problems.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
    }
    if user.is_empty() {
        problems.push("runAsUserName's User cannot be empty");
    } else if user.len() > 104 {
        problems.push("runAsUserName's User length must not be longer than 104 characters");
    }
    if !user.is_empty() && user.bytes().all(|b| matches!(b, b'.' | b' ')) {
        problems.push("runAsUserName's User cannot contain only periods or spaces");
    }
    if user.contains([
        '"', '/', '\\', ':', ';', '|', '=', ',', '+', '*', '?', '<', '>', '@', '[', ']',
    ]) {
        problems.push(
            "runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]",
        );
    }
    problems
}

fn is_net_bios(domain: &str) -> bool {
    let odd = ['\\', '/', ':', '*', '?', '"', '<', '>', '|'];
    (1..=15).contains(&domain.chars().count()) && !domain.starts_with('.') && !domain.contains(odd)
}

fn is_dns(domain: &str) -> bool {
    let label = |part: &str| {
        let end = part
            .bytes()
            .last()
            .is_some_and(|b| b.is_ascii_alphanumeric());
        let start = part
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_alphanumeric());
        let inner = part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        start && end && inner && part.len() <= 63
    };
    domain.split('.').all(label)
}

/// All containers of a pod are host processes or none is.
pub(crate) fn host_processes(spec: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let stated = |holder: &Value<'_>| {
        let options = holder.look(&[n::SECURITY_CONTEXT, n::WINDOWS_OPTIONS])?;
        options.bool(n::HOST_PROCESS)
    };
    let pod = stated(spec);
    let (mut containers, mut processes) = (0, 0);
    each_container(spec, path, |container, at| {
        containers += 1;
        let own = stated(container);
        if let (Some(pod), Some(own)) = (pod, own)
            && pod != own
        {
            let context = at.child(n::SECURITY_CONTEXT);
            let options = context.child(n::WINDOWS_OPTIONS);
            let detail =
                format!("pod hostProcess value must be identical if both are specified, was {pod}");
            errors.invalid(&options.child(n::HOST_PROCESS), &own, &detail);
        }
        if own.or(pod) == Some(true) {
            processes += 1;
        }
    });
    if processes == 0 {
        return;
    }
    if processes != containers {
        let detail = "If pod contains any hostProcess containers then all containers must be HostProcess containers";
        errors.invalid(path, "", detail);
    }
    if !spec.flag(n::HOST_NETWORK) {
        let detail = "hostNetwork must be true if pod contains any hostProcess containers";
        errors.invalid(&path.child(n::HOST_NETWORK), &false, detail);
    }
}

/// The operating system is one of the two, and nothing is set that only the other has.
pub(crate) fn system(scope: &Scope<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    match scope.os() {
        None => {}
        Some("") => {
            let at = path.child(n::OS);
            errors.required(&at.child(n::NAME), "");
        }
        Some("linux") => linux(scope.spec, path, errors),
        Some("windows") => windows(scope.spec, path, errors),
        Some(other) => errors.unsupported(&path.child(n::OS), other, &["linux", "windows"]),
    }
}

fn linux(spec: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let options = [n::SECURITY_CONTEXT, n::WINDOWS_OPTIONS];
    let mut look = |holder: &Value<'_>, at: &Path<'_>| {
        if holder.look(&options).is_some() {
            let context = at.child(n::SECURITY_CONTEXT);
            errors.forbidden(&context.child(n::WINDOWS_OPTIONS), NOT_LINUX);
        }
    };
    look(spec, path);
    each_container(spec, path, look);
}

fn windows(spec: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let at = path.child(n::SECURITY_CONTEXT);
    let context = spec.get(n::SECURITY_CONTEXT).unwrap_or(&Value::Null);
    for (own, name) in POD_FIELDS {
        let (holder, place) = if own { (spec, path) } else { (context, &at) };
        let flag = [n::HOST_PID, n::HOST_IPC, n::SYSCTLS].contains(&name);
        if holder
            .get(name)
            .is_some_and(|value| !flag || !value.is_empty())
        {
            errors.forbidden(&place.child(name), NOT_WINDOWS);
        }
    }
    each_container(spec, path, |container, at| {
        let context = container.get(n::SECURITY_CONTEXT).unwrap_or(&Value::Null);
        let at = at.child(n::SECURITY_CONTEXT);
        for name in CONTAINER_FIELDS {
            if context.get(name).is_some() {
                errors.forbidden(&at.child(name), NOT_WINDOWS);
            }
        }
    });
}
