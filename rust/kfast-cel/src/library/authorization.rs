//! Questions to the authorizer.

use crate::authorizer::{Check, Subject};
use crate::functions::{Failure, Function, Outcome};
use crate::types::Opaque;
use crate::value::{OpaqueValue, Value};
use kfast_core::names;
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = &[
    (
        "path",
        &[
            "authorizer_path: kubernetes.authorization.Authorizer.(string) -> kubernetes.authorization.PathCheck",
        ],
        |args| {
            let path = text(args, 1)?;
            if path.trim().is_empty() {
                return Err("path must not be empty".into());
            }
            change(args, Opaque::Authorizer, |check| {
                check.path = Some(path.into())
            })
        },
    ),
    (
        "group",
        &[
            "authorizer_group: kubernetes.authorization.Authorizer.(string) -> kubernetes.authorization.GroupCheck",
        ],
        |args| {
            let group = text(args, 1)?;
            change(args, Opaque::Authorizer, |check| {
                check.group = Some(group.into())
            })
        },
    ),
    (
        "serviceAccount",
        &[
            "authorizer_serviceaccount: kubernetes.authorization.Authorizer.(string, string) -> kubernetes.authorization.Authorizer",
        ],
        |args| {
            let (namespace, name) = (text(args, 1)?, text(args, 2)?);
            if !names::dns_subdomain(name).is_empty() {
                return Err("Invalid service account name".into());
            }
            if !names::dns_label(namespace).is_empty() {
                return Err("Invalid service account namespace".into());
            }
            let subject = Subject::ServiceAccount {
                namespace: namespace.into(),
                name: name.into(),
            };
            change(args, Opaque::Authorizer, |check| check.subject = subject)
        },
    ),
    (
        "resource",
        &[
            "groupcheck_resource: kubernetes.authorization.GroupCheck.(string) -> kubernetes.authorization.ResourceCheck",
        ],
        |args| {
            let resource = text(args, 1)?;
            if resource.trim().is_empty() {
                return Err("resource must not be empty".into());
            }
            change(args, Opaque::GroupCheck, |check| {
                check.resource = Some(resource.into())
            })
        },
    ),
    (
        "subresource",
        &[
            "resourcecheck_subresource: kubernetes.authorization.ResourceCheck.(string) -> kubernetes.authorization.ResourceCheck",
        ],
        |args| resource(args, |check, text| check.subresource = text),
    ),
    (
        "namespace",
        &[
            "resourcecheck_namespace: kubernetes.authorization.ResourceCheck.(string) -> kubernetes.authorization.ResourceCheck",
        ],
        |args| resource(args, |check, text| check.namespace = text),
    ),
    (
        "name",
        &[
            "resourcecheck_name: kubernetes.authorization.ResourceCheck.(string) -> kubernetes.authorization.ResourceCheck",
        ],
        |args| resource(args, |check, text| check.name = text),
    ),
    (
        "fieldSelector",
        &[
            "authorizer_fieldselector: kubernetes.authorization.ResourceCheck.(string) -> kubernetes.authorization.ResourceCheck",
        ],
        |args| resource(args, |check, text| check.field_selector = text),
    ),
    (
        "labelSelector",
        &[
            "authorizer_labelselector: kubernetes.authorization.ResourceCheck.(string) -> kubernetes.authorization.ResourceCheck",
        ],
        |args| resource(args, |check, text| check.label_selector = text),
    ),
    (
        "check",
        &[
            "pathcheck_check: kubernetes.authorization.PathCheck.(string) -> kubernetes.authorization.Decision",
            "resourcecheck_check: kubernetes.authorization.ResourceCheck.(string) -> kubernetes.authorization.Decision",
        ],
        decide,
    ),
    (
        "allowed",
        &["decision_allowed: kubernetes.authorization.Decision.() -> bool"],
        |args| decision(args, |decision| Value::Bool(decision.allowed)),
    ),
    (
        "reason",
        &["decision_reason: kubernetes.authorization.Decision.() -> string"],
        |args| decision(args, |decision| Value::shared(decision.reason.as_str())),
    ),
    (
        "errored",
        &["decision_errored: kubernetes.authorization.Decision.() -> bool"],
        |args| decision(args, |decision| Value::Bool(!decision.error.is_empty())),
    ),
    (
        "error",
        &["decision_error: kubernetes.authorization.Decision.() -> string"],
        |args| decision(args, |decision| Value::shared(decision.error.as_str())),
    ),
];

fn text<'v>(args: &'v [Value<'_>], at: usize) -> Result<&'v str, Failure> {
    args[at].as_str().ok_or(Failure::NoOverload)
}

fn check<'v>(value: &'v Value<'_>) -> Result<&'v Check, Failure> {
    match value {
        Value::Opaque(OpaqueValue::Check(check)) => Ok(check),
        _ => Err(Failure::NoOverload),
    }
}

/// A copy of the check with something added.
fn change<'a>(args: &[Value<'a>], kind: Opaque, add: impl FnOnce(&mut Check)) -> Outcome<'a> {
    let mut changed = check(&args[0])?.clone();
    if changed.kind() != kind {
        return Err(Failure::NoOverload);
    }
    add(&mut changed);
    Ok(Value::Opaque(OpaqueValue::Check(Arc::new(changed))))
}

fn resource<'a>(args: &[Value<'a>], add: fn(&mut Check, Arc<str>)) -> Outcome<'a> {
    let text = text(args, 1)?;
    change(args, Opaque::ResourceCheck, |check| add(check, text.into()))
}

fn decide<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let check = check(&args[0])?;
    if !matches!(check.kind(), Opaque::PathCheck | Opaque::ResourceCheck) {
        return Err(Failure::NoOverload);
    }
    let answer = check.authorizer.authorize(check, text(args, 1)?);
    Ok(Value::Opaque(OpaqueValue::Decision(Arc::new(answer))))
}

fn decision<'a>(
    args: &[Value<'a>],
    of: impl FnOnce(&crate::authorizer::Decision) -> Value<'a>,
) -> Outcome<'a> {
    match &args[0] {
        Value::Opaque(OpaqueValue::Decision(decision)) => Ok(of(decision)),
        _ => Err(Failure::NoOverload),
    }
}
