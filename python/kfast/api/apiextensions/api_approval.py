"""Groups of the Kubernetes community take custom resources only with a note on who approved them."""

from __future__ import annotations

from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from kfast.api.field_errors import quoted
from kfast.api.kind import Body

ANNOTATION = "api-approved.kubernetes.io"
_PROPOSAL = "see https://github.com/kubernetes/enhancements/pull/1111"
_COMMUNITY = ("k8s.io", "kubernetes.io")


class Approval(NamedTuple):
    """The verdict on an annotation, and why."""

    state: Literal["Missing", "Bypassed", "Approved", "Invalid"]
    reason: str


def protected(group: str) -> bool:
    """Whether the group is the community's."""
    return any(group == domain or group.endswith(f".{domain}") for domain in _COMMUNITY)


def approval(crd: Body) -> Approval:
    """What the definition's annotation says."""
    note = annotation(crd)
    demand = f"protected groups must have approval annotation {quoted(ANNOTATION)}"
    if not note:
        return Approval("Missing", f"{demand}, {_PROPOSAL}")
    if note.startswith("unapproved"):
        return Approval("Bypassed", f"not approved: {quoted(note)}")
    try:
        url = urlsplit(note)
    except ValueError:
        url = urlsplit("")
    if url.scheme and url.netloc:
        return Approval("Approved", f"approved in {note}")
    return Approval("Invalid", f'{demand} with either a URL or a reason starting with "unapproved", {_PROPOSAL}')


def annotation(crd: Body) -> str:
    """The note itself, empty if there is none."""
    return (crd["metadata"].get("annotations") or {}).get(ANNOTATION) or ""
