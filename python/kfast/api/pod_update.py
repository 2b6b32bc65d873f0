"""What may change in a pod (upstream: core/validation.ValidatePodUpdate)."""

from __future__ import annotations

import json
from typing import Any

from kfast.api.field_errors import forbidden, invalid
from kfast.api.kind import Body, FieldError

Spec = dict[str, Any]

_UPDATABLE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)
_CHECKED = ("activeDeadlineSeconds", "schedulingGates", "tolerations")
_MAX_INT32 = 2**31 - 1


def _without_images(containers: list[Spec] | None) -> list[Spec]:
    return [{key: value for key, value in container.items() if key != "image"} for container in containers or ()]


def _fixed(spec: Spec) -> Spec:
    """The part of a pod spec that no update may touch."""
    fixed = {key: value for key, value in spec.items() if key not in _CHECKED and value not in (None, [], {}, "")}
    for group in ("containers", "initContainers"):
        if fixed.get(group):
            fixed[group] = _without_images(fixed[group])
    return fixed


def _validate_images(new: Spec, old: Spec, errors: list[FieldError]) -> bool:
    for group in ("containers", "initContainers"):
        containers = new.get(group) or ()
        if len(containers) != len(old.get(group) or ()):
            errors.append(forbidden(f"spec.{group}", "pod updates may not add or remove containers"))
            return False
        for index, container in enumerate(containers):
            image = container.get("image") or ""
            if image.strip() != image:
                path = f"spec.{group}[{index}].image"
                errors.append(invalid(path, image, "must not have leading or trailing whitespace"))
    return True


def _validate_deadline(new: int | None, old: int | None, errors: list[FieldError]) -> None:
    path = "spec.activeDeadlineSeconds"
    if new is None:
        if old is not None:
            errors.append(invalid(path, None, "must not update from a positive integer to nil value"))
    elif not 0 <= new <= _MAX_INT32:
        errors.append(invalid(path, new, f"must be between 0 and {_MAX_INT32}, inclusive"))
    elif old is not None and old < new:
        errors.append(invalid(path, new, "must be less than or equal to previous value"))


def _validate_tolerations(new: list[Spec], old: list[Spec], errors: list[FieldError]) -> None:
    kept = [{k: v for k, v in toleration.items() if k != "tolerationSeconds"} for toleration in new]
    for toleration in old:
        if {k: v for k, v in toleration.items() if k != "tolerationSeconds"} not in kept:
            message = "existing toleration can not be modified except its tolerationSeconds"
            errors.append(forbidden("spec.tolerations", message))
            return


def _validate_gates(new: list[Spec], old: list[Spec], errors: list[FieldError]) -> None:
    known = {gate.get("name") for gate in old}
    for index, gate in enumerate(new):
        if gate.get("name") not in known:
            message = f"only deletion is allowed, but found new scheduling gate '{gate.get('name', '')}'"
            errors.append(forbidden(f"spec.schedulingGates[{index}].name", message))


def _difference(new: Spec, old: Spec) -> str:
    lines = []
    for key in sorted({*new, *old}):
        if new.get(key) != old.get(key):
            lines += [f"-  {key}: {json.dumps(old.get(key))}", f"+  {key}: {json.dumps(new.get(key))}"]
    return "\n".join(lines)


def validate_pod_update(new: Body, old: Body) -> list[FieldError]:
    """Errors of the forbidden changes."""
    errors: list[FieldError] = []
    spec, before = new["spec"], old["spec"]
    if spec == before:
        return errors
    if not _validate_images(spec, before, errors):
        return errors
    _validate_deadline(spec.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds"), errors)
    _validate_tolerations(spec.get("tolerations") or [], before.get("tolerations") or [], errors)
    _validate_gates(spec.get("schedulingGates") or [], before.get("schedulingGates") or [], errors)
    fixed, fixed_before = _fixed(spec), _fixed(before)
    if before.get("schedulingGates"):
        _allow_gated_changes(fixed, fixed_before, errors)
    if fixed != fixed_before:
        errors.append(forbidden("spec", f"{_UPDATABLE}\n{_difference(fixed, fixed_before)}"))
    return errors


def _allow_gated_changes(fixed: Spec, before: Spec, errors: list[FieldError]) -> None:
    """A gated pod may narrow its node selector: pairs are added, none dropped or changed."""
    selector, previous = fixed.pop("nodeSelector", {}), before.pop("nodeSelector", {})
    if any(selector.get(key) != value for key, value in previous.items()):
        message = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
        errors.append(invalid("spec.nodeSelector", selector, message))
