"""Validation of FlowSchemas (upstream: flowcontrol/validation)."""

from __future__ import annotations

from kfast.api.field_errors import duplicate, forbidden, invalid, not_supported, required
from kfast.api.flowcontrol.bootstrap_configuration import MANDATORY_SCHEMAS
from kfast.api.internal_form import internal
from kfast.api.kind import Body, FieldError
from kfast.api.name_checks import check, dns_label, dns_subdomain

_METHODS = ("ByNamespace", "ByUser")
_SUBJECTS = ("Group", "ServiceAccount", "User")
_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch")
_HIGHEST_PRECEDENCE = 10000
_NAMESPACES = "each member of this list must be '*' or a DNS-1123 label; "


def check_conditions(status: Body, errors: list[FieldError]) -> None:
    """Conditions with a type each, no type twice."""
    seen: set[str] = set()
    for index, condition in enumerate(status.get("conditions") or ()):
        path, kind = f"status.conditions[{index}].type", condition.get("type") or ""
        if kind in seen:
            errors.append(duplicate(path, kind))
        seen.add(kind)
        if not kind:
            errors.append(required(path))


def _field(kind: str) -> str:
    return kind[:1].lower() + kind[1:]


def _validate_subject(subject: Body, path: str, errors: list[FieldError]) -> None:
    kind = subject.get("kind") or ""
    if kind not in _SUBJECTS:
        errors.append(not_supported(f"{path}.kind", kind, _SUBJECTS))
        return
    field = _field(kind)
    detail, where = subject.get(field), f"{path}.{field}"
    if detail is None:
        errors.append(required(where, f"{field} is required when subject kind is '{kind}'"))
    else:
        name = detail.get("name") or ""
        if not name:
            errors.append(required(f"{where}.name"))
        elif kind == "ServiceAccount" and name != "*":
            check(dns_subdomain, name, f"{where}.name", errors)
        if kind == "ServiceAccount":
            if detail.get("namespace"):
                check(dns_label, detail["namespace"], f"{where}.namespace", errors)
            else:
                errors.append(required(f"{where}.namespace", "must specify namespace for service account"))
    for other in ("ServiceAccount", "User", "Group"):
        name = _field(other)
        if other != kind and subject.get(name) is not None:
            message = f"{name} is forbidden when subject kind is not '{other}'"
            errors.append(forbidden(f"{path}.{name}", message))


def _validate_verbs(rule: Body, path: str, errors: list[FieldError]) -> None:
    verbs = rule.get("verbs") or []
    if not verbs:
        errors.append(required(f"{path}.verbs", "verbs must contain at least one value"))
    elif "*" in verbs:
        if len(verbs) > 1:
            errors.append(invalid(f"{path}.verbs", verbs, "if '*' is present, must not specify other verbs"))
    elif not set(verbs) <= set(_VERBS):
        errors.append(not_supported(f"{path}.verbs", verbs, _VERBS))


def _url_problem(url: str) -> str:
    stars = url.count("*")
    for wrong, message in (
        (not url, "must not be empty"),
        (not url.startswith("/"), "must start with slash"),
        (" " in url, "must not contain white-space"),
        ("//" in url, "must not contain double slash"),
        (stars > 1 or (stars == 1 and not url.endswith("/*")), "wildcard can only do suffix matching"),
    ):
        if wrong:
            return message
    return ""


def _validate_url_rule(rule: Body, path: str, errors: list[FieldError]) -> None:
    _validate_verbs(rule, path, errors)
    urls, where = rule.get("nonResourceURLs") or [], f"{path}.nonResourceURLs"
    if not urls:
        errors.append(required(where, "nonResourceURLs must contain at least one value"))
    elif "*" in urls:
        if len(urls) > 1:
            message = "if '*' is present, must not specify other non-resource URLs"
            errors.append(invalid(where, urls, message))
    else:
        problems = ((index, url, _url_problem(url)) for index, url in enumerate(urls))
        errors += [invalid(f"{where}[{index}]", url, problem) for index, url, problem in problems if problem]


def _validate_resource_rule(rule: Body, path: str, errors: list[FieldError]) -> None:
    _validate_verbs(rule, path, errors)
    for field, one, many in (("apiGroups", "api group", "api groups"), ("resources", "resource", "resources")):
        values = rule.get(field) or []
        if not values:
            errors.append(required(f"{path}.{field}", f"resource rules must supply at least one {one}"))
        elif len(values) > 1 and "*" in values:
            errors.append(invalid(f"{path}.{field}", values, f"if '*' is present, must not specify other {many}"))
    namespaces, where = rule.get("namespaces") or [], f"{path}.namespaces"
    if not namespaces and not rule.get("clusterScope"):
        message = "resource rules that are not cluster scoped must supply at least one namespace"
        errors.append(required(where, message))
    elif "*" in namespaces:
        if len(namespaces) > 1:
            errors.append(invalid(where, namespaces, "if '*' is present, must not specify other namespaces"))
    else:
        errors += [
            invalid(f"{where}[{index}]", namespace, _NAMESPACES + problem)
            for index, namespace in enumerate(namespaces)
            for problem in dns_label(namespace)
        ]


def _validate_rule(rule: Body, path: str, errors: list[FieldError]) -> None:
    if not rule.get("subjects"):
        errors.append(required(f"{path}.subjects", "subjects must contain at least one value"))
    for index, subject in enumerate(rule.get("subjects") or ()):
        _validate_subject(subject, f"{path}.subjects[{index}]", errors)
    if not rule.get("resourceRules") and not rule.get("nonResourceRules"):
        message = "at least one of resourceRules and nonResourceRules has to be non-empty"
        errors.append(required(path, message))
    for index, entry in enumerate(rule.get("resourceRules") or ()):
        _validate_resource_rule(entry, f"{path}.resourceRules[{index}]", errors)
    for index, entry in enumerate(rule.get("nonResourceRules") or ()):
        _validate_url_rule(entry, f"{path}.nonResourceRules[{index}]", errors)


def validate_flow_schema(schema: Body) -> list[FieldError]:
    """All rules of a FlowSchema."""
    errors: list[FieldError] = []
    spec, name = schema["spec"], schema["metadata"].get("name") or ""
    precedence, path = spec["matchingPrecedence"], "spec.matchingPrecedence"
    if precedence <= 0:
        errors.append(invalid(path, precedence, "must be a positive value"))
    if precedence > _HIGHEST_PRECEDENCE:
        errors.append(invalid(path, precedence, f"must not be greater than {_HIGHEST_PRECEDENCE}"))
    if precedence == 1 and name != "exempt":
        errors.append(invalid(path, precedence, "only the schema named 'exempt' may have matchingPrecedence 1"))
    method = spec.get("distinguisherMethod")
    if method is not None and method.get("type") not in _METHODS:
        shown = internal("flowcontrol.FlowDistinguisherMethod", method)
        errors.append(not_supported("spec.distinguisherMethod.type", shown, _METHODS))
    level, path = (spec.get("priorityLevelConfiguration") or {}).get("name"), "spec.priorityLevelConfiguration.name"
    if level:
        check(dns_subdomain, level, path, errors)
    else:
        errors.append(required(path, "must reference a priority level"))
    for index, rule in enumerate(spec.get("rules") or ()):
        _validate_rule(rule, f"spec.rules[{index}]", errors)
    if name in MANDATORY_SCHEMAS and spec != MANDATORY_SCHEMAS[name]:
        detail = f"spec of '{name}' must equal the fixed value"
        errors.append(invalid("spec", internal("flowcontrol.FlowSchemaSpec", spec), detail))
    check_conditions(schema.get("status") or {}, errors)
    return errors


def validate_conditions_update(new: Body, _: Body) -> list[FieldError]:
    """The status of FlowSchemas and PriorityLevelConfigurations."""
    errors: list[FieldError] = []
    check_conditions(new.get("status") or {}, errors)
    return errors
