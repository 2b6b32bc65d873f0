"""CSIDriver."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, NONE, UNSET, flag, joined, lookup
from kfast.api.field_errors import duplicate, immutable, invalid, not_supported
from kfast.api.kind import Body, Cell, Column, FieldError, Kind

_POLICIES = ("File", "None", "ReadWriteOnceWithFSType")
_MODES = ("Persistent", "Ephemeral")
_SHORTEST_TOKEN = 600
_LONGEST_TOKEN = 1 << 32
_SHORTEST_PERIOD = 10
_EXPOSED = (
    "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible "
    "logging of tokens in volume attributes"
)
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


def _drop_disabled(driver: Body) -> None:
    """Off by default: VolumeLimitScaling."""
    driver["spec"].pop("preventPodSchedulingIfMissing", None)


def _prepare_update(driver: Body, old: Body) -> None:
    """The generation counts changes from the first one on."""
    _drop_disabled(driver)
    if driver["spec"] != old["spec"]:
        driver["metadata"]["generation"] = (old["metadata"].get("generation") or 0) + 1


def _warnings(driver: Body) -> list[str]:
    spec = driver["spec"]
    unset = bool(spec.get("tokenRequests")) and spec.get("serviceAccountTokenInSecrets") is None
    return [_EXPOSED] * unset


def _no_warnings(_new: Body, _old: Body) -> list[str]:
    return []


def _validate_tokens(requests: list[Body], errors: list[FieldError]) -> None:
    audiences: set[str] = set()
    for index, request in enumerate(requests):
        path, audience, seconds = f"spec.tokenRequests[{index}]", request.get("audience") or "", None
        if audience in audiences:
            errors.append(duplicate(f"{path}.audience", audience))
            continue
        audiences.add(audience)
        seconds = request.get("expirationSeconds")
        if seconds is not None and seconds < _SHORTEST_TOKEN:
            message = "may not specify a duration less than 10 minutes"
            errors.append(invalid(f"{path}.expirationSeconds", seconds, message))
        if seconds is not None and seconds > _LONGEST_TOKEN:
            message = "may not specify a duration larger than 2^32 seconds"
            errors.append(invalid(f"{path}.expirationSeconds", seconds, message))


def _validate(driver: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    spec = driver["spec"]
    policy, period = spec["fsGroupPolicy"], spec.get("nodeAllocatableUpdatePeriodSeconds")
    if policy not in _POLICIES:
        errors.append(not_supported("spec.fsGroupPolicy", policy, _POLICIES))
    requests = spec.get("tokenRequests") or []
    _validate_tokens(requests, errors)
    errors += [
        not_supported("spec.volumeLifecycleModes", mode, _MODES)
        for mode in spec["volumeLifecycleModes"]
        if mode not in _MODES
    ]
    if period is not None and period < _SHORTEST_PERIOD:
        message = f"must be greater than or equal to {_SHORTEST_PERIOD} seconds"
        errors.append(invalid("spec.nodeAllocatableUpdatePeriodSeconds", period, message))
    secrets = spec.get("serviceAccountTokenInSecrets")
    if secrets is not None and not requests:
        message = "serviceAccountTokenInSecrets is set but no tokenRequests are specified"
        errors.append(invalid("spec.serviceAccountTokenInSecrets", secrets, message))
    return errors


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    for field, shown in (("attachRequired", "attachedRequired"), ("volumeLifecycleModes", "volumeLifecycleModes")):
        immutable(f"spec.{shown}", new["spec"].get(field), old["spec"].get(field), errors)
    return errors


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
    prepare_create=_drop_disabled,
    prepare_update=_prepare_update,
    warnings=_warnings,
    update_warnings=_no_warnings,
    validate=_validate,
    validate_update=_validate_update,
)
