"""ResourceQuota."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, lookup
from kfast.api.core.resource_quota_validation import (
    validate_quota,
    validate_quota_status,
    validate_quota_update,
)
from kfast.api.kind import Body, Cell, Column, Kind, Subresource
from kfast.api.resource_lists import canonical_quantities


def _defaults(quota: Body) -> None:
    canonical_quantities(quota.setdefault("spec", {}).get("hard"))
    status = quota.setdefault("status", {})
    canonical_quantities(status.get("hard"))
    canonical_quantities(status.get("used"))


def _prepare_create(quota: Body) -> None:
    quota["status"] = {}


def _usage(quota: Body, limits: bool) -> str:
    hard, used = lookup(quota, "status.hard") or {}, lookup(quota, "status.used") or {}
    return ", ".join(
        f"{name}: {used.get(name, '0')}/{hard[name]}" for name in sorted(hard) if name.startswith("limits.") == limits
    )


def _requests(quota: Body, _: float) -> Cell:
    return _usage(quota, limits=False)


def _limits(quota: Body, _: float) -> Cell:
    return _usage(quota, limits=True)


KIND = Kind(
    group="",
    version="v1",
    kind="ResourceQuota",
    plural="resourcequotas",
    short_names=("quota",),
    subresources=(Subresource("status", validate=validate_quota_status),),
    columns=(NAME, Column("Request", _requests), Column("Limit", _limits), AGE),
    has_generation=False,
    defaults=_defaults,
    prepare_create=_prepare_create,
    validate=validate_quota,
    validate_update=validate_quota_update,
)
