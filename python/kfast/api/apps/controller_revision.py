"""ControllerRevision."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, NONE, number
from kfast.api.field_errors import IMMUTABLE, invalid, non_negative, required
from kfast.api.kind import Body, Cell, Column, FieldError, Kind


def _controller(revision: Body, _: float) -> Cell:
    for owner in revision["metadata"].get("ownerReferences") or ():
        if owner.get("controller"):
            group = (owner.get("apiVersion") or "").rpartition("/")[0]
            kind = f"{owner.get('kind', '')}.{group}" if group else owner.get("kind", "")
            return f"{kind.lower()}/{owner.get('name', '')}"
    return NONE


def _validate_number(revision: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    non_negative("revision", revision.get("revision"), errors)
    return errors


def _validate(revision: Body) -> list[FieldError]:
    errors = _validate_number(revision)
    if revision.get("data") is None:
        errors.append(required("data", "data is mandatory"))
    elif not isinstance(revision["data"], dict):
        errors.append(required("data", "data must be a valid JSON object"))
    return errors


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    errors = _validate_number(new)
    if new.get("data") != old.get("data"):
        errors.append(invalid("data", new.get("data"), IMMUTABLE))
    return errors


KIND = Kind(
    group="apps",
    version="v1",
    kind="ControllerRevision",
    plural="controllerrevisions",
    columns=(NAME, Column("Controller", _controller), Column("Revision", number("revision")), AGE),
    has_generation=False,
    validate=_validate,
    validates_on_update=False,
    metadata_on_update=("update", "create"),
    validate_update=_validate_update,
)
