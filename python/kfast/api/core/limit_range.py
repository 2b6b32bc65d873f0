"""LimitRange."""

from __future__ import annotations

from kfast.api.columns import CREATED_AT, NAME
from kfast.api.core.limit_range_validation import validate_limit_range
from kfast.api.kind import Body, Kind
from kfast.api.resource_lists import canonical_quantities

_AMOUNTS = ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")


def _fill(item: Body, field: str, *sources: str) -> None:
    amounts = dict(item.get(field) or {})
    for source in sources:
        for name, amount in (item.get(source) or {}).items():
            amounts.setdefault(name, amount)
    if amounts:
        item[field] = amounts


def _defaults(limits: Body) -> None:
    for item in limits.setdefault("spec", {}).get("limits") or ():
        for field in _AMOUNTS:
            canonical_quantities(item.get(field))
        if item.get("type") == "Container":
            _fill(item, "default", "max")
            _fill(item, "defaultRequest", "default", "min")


def _prepare_create(limits: Body) -> None:
    """A nameless one is named by its uid, as upstream names it by some uuid."""
    if not limits["metadata"].get("name"):
        limits["metadata"]["name"] = limits["metadata"]["uid"]


KIND = Kind(
    group="",
    version="v1",
    kind="LimitRange",
    plural="limitranges",
    short_names=("limits",),
    columns=(NAME, CREATED_AT),
    has_generation=False,
    create_on_update=True,
    defaults=_defaults,
    prepare_create=_prepare_create,
    validate=validate_limit_range,
    metadata_on_update=("create",),
)
