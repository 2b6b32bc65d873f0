"""Administrative access to devices, which only labelled namespaces grant: registry/resource/utils.go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kfast.api.columns import lookup
from kfast.api.field_errors import forbidden
from kfast.api.kind import Body, FieldError

_LABEL = "resource.kubernetes.io/admin-access"


def claim_access(new: Body, old: Body | None, labels: Mapping[str, str]) -> list[FieldError]:
    """A new claim's requests, or what a write of its status allocates; `labels` are the namespace's."""
    if old is None:
        return _requested(lookup(new, "spec.devices.requests"), labels)
    before, after = (lookup(body, "status.allocation.devices.results") or () for body in (old, new))
    if any(result.get("adminAccess") for result in before):
        return []
    return _refused(after, "status.allocation.devices.results", labels)


def template_access(new: Body, old: Body | None, labels: Mapping[str, str]) -> list[FieldError]:
    """A new template's requests; they never change."""
    return _requested(lookup(new, "spec.spec.devices.requests"), labels) if old is None else []


def _requested(requests: Sequence[Any] | None, labels: Mapping[str, str]) -> list[FieldError]:
    exactly = [request.get("exactly") or {} for request in requests or ()]
    return _refused(exactly, "spec.devices.requests", labels)


def _refused(items: Sequence[Any], path: str, labels: Mapping[str, str]) -> list[FieldError]:
    first = next((number for number, item in enumerate(items) if item.get("adminAccess")), None)
    if first is None or labels.get(_LABEL) == "true":
        return []
    why = f"admin access to devices requires the `{_LABEL}: true` label on the containing namespace"
    return [forbidden(f"{path}[{first}].adminAccess", why)]
