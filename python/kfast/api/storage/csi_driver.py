"""CSIDriver."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, NONE, UNSET, flag, joined, lookup
from kfast.api.kind import Body, Cell, Column, Kind

_DEFAULTS = {
    "attachRequired": True,
    "podInfoOnMount": False,
    "storageCapacity": False,
    "fsGroupPolicy": "ReadWriteOnceWithFSType",
    "requiresRepublish": False,
    "seLinuxMount": False,
}


def _defaults(driver: Body) -> None:
    spec = driver.setdefault("spec", {})
    for field, value in _DEFAULTS.items():
        if spec.get(field) is None:
            spec[field] = value
    if not spec.get("volumeLifecycleModes"):
        spec["volumeLifecycleModes"] = ["Persistent"]


def _token_requests(driver: Body, _: float) -> Cell:
    requests = lookup(driver, "spec.tokenRequests")
    return UNSET if requests is None else ",".join(request.get("audience", "") for request in requests)


KIND = Kind(
    group="storage.k8s.io",
    version="v1",
    kind="CSIDriver",
    plural="csidrivers",
    namespaced=False,
    columns=(
        NAME,
        Column("AttachRequired", flag("spec.attachRequired", absent=True), type="boolean"),
        Column("PodInfoOnMount", flag("spec.podInfoOnMount"), type="boolean"),
        Column("StorageCapacity", flag("spec.storageCapacity"), type="boolean"),
        Column("TokenRequests", _token_requests),
        Column("RequiresRepublish", flag("spec.requiresRepublish"), type="boolean"),
        Column("Modes", joined("spec.volumeLifecycleModes", NONE)),
        AGE,
    ),
    has_generation=False,
    unconditional_update=False,
    defaults=_defaults,
)
