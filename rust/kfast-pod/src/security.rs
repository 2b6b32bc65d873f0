//! Security contexts of pods and containers.

use crate::scope::Scope;
use crate::{paths, windows};
use kfast_schema::Value;
use kfast_schema::field::{Errors, Path};
use kfast_schema::names as n;

const MAX_ID: i64 = i32::MAX as i64;
const LOCAL_PATH: usize = 4095;
const IPC_SYSCTLS: [&str; 10] = [
    "kernel.shm",
    "kernel.shmall",
    "kernel.shmmax",
    "kernel.shmmni",
    "kernel.shm_rmid_forced",
    "kernel.msgmax",
    "kernel.msgmnb",
    "kernel.msgmni",
    "kernel.sem",
    "kernel.msg",
];
const SYSCTL: &str = "must have at most 253 characters and match regex \
                      ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";

/// A user or group id.
pub(crate) fn id(number: Option<i64>, path: &Path<'_>, errors: &mut Errors<'_>) {
    if let Some(number) = number {
        errors.in_range(path, number, 0, MAX_ID);
    }
}

pub(crate) fn of_container(
    context: &Value<'_>,
    scope: &Scope<'_>,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    id(
        context.int(n::RUN_AS_USER),
        &path.child(n::RUN_AS_USER),
        errors,
    );
    id(
        context.int(n::RUN_AS_GROUP),
        &path.child(n::RUN_AS_GROUP),
        errors,
    );
    if let Some(mount) = context.get(n::PROC_MOUNT).and_then(Value::as_text) {
        let place = path.child(n::PROC_MOUNT);
        errors.one_of(&place, mount, &["Default", "Unmasked"]);
        if mount == "Unmasked" && scope.host_users() {
            errors.invalid(&place, mount, "`hostUsers` must be false to use `Unmasked`");
        }
    }
    seccomp(
        context.get(n::SECCOMP_PROFILE),
        &path.child(n::SECCOMP_PROFILE),
        errors,
    );
    if context.bool(n::ALLOW_PRIVILEGE_ESCALATION) == Some(false) {
        if context.flag(n::PRIVILEGED) {
            let detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
            errors.invalid(path, context, detail);
        }
        let added = context
            .look(&[n::CAPABILITIES, n::ADD])
            .map_or(&[][..], Value::items);
        for _ in added
            .iter()
            .filter(|name| name.as_text() == Some("CAP_SYS_ADMIN"))
        {
            let detail = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN";
            errors.invalid(path, context, detail);
        }
    }
    windows::options(
        context.get(n::WINDOWS_OPTIONS),
        &path.child(n::WINDOWS_OPTIONS),
        errors,
    );
    app_armor(
        context.get(n::APP_ARMOR_PROFILE),
        &path.child(n::APP_ARMOR_PROFILE),
        errors,
    );
}

pub(crate) fn of_pod(scope: &Scope<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let spec = scope.spec;
    let Some(context) = spec.get(n::SECURITY_CONTEXT) else {
        return;
    };
    let at = path.child(n::SECURITY_CONTEXT);
    for name in [n::FS_GROUP, n::RUN_AS_USER, n::RUN_AS_GROUP] {
        id(context.int(name), &at.child(name), errors);
    }
    let groups = at.child(n::SUPPLEMENTAL_GROUPS);
    for (i, group) in context.list(n::SUPPLEMENTAL_GROUPS).iter().enumerate() {
        id(group.as_int(), &groups.item(i), errors);
    }
    if spec.flag(n::SHARE_PROCESS_NAMESPACE) && spec.flag(n::HOST_PID) {
        let detail = "ShareProcessNamespace and HostPID cannot both be enabled";
        errors.invalid(&at.child(n::SHARE_PROCESS_NAMESPACE), &true, detail);
    }
    sysctls(scope, context, &at.child(n::SYSCTLS), errors);
    if let Some(policy) = context
        .get(n::FS_GROUP_CHANGE_POLICY)
        .and_then(Value::as_text)
    {
        let place = at.child(n::FS_GROUP_CHANGE_POLICY);
        errors.one_of(&place, policy, &["Always", "OnRootMismatch"]);
    }
    seccomp(
        context.get(n::SECCOMP_PROFILE),
        &at.child(n::SECCOMP_PROFILE),
        errors,
    );
    windows::options(
        context.get(n::WINDOWS_OPTIONS),
        &at.child(n::WINDOWS_OPTIONS),
        errors,
    );
    app_armor(
        context.get(n::APP_ARMOR_PROFILE),
        &at.child(n::APP_ARMOR_PROFILE),
        errors,
    );
    if let Some(policy) = context
        .get(n::SUPPLEMENTAL_GROUPS_POLICY)
        .and_then(Value::as_text)
    {
        errors.one_of(
            &at.child(n::SUPPLEMENTAL_GROUPS_POLICY),
            policy,
            &["Merge", "Strict"],
        );
    }
    if let Some(policy) = context
        .get(n::SELINUX_CHANGE_POLICY)
        .and_then(Value::as_text)
    {
        errors.one_of(
            &at.child(n::SELINUX_CHANGE_POLICY),
            policy,
            &["Recursive"], // MountOption: the feature gate SELinuxMount is off
        );
    }
}

fn sysctls(scope: &Scope<'_>, context: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let sysctls = context.list(n::SYSCTLS);
    for (i, sysctl) in sysctls.iter().enumerate() {
        let at = path.item(i);
        let (place, name) = (at.child(n::NAME), sysctl.text(n::NAME));
        if errors.require(&place, name) {
            if !is_sysctl(name) {
                errors.invalid(&place, name, SYSCTL);
            } else if sysctls[..i].iter().any(|other| other.text(n::NAME) == name) {
                errors.duplicate(&place, name);
            }
        }
        if !scope.tolerated.host_sysctls
            && let Some(why) = shared_with_host(scope.spec, name)
        {
            errors.invalid(&place, name, why);
        }
    }
}

fn is_sysctl(name: &str) -> bool {
    let edge = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let segment = |part: &str| {
        let bytes = part.as_bytes();
        bytes.first().is_some_and(edge)
            && bytes.last().is_some_and(edge)
            && bytes.iter().all(|b| edge(b) || matches!(b, b'-' | b'_'))
    };
    name.len() <= 253 && name.split(['.', '/']).all(segment)
}

/// Why a sysctl of a namespace that is the host's may not be set.
pub(crate) fn shared_with_host(spec: &Value<'_>, name: &str) -> Option<&'static str> {
    let dotted = match name.find(['.', '/']) {
        Some(at) if name.as_bytes()[at] == b'/' => {
            let swap = |c| match c {
                '/' => '.',
                '.' => '/',
                other => other,
            };
            name.chars().map(swap).collect()
        }
        _ => name.to_owned(),
    };
    let bare = dotted.split('*').next().unwrap_or_default();
    let of = |prefix: &str| bare.starts_with(prefix);
    if spec.flag(n::HOST_NETWORK) && of("net.") {
        Some("may not be specified when 'hostNetwork' is true")
    } else if spec.flag(n::HOST_IPC) && (IPC_SYSCTLS.contains(&bare) || of("fs.mqueue.")) {
        Some("may not be specified when 'hostIPC' is true")
    } else {
        None
    }
}

fn seccomp(profile: Option<&Value<'_>>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let Some(profile) = profile else {
        return;
    };
    let kind = profile.text(n::TYPE);
    if kind.is_empty() {
        errors.required(
            &path.child(n::TYPE),
            "type is required when seccompProfile is set",
        );
    } else {
        errors.one_of(
            &path.child(n::TYPE),
            kind,
            &["Localhost", "RuntimeDefault", "Unconfined"],
        );
    }
    let place = path.child(n::LOCALHOST_PROFILE);
    match profile.get(n::LOCALHOST_PROFILE).and_then(Value::as_text) {
        Some(local) if kind == "Localhost" => paths::descending(local, &place, errors),
        Some(_) => errors.invalid(
            &place,
            profile,
            "can only be set when seccomp type is Localhost",
        ),
        None if kind == "Localhost" => {
            errors.required(&place, "must be set when seccomp type is Localhost");
        }
        None => {}
    }
}

pub(crate) fn app_armor(profile: Option<&Value<'_>>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let Some(profile) = profile else {
        return;
    };
    let local = profile.get(n::LOCALHOST_PROFILE).and_then(Value::as_text);
    let place = path.child(n::LOCALHOST_PROFILE);
    const UNSET: &str = "must be set when AppArmor type is Localhost";
    match (profile.text(n::TYPE), local) {
        ("Localhost", None) => errors.required(&place, UNSET),
        ("Localhost", Some(local)) => {
            if local.trim() != local {
                errors.invalid(&place, local, "must not be padded with whitespace");
            } else if local.is_empty() {
                errors.required(&place, UNSET);
            }
            if local.len() > LOCAL_PATH {
                errors.too_long(&place, LOCAL_PATH);
            }
        }
        ("RuntimeDefault" | "Unconfined", Some(local)) => {
            errors.invalid(
                &place,
                local,
                "can only be set when AppArmor type is Localhost",
            );
        }
        ("RuntimeDefault" | "Unconfined", None) => {}
        ("", _) => {
            errors.required(
                &path.child(n::TYPE),
                "type is required when appArmorProfile is set",
            );
        }
        (kind, _) => {
            errors.unsupported(
                &path.child(n::TYPE),
                kind,
                &["Localhost", "RuntimeDefault", "Unconfined"],
            );
        }
    }
}
