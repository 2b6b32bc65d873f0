"""Validation of `metadata` and of label selectors, as (path, reason, message) of upstream's field errors.

Source: apimachinery `api/validation/objectmeta.go` and `apis/meta/v1/validation` of v0.36.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from kfast.meta import name_rules, names

Violation = tuple[str, str, str]
"""Path, cause reason and message of a field error."""

NameRule = Literal["subdomain", "label", "label1035", "path", "long", "any", "generic", "subdomain_only"]
"""DNS-1123 subdomain or label, DNS-1035 label, a path segment (RBAC), a subdomain by the newer checks, which leave the
prefix of a generated name alone, what the kind says itself; a path segment or a subdomain where
the kind leaves the names of finalizers alone."""

ANNOTATIONS_LIMIT = 256 * 1024

_RULES: Mapping[str, Callable[[str], list[str]]] = {
    "subdomain": names.dns_subdomain,
    "label": names.dns_label,
    "label1035": names.dns_label_1035,
    "path": names.path_segment,
    "long": names.long_name,
    "any": names.anything,
    "generic": names.path_segment,
    "subdomain_only": names.dns_subdomain,
}

STANDARD_FINALIZERS = ("kubernetes", "orphan", "foregroundDeletion")
_FIXED = ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")


def invalid(path: str, value: Any, detail: str) -> Violation:
    """`Invalid value: <value>: <detail>`."""
    shown = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return (path, "FieldValueInvalid", f"Invalid value: {shown}: {detail}")


def required(path: str, detail: str = "") -> Violation:
    """`Required value: <detail>`."""
    return (path, "FieldValueRequired", f"Required value: {detail}" if detail else "Required value")


def forbidden(path: str, detail: str) -> Violation:
    """`Forbidden: <detail>`."""
    return (path, "FieldValueForbidden", f"Forbidden: {detail}")


def _each(path: str, value: Any, details: Iterable[str]) -> list[Violation]:
    return [invalid(path, value, detail) for detail in details]


def validate_name(name: str, rule: NameRule, path: str = "metadata.name", *, prefix: bool = False) -> list[Violation]:
    """A name under the rule of its kind; as `prefix` (generateName) it may end in a dash."""
    checked = name
    if prefix and rule != "path" and len(name) > 1 and name.endswith("-"):
        checked = name[:-2] + "a"
    return _each(path, name, _RULES[rule](checked))


def validate_labels(labels: Mapping[str, str], path: str) -> list[Violation]:
    """Keys are qualified names, values label values."""
    errors: list[Violation] = []
    for key, value in labels.items():
        for text, problems in ((key, name_rules.qualified_name(key)), (value, name_rules.label_value(value))):
            if problems:
                errors += _each(path, text, problems)
    return errors


def validate_annotations(annotations: Mapping[str, str], path: str) -> list[Violation]:
    """Keys are qualified names in any case; 256 KiB in all."""
    errors: list[Violation] = []
    size = 0
    for key, value in annotations.items():
        errors += _each(path, key, name_rules.qualified_name(key.lower()))
        size += len(key.encode()) + len(value.encode())
    if size > ANNOTATIONS_LIMIT:
        message = f"Too long: may not be more than {ANNOTATIONS_LIMIT} bytes"
        errors.append((path, "FieldValueTooLong", message))
    return errors


def validate_owner_references(references: list[dict[str, Any]], path: str) -> list[Violation]:
    """All four identifying fields set, no Event as owner, at most one controller."""
    errors: list[Violation] = []
    controller = ""
    for ref in references:
        group, _, version = (ref.get("apiVersion") or "").rpartition("/")
        if not version:
            errors.append(invalid(f"{path}.apiVersion", ref.get("apiVersion") or "", "version must not be empty"))
        for name in ("kind", "name", "uid"):
            if not ref.get(name):
                errors.append(invalid(f"{path}.{name}", "", "must not be empty"))
        if (group, version, ref.get("kind")) == ("", "v1", "Event"):
            errors.append(invalid(path, ref, "/v1, Kind=Event is disallowed from being an owner"))
        if ref.get("controller"):
            this = f"{ref.get('kind', '')}/{ref.get('name', '')}"
            if controller:
                detail = (
                    "Only one reference can have Controller set to true. "
                    f'Found "true" in references for {controller} and {this}'
                )
                errors.append(invalid(path, references, detail))
            else:
                controller = this
    return errors


def validate_finalizers(finalizers: list[str], path: str) -> list[Violation]:
    """Qualified names; `orphan` and `foregroundDeletion` exclude each other."""
    errors: list[Violation] = []
    for finalizer in finalizers:
        errors += _each(path, finalizer, name_rules.qualified_name(finalizer))
    if {"orphan", "foregroundDeletion"} <= set(finalizers):
        errors.append(invalid(path, finalizers, "finalizer orphan and foregroundDeletion cannot be both set"))
    return errors


def validate_finalizer_names(finalizers: list[str], path: str) -> list[Violation]:
    """A finalizer is a standard one or has a domain."""
    return [
        invalid(f"{path}[{i}]", finalizer, "name is neither a standard finalizer name nor is it fully qualified")
        for i, finalizer in enumerate(finalizers)
        if "/" not in finalizer and finalizer not in STANDARD_FINALIZERS
    ]


def _validate_managed_fields(entries: list[dict[str, Any]], path: str) -> list[Violation]:
    errors: list[Violation] = []
    for i, entry in enumerate(entries):
        at = f"{path}[{i}]"
        if entry.get("operation") not in ("Apply", "Update"):
            errors.append(invalid(f"{at}.operation", entry.get("operation") or "", "must be `Apply` or `Update`"))
        if entry.get("fieldsType", "FieldsV1") not in ("", "FieldsV1"):
            errors.append(invalid(f"{at}.fieldsType", entry["fieldsType"], "must be `FieldsV1`"))
    return errors


def validate_object_meta(
    meta: dict[str, Any], namespaced: bool, name_rule: NameRule, path: str = "metadata"
) -> list[Violation]:
    """The metadata of an object to be created; its name is generated already."""
    errors = _validate_object_meta(meta, namespaced, name_rule, path)
    if name_rule not in ("generic", "subdomain_only"):
        errors += validate_finalizer_names(meta.get("finalizers") or [], f"{path}.finalizers")
    return errors


def _validate_object_meta(meta: dict[str, Any], namespaced: bool, name_rule: NameRule, path: str) -> list[Violation]:
    errors: list[Violation] = []
    name, namespace = meta.get("name") or "", meta.get("namespace") or ""
    if (generate_name := meta.get("generateName")) and name_rule != "long":
        errors += validate_name(generate_name, name_rule, f"{path}.generateName", prefix=True)
    if name:
        errors += validate_name(name, name_rule, f"{path}.name")
    else:
        errors.append(required(f"{path}.name", "name or generateName is required"))
    if namespaced and not namespace:
        errors.append(required(f"{path}.namespace"))
    elif namespaced:
        errors += _each(f"{path}.namespace", namespace, name_rules.dns_label(namespace))
    elif namespace:
        errors.append(forbidden(f"{path}.namespace", "not allowed on this type"))
    generation = meta.get("generation") or 0
    if generation < 0:
        errors.append(invalid(f"{path}.generation", generation, "must be greater than or equal to 0"))
    return [
        *errors,
        *validate_labels(meta.get("labels") or {}, f"{path}.labels"),
        *validate_annotations(meta.get("annotations") or {}, f"{path}.annotations"),
        *validate_owner_references(meta.get("ownerReferences") or [], f"{path}.ownerReferences"),
        *validate_finalizers(meta.get("finalizers") or [], f"{path}.finalizers"),
        *_validate_managed_fields(meta.get("managedFields") or [], f"{path}.managedFields"),
    ]


def validate_object_meta_update(
    new: dict[str, Any],
    old: dict[str, Any],
    namespaced: bool,
    name_rule: NameRule = "path",
    again: Iterable[str] = ("update",),
    path: str = "metadata",
) -> list[Violation]:
    """The metadata of an update, as all kinds have it checked and `again` by the kind's own rules: identity is fixed,
    no finalizers are added during deletion."""
    errors = _validate_object_meta(new, namespaced, "path", path)
    update = _validate_change(new, old, path)
    errors += update
    for what in again:
        if what == "update":
            errors += update
            if name_rule not in ("generic", "subdomain_only"):
                errors += validate_finalizer_names(new.get("finalizers") or [], f"{path}.finalizers")
        else:
            errors += validate_object_meta(new, namespaced, name_rule, path)
    return errors


def _validate_change(new: dict[str, Any], old: dict[str, Any], path: str) -> list[Violation]:
    errors: list[Violation] = []
    if old.get("deletionTimestamp"):
        added = sorted(set(new.get("finalizers") or []) - set(old.get("finalizers") or []))
        if added:
            listed = ", ".join(json.dumps(name, ensure_ascii=False) for name in added)
            detail = (
                "no new finalizers can be added if the object is being deleted, "
                f"found new finalizers []string{{{listed}}}"
            )
            errors.append(forbidden(f"{path}.finalizers", detail))
    if not new.get("resourceVersion"):
        errors.append(invalid(f"{path}.resourceVersion", "", "must be specified for an update"))
    generation = new.get("generation") or 0
    if generation < (old.get("generation") or 0):
        errors.append(invalid(f"{path}.generation", generation, "must not be decremented"))
    for field in _FIXED:
        if (new.get(field) or None) != (old.get(field) or None):
            errors.append(invalid(f"{path}.{field}", new.get(field), "field is immutable"))
    return [
        *errors,
        *validate_labels(new.get("labels") or {}, f"{path}.labels"),
        *validate_annotations(new.get("annotations") or {}, f"{path}.annotations"),
        *validate_owner_references(new.get("ownerReferences") or [], f"{path}.ownerReferences"),
        *_validate_managed_fields(new.get("managedFields") or [], f"{path}.managedFields"),
    ]


def validate_label_selector(selector: dict[str, Any] | None, path: str) -> list[Violation]:
    """A LabelSelector object of a spec."""
    if selector is None:
        return []
    errors = validate_labels(selector.get("matchLabels") or {}, f"{path}.matchLabels")
    for i, expression in enumerate(selector.get("matchExpressions") or []):
        at = f"{path}.matchExpressions[{i}]"
        operator, values = expression.get("operator") or "", expression.get("values") or []
        if operator in ("In", "NotIn"):
            if not values:
                errors.append(required(f"{at}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
        elif operator in ("Exists", "DoesNotExist"):
            if values:
                detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
                errors.append(forbidden(f"{at}.values", detail))
        else:
            errors.append(invalid(f"{at}.operator", operator, "not a valid selector operator"))
        key = expression.get("key") or ""
        errors += _each(f"{at}.key", key, name_rules.qualified_name(key))
        for j, value in enumerate(values):
            errors += _each(f"{at}.values[{j}]", value, name_rules.label_value(value))
    return errors
