"""The status of a definition: names, conditions, and from when on it is served."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy

from kfast.api.apiextensions import api_approval, conditions
from kfast.api.apiextensions.ca_bundle import ca_bundle_error
from kfast.api.kind import Body
from kfast.apiserver.custom_resources.names import accept_names

_APPROVAL_REASONS = {
    "Approved": ("True", "ApprovedAnnotation"),
    "Bypassed": ("False", "UnapprovedAnnotation"),
    "Missing": ("False", "MissingAnnotation"),
    "Invalid": ("False", "InvalidAnnotation"),
}


def next_status(crd: Body, others: Iterable[Body], now: float) -> Body:
    """The definition with the status it should have; `others` are the other definitions."""
    crd = deepcopy({key: value for key, value in crd.items() if key != "spec"}) | {"spec": crd["spec"]}
    status = crd.setdefault("status", {})
    if status.get("conditions") is None:
        status["conditions"] = []
    _name(crd, others, now)
    _establish(crd, now)
    _approve(crd, now)
    return crd


def _name(crd: Body, others: Iterable[Body], now: float) -> None:
    accepted = crd["status"].get("acceptedNames") or {}
    if conditions.find(crd, conditions.NAMES_ACCEPTED) and _same(crd["spec"]["names"], accepted):
        return
    names, reason, message = accept_names(crd, others)
    fine = reason == "NoConflicts"
    crd["status"]["acceptedNames"] = {"plural": "", "kind": ""} | names
    conditions.put(crd, conditions.NAMES_ACCEPTED, "True" if fine else "False", reason, message, now)
    if not fine and conditions.find(crd, conditions.ESTABLISHED) is None:
        why = "not all names are accepted"
        conditions.put(crd, conditions.ESTABLISHED, "False", "NotAccepted", why, now)


def _same(wanted: Body, accepted: Body) -> bool:
    keys = wanted.keys() | accepted.keys()
    return all((wanted.get(key) or None) == (accepted.get(key) or None) for key in keys)


def _approve(crd: Body, now: float) -> None:
    if not api_approval.protected(crd["spec"]["group"]):
        return
    state, message = api_approval.approval(crd)
    status, reason = _APPROVAL_REASONS[state]
    conditions.put(crd, conditions.API_APPROVAL, status, reason, message, now)


def _establish(crd: Body, now: float) -> None:
    if not conditions.is_true(crd, conditions.NAMES_ACCEPTED) or conditions.is_true(crd, conditions.ESTABLISHED):
        return
    webhook = (crd["spec"].get("conversion") or {}).get("webhook") or {}
    bundle = (webhook.get("clientConfig") or {}).get("caBundle")
    if bundle and ca_bundle_error(bundle):
        why = "The conversion webhook CABundle is invalid"
        conditions.put(crd, conditions.ESTABLISHED, "False", "InvalidCABundle", why, now)
        return
    why = "the initial names have been accepted"
    conditions.put(crd, conditions.ESTABLISHED, "True", "InitialNamesAccepted", why, now)
