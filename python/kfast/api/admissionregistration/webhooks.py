"""What mutating and validating webhooks share: defaults and validation."""

from __future__ import annotations

from dataclasses import dataclass

from kfast.api.admissionregistration.client_config import default_client_config, validate_client_config
from kfast.api.admissionregistration.match_conditions import validate_match_conditions
from kfast.api.admissionregistration.rules import default_rule, validate_rule
from kfast.api.columns import AGE, NAME
from kfast.api.field_errors import duplicate, invalid, not_supported, required
from kfast.api.kind import Body, Column, FieldError
from kfast.api.label_selectors import validate_selector
from kfast.meta.name_rules import dns_subdomain
from kfast.meta.names import dns_label_1035

REVIEW_VERSIONS = ("v1", "v1beta1")
"""Of AdmissionReview: what a webhook may be sent."""
_POLICIES = {
    "failurePolicy": ("Fail", "Ignore"),
    "matchPolicy": ("Equivalent", "Exact"),
    "reinvocationPolicy": ("IfNeeded", "Never"),
}
_SIDE_EFFECTS = ("None", "NoneOnDryRun", "Some", "Unknown")
_NO_SIDE_EFFECTS = ("None", "NoneOnDryRun")
_RESERVED = ".static.k8s.io"
_SELECTORS = ("namespaceSelector", "objectSelector")


def default_webhooks(configuration: Body) -> None:
    """Fills what both kinds of webhooks have in common."""
    for hook in configuration.get("webhooks") or ():
        hook.setdefault("clientConfig", {})
        default_client_config(hook["clientConfig"])
        for rule in hook.get("rules") or ():
            default_rule(rule)
        for field, value in (("failurePolicy", "Fail"), ("matchPolicy", "Equivalent"), ("timeoutSeconds", 10)):
            if hook.get(field) is None:
                hook[field] = value
        for field in _SELECTORS:
            if hook.get(field) is None:
                hook[field] = {}


@dataclass(frozen=True, slots=True)
class _Strictness:
    """What is demanded; an update may leave what was wrong before."""

    conditions: bool = True
    no_side_effects: bool = True
    known_review_version: bool = True
    unique_names: bool = True
    selectors: bool = True


def validate_webhooks(configuration: Body) -> list[FieldError]:
    """The errors of a new configuration."""
    return _validate(configuration, _Strictness())


def validate_webhooks_update(new: Body, old: Body) -> list[FieldError]:
    """The errors of a changed one."""
    before, after = old.get("webhooks") or [], new.get("webhooks") or []
    names = [hook.get("name") for hook in before]
    conditions = [[hook.get("matchConditions") for hook in hooks] for hooks in (before, after)]
    selectors: list[FieldError] = []
    for hook in before:
        _selectors(hook, "", selectors)
    strictness = _Strictness(
        conditions=conditions[0] != conditions[1],
        no_side_effects=all(hook.get("sideEffects") in _NO_SIDE_EFFECTS for hook in before),
        known_review_version=all(_known_version(hook) or not hook.get("admissionReviewVersions") for hook in before),
        unique_names=len(set(names)) == len(names),
        selectors=not selectors,
    )
    return _validate(new, strictness)


def static_name_warnings(configuration: Body) -> list[str]:
    """Warns of names upstream keeps for configurations in files."""
    if not configuration["metadata"].get("name", "").endswith(_RESERVED):
        return []
    return [
        f'metadata.name: names ending with "{_RESERVED}" are reserved for static manifest-based configurations and '
        "cannot be managed via the API"
    ]


def _count(configuration: Body, _: float) -> int:
    return len(configuration.get("webhooks") or ())


COLUMNS = (NAME, Column("Webhooks", _count, type="integer"), AGE)


def _validate(configuration: Body, strictness: _Strictness) -> list[FieldError]:
    errors: list[FieldError] = []
    names: set[str] = set()
    for i, hook in enumerate(configuration.get("webhooks") or ()):
        path, name = f"webhooks[{i}]", hook.get("name") or ""
        _webhook(hook, path, errors, strictness)
        _review_versions(hook, f"{path}.admissionReviewVersions", errors, strictness)
        if strictness.unique_names and name in names:
            errors.append(duplicate(f"{path}.name", name))
        if name:
            names.add(name)
    return errors


def _webhook(hook: Body, path: str, errors: list[FieldError], strictness: _Strictness) -> None:
    _name(hook.get("name") or "", f"{path}.name", errors)
    for i, rule in enumerate(hook.get("rules") or ()):
        validate_rule(rule, f"{path}.rules[{i}]", errors)
    _policy(hook, "failurePolicy", path, errors)
    _policy(hook, "matchPolicy", path, errors)
    _side_effects(hook.get("sideEffects"), f"{path}.sideEffects", errors, strictness)
    seconds = hook.get("timeoutSeconds")
    if seconds is not None and not 1 <= seconds <= 30:
        why = "the timeout value must be between 1 and 30 seconds"
        errors.append(invalid(f"{path}.timeoutSeconds", seconds, why))
    if strictness.selectors:
        _selectors(hook, path, errors)
    _policy(hook, "reinvocationPolicy", path, errors)
    validate_client_config(hook.get("clientConfig") or {}, f"{path}.clientConfig", errors)
    if strictness.conditions:
        validate_match_conditions(hook.get("matchConditions"), f"{path}.matchConditions", errors)


def _name(name: str, path: str, errors: list[FieldError]) -> None:
    """A fully qualified name."""
    problems = dns_subdomain(name)
    if not name:
        errors.append(required(path))
    elif problems:
        errors.append(invalid(path, name, ",".join(problems)))
    elif name.count(".") < 2:
        why = "should be a domain with at least three segments separated by dots"
        errors.append(invalid(path, name, why))


def _policy(hook: Body, field: str, path: str, errors: list[FieldError]) -> None:
    value = hook.get(field)
    if value is not None and value not in _POLICIES[field]:
        errors.append(not_supported(f"{path}.{field}", value, _POLICIES[field]))


def _side_effects(value: str | None, path: str, errors: list[FieldError], strictness: _Strictness) -> None:
    supported = _NO_SIDE_EFFECTS if strictness.no_side_effects else _SIDE_EFFECTS
    if value is None:
        errors.append(required(path, f"must specify one of {', '.join(supported)}"))
    elif value not in supported:
        errors.append(not_supported(path, value, supported))


def _selectors(hook: Body, path: str, errors: list[FieldError]) -> None:
    for field in _SELECTORS:
        validate_selector(hook.get(field), f"{path}.{field}", errors)


def _known_version(hook: Body) -> bool:
    return not set(REVIEW_VERSIONS).isdisjoint(hook.get("admissionReviewVersions") or ())


def _review_versions(hook: Body, path: str, errors: list[FieldError], strictness: _Strictness) -> None:
    versions: list[str] = hook.get("admissionReviewVersions") or []
    known = ", ".join(REVIEW_VERSIONS)
    if not versions:
        errors.append(required(path, f"must specify one of {known}"))
        return
    for i, version in enumerate(versions):
        if version in versions[:i]:
            errors.append(invalid(f"{path}[{i}]", version, "duplicate version"))
            continue
        errors.extend(invalid(f"{path}[{i}]", version, problem) for problem in dns_label_1035(version))
    if strictness.known_review_version and not _known_version(hook):
        errors.append(invalid(path, versions, f"must include at least one of {known}"))
