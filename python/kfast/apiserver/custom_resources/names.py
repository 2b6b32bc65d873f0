"""Which names a definition gets: those nobody else of its group has (upstream: naming_controller)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kfast.api.field_errors import quoted
from kfast.api.kind import Body

Names = dict[str, Any]
_ORDER = ("plural", "singular", "shortNames", "kind", "listKind", "categories")


def accept_names(crd: Body, others: Iterable[Body]) -> tuple[Names, str, str]:
    """(accepted names, reason, message) for the names asked for; `others` are the other definitions. The reason is
    `NoConflicts` if all are accepted."""
    wanted = crd["spec"]["names"]
    before: Names = (crd.get("status") or {}).get("acceptedNames") or {}
    resources, kinds = _taken(crd["spec"]["group"], [*others, crd])
    accepted = dict(before)
    reason, message = "NoConflicts", "no conflicts found"
    for key, used in (("plural", resources), ("singular", resources), ("shortNames", resources)):
        reason, message = _accept(key, wanted, before, used, accepted) or (reason, message)
    for key in ("kind", "listKind"):
        reason, message = _accept(key, wanted, before, kinds, accepted) or (reason, message)
    accepted["categories"] = wanted.get("categories")
    return {key: accepted[key] for key in _ORDER if accepted.get(key)}, reason, message


def _accept(key: str, wanted: Names, before: Names, used: set[str], accepted: Names) -> tuple[str, str] | None:
    """Takes over what is free; reason and message if it is not."""
    if key == "shortNames":
        old = before.get(key) or []
        taken = [name for name in wanted.get(key) or () if name not in old and name in used]
    else:
        taken = [wanted[key]] if wanted.get(key) != before.get(key) and wanted.get(key) in used else []
    if not taken:
        accepted[key] = wanted.get(key)
        return None
    texts = [f"{quoted(name)} is already in use" for name in taken]
    return f"{key[0].upper()}{key[1:]}Conflict", texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def _taken(group: str, definitions: Iterable[Body]) -> tuple[set[str], set[str]]:
    resources: set[str] = set()
    kinds: set[str] = set()
    for crd in definitions:
        if crd["spec"]["group"] != group:
            continue
        names = (crd.get("status") or {}).get("acceptedNames") or {}
        resources |= {names.get("plural") or "", names.get("singular") or "", *(names.get("shortNames") or ())}
        kinds |= {names.get("kind") or "", names.get("listKind") or ""}
    return resources, kinds
