"""ValidatingAdmissionPolicy."""

from __future__ import annotations

import re

from kfast.api.admissionregistration.policies import (
    PolicyCompiler,
    default_policy,
    param_kind,
    validate_policy_head,
)
from kfast.api.admissionregistration.webhooks import static_name_warnings
from kfast.api.columns import AGE, NAME, size
from kfast.api.conditions_validation import validate_conditions
from kfast.api.field_errors import duplicate, invalid, not_supported, required
from kfast.api.internal_form import Struct
from kfast.api.kind import Body, Column, FieldError, Kind, Subresource
from kfast.meta.name_rules import qualified_name

_REASONS = ("Forbidden", "Invalid", "RequestEntityTooLarge")
_MOST_ANNOTATIONS = 20
_LONGEST_VALUE = 5 * 1024
_LINE_BREAK = re.compile(r"[\n\r]")


def _validate(policy: Body) -> list[FieldError]:
    return _errors(policy, True)


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    unchanged = all(new["spec"].get(field) == old["spec"].get(field) for field in ("matchConditions", "paramKind"))
    return _errors(new, not unchanged)


def _errors(policy: Body, conditions: bool) -> list[FieldError]:
    errors: list[FieldError] = []
    spec = policy.get("spec") or {}
    validate_policy_head(spec, errors, mutating=False, conditions=conditions)
    compiler = PolicyCompiler(spec)
    compiler.variables(spec.get("variables") or (), errors)
    validations, annotations = spec.get("validations") or [], spec.get("auditAnnotations") or []
    if not validations and not annotations:
        why = "validations or auditAnnotations must contain at least one item"
        errors += [required("spec.validations", why), required("spec.auditAnnotations", why)]
    for i, validation in enumerate(validations):
        _validation(compiler, validation, f"spec.validations[{i}]", errors)
    if len(annotations) > _MOST_ANNOTATIONS:
        why = f"must not have more than {_MOST_ANNOTATIONS} auditAnnotations"
        shown = [Struct(Key=a.get("key") or "", ValueExpression=a.get("valueExpression") or "") for a in annotations]
        errors.append(invalid("spec.auditAnnotations", shown, why))
    name = policy["metadata"].get("name") or ""
    for i, annotation in enumerate(annotations):
        path = f"spec.auditAnnotations[{i}]"
        _annotation(compiler, name, annotation, path, errors)
        key = annotation.get("key") or ""
        if any((other.get("key") or "") == key for other in annotations[:i]):
            errors.append(duplicate(f"{path}.key", key))
    return errors


def _validation(compiler: PolicyCompiler, validation: Body, path: str, errors: list[FieldError]) -> None:
    expression, message = validation.get("expression") or "", validation.get("message") or ""
    if expression.strip():
        compiler.expression(expression, ["bool"], f"{path}.expression", errors)
    else:
        errors.append(required(f"{path}.expression", "expression is not specified"))
    computed = validation.get("messageExpression") or ""
    if computed.strip():
        compiler.message(computed, f"{path}.messageExpression", errors)
    elif computed:
        errors.append(invalid(f"{path}.messageExpression", computed, "must be non-empty if specified"))
    if message and not message.strip():
        errors.append(invalid(f"{path}.message", message, "must be non-empty if specified"))
    elif _LINE_BREAK.search(message.strip()):
        errors.append(invalid(f"{path}.message", message, "must not contain line breaks"))
    reason = validation.get("reason")
    if reason is not None and reason not in _REASONS:
        errors.append(not_supported(f"{path}.reason", reason, _REASONS))


def _annotation(compiler: PolicyCompiler, policy: str, annotation: Body, path: str, errors: list[FieldError]) -> None:
    key = annotation.get("key") or ""
    if policy:
        full = f"{policy}/{key}"
        errors.extend(invalid(f"{path}.key", full, problem) for problem in qualified_name(full))
    else:
        errors.append(invalid(f"{path}.key", key, "requires metadata.name be non-empty"))
    expression = annotation.get("valueExpression") or ""
    at, trimmed = f"{path}.valueExpression", expression.strip()
    if not trimmed:
        errors.append(required(at, "valueExpression is not specified"))
    elif len(trimmed) > _LONGEST_VALUE:
        errors.append(required(at, f"must not exceed {_LONGEST_VALUE} bytes in length"))
    else:
        compiler.expression(trimmed, ["string", "null_type"], at, errors, expression)


def _validate_status(new: Body, _: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    status = new.get("status") or {}
    for i, warning in enumerate((status.get("typeChecking") or {}).get("expressionWarnings") or ()):
        path = f"status.typeChecking.expressionWarnings[{i}]"
        if not warning.get("warning"):
            errors.append(required(f"{path}.warning"))
        if not (warning.get("fieldRef") or "").strip():
            errors.append(required(f"{path}.fieldRef"))
    validate_conditions(status.get("conditions"), "status.conditions", errors)
    return errors


def _prepare_create(policy: Body) -> None:
    policy["status"] = {}


KIND = Kind(
    group="admissionregistration.k8s.io",
    version="v1",
    kind="ValidatingAdmissionPolicy",
    plural="validatingadmissionpolicies",
    name_rule="subdomain_only",
    namespaced=False,
    categories=("api-extensions",),
    subresources=(Subresource("status", metadata=(), validate=_validate_status),),
    columns=(
        NAME,
        Column("Validations", size("spec.validations"), type="integer"),
        Column("ParamKind", param_kind),
        AGE,
    ),
    unconditional_update=False,
    defaults=default_policy,
    prepare_create=_prepare_create,
    validate=_validate,
    validates_on_update=False,
    validate_update=_validate_update,
    warnings=static_name_warnings,
)
