"""MutatingAdmissionPolicy."""

from __future__ import annotations

from kfast.api.admissionregistration.policies import (
    PolicyCompiler,
    default_policy,
    param_kind,
    validate_policy_head,
)
from kfast.api.admissionregistration.webhooks import static_name_warnings
from kfast.api.columns import AGE, NAME, size
from kfast.api.field_errors import invalid, not_supported, required
from kfast.api.kind import Body, Column, FieldError, Kind

_REINVOCATION = ("IfNeeded", "Never")
_PATCHES = {"ApplyConfiguration": ("applyConfiguration", "Object"), "JSONPatch": ("jsonPatch", "list(JSONPatch)")}


def _validate(policy: Body) -> list[FieldError]:
    return _errors(policy, True)


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    unchanged = all(new["spec"].get(field) == old["spec"].get(field) for field in ("matchConditions", "paramKind"))
    return _errors(new, not unchanged)


def _errors(policy: Body, conditions: bool) -> list[FieldError]:
    errors: list[FieldError] = []
    spec = policy.get("spec") or {}
    validate_policy_head(spec, errors, mutating=True, conditions=conditions)
    compiler = PolicyCompiler(spec, mutating=True)
    compiler.variables(spec.get("variables") or (), errors)
    mutations = spec.get("mutations") or []
    if not mutations:
        errors.append(required("spec.mutations", "mutations must contain at least one item"))
    for i, mutation in enumerate(mutations):
        _mutation(compiler, mutation, f"spec.mutations[{i}]", errors)
    reinvocation = spec.get("reinvocationPolicy") or ""
    if not reinvocation:
        errors.append(required("spec.reinvocationPolicy"))
    elif reinvocation not in _REINVOCATION:
        errors.append(not_supported("spec.reinvocationPolicy", reinvocation, _REINVOCATION))
    return errors


def _mutation(compiler: PolicyCompiler, mutation: Body, path: str, errors: list[FieldError]) -> None:
    kind = mutation.get("patchType") or ""
    if not kind:
        errors.append(required(f"{path}.patchType"))
        return
    if kind not in _PATCHES:
        errors.append(not_supported(f"{path}.patchType", kind, sorted(_PATCHES)))
        return
    field, result = _PATCHES[kind]
    stated = mutation.get(field)
    if stated is None:
        errors.append(required(f"{path}.{field}", f"must be specified when patchType is {kind}"))
    else:
        expression = (stated.get("expression") or "").strip()
        if expression:
            compiler.mutation(expression, [result], f"{path}.{field}.expression", errors)
        else:
            errors.append(required(f"{path}.{field}.expression"))
    for other, _ in _PATCHES.values():
        if other != field and mutation.get(other) is not None:
            why = f"must not be specified when patchType is {kind}"
            errors.append(invalid(f"{path}.{other}", f"{{{other}}}", why))


KIND = Kind(
    group="admissionregistration.k8s.io",
    version="v1",
    kind="MutatingAdmissionPolicy",
    plural="mutatingadmissionpolicies",
    name_rule="subdomain_only",
    namespaced=False,
    categories=("api-extensions",),
    columns=(
        NAME,
        Column("Mutations", size("spec.mutations"), type="integer"),
        Column("ParamKind", param_kind),
        AGE,
    ),
    unconditional_update=False,
    defaults=default_policy,
    validate=_validate,
    validates_on_update=False,
    validate_update=_validate_update,
    warnings=static_name_warnings,
)
