"""The conditions of a CustomResourceDefinition's status."""

from __future__ import annotations

from kfast.api.kind import Body
from kfast.clock import rfc3339
from kfast.meta.conditions import get_condition

ESTABLISHED = "Established"
NAMES_ACCEPTED = "NamesAccepted"
NON_STRUCTURAL = "NonStructuralSchema"
TERMINATING = "Terminating"
API_APPROVAL = "KubernetesAPIApprovalPolicyConformant"


def find(crd: Body, kind: str) -> Body | None:
    """The condition of that type."""
    return get_condition((crd.get("status") or {}).get("conditions"), kind)


def is_true(crd: Body, kind: str) -> bool:
    """Whether the condition is there and True."""
    found = find(crd, kind)
    return found is not None and found.get("status") == "True"


def put(crd: Body, kind: str, status: str, reason: str, message: str, now: float) -> None:
    """Sets a condition; its time changes with its status only. `now` in epoch seconds."""
    found = find(crd, kind)
    if found is None:
        found = {"type": kind}
        whole = crd["status"] = crd.get("status") or {}
        whole["conditions"] = [*(whole.get("conditions") or ()), found]
    if found.get("status") != status or not found.get("lastTransitionTime"):
        found["lastTransitionTime"] = rfc3339(now)
    found |= {"status": status, "reason": reason, "message": message}


def drop(crd: Body, kind: str) -> None:
    """Removes a condition."""
    conditions = crd["status"].get("conditions") or []
    crd["status"]["conditions"] = [condition for condition in conditions if condition.get("type") != kind]
