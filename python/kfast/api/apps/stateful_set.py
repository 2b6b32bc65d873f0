"""StatefulSet."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, container_columns, lookup
from kfast.api.core.volume_claim_validation import validate_claim
from kfast.api.field_errors import forbidden, invalid, non_negative
from kfast.api.kind import SCALE, STATUS, Body, Cell, Column, FieldError, Kind
from kfast.api.pod_template import default_claim_spec, default_template, template_warnings, validate_workload
from kfast.meta.names import dns_label

_MUTABLE = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)
_IMMUTABLE = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)


def _default_claims(spec: Body) -> None:
    for claim in spec.get("volumeClaimTemplates") or ():
        claim.setdefault("apiVersion", "v1")
        claim.setdefault("kind", "PersistentVolumeClaim")
        default_claim_spec(claim.setdefault("spec", {}))
        claim.setdefault("status", {}).setdefault("phase", "Pending")


def _defaults(stateful_set: Body) -> None:
    spec = stateful_set.setdefault("spec", {})
    if spec.get("replicas") is None:
        spec["replicas"] = 1
    default_template(spec.setdefault("template", {}))
    _default_claims(spec)
    if not spec.get("podManagementPolicy"):
        spec["podManagementPolicy"] = "OrderedReady"
    strategy = spec.setdefault("updateStrategy", {})
    if not strategy.get("type"):
        strategy["type"] = "RollingUpdate"
        strategy.setdefault("rollingUpdate", {})
    rolling = strategy.get("rollingUpdate")
    if strategy["type"] == "RollingUpdate" and rolling is not None:
        rolling.setdefault("partition", 0)
    retention = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
    for event in ("whenDeleted", "whenScaled"):
        if not retention.get(event):
            retention[event] = "Retain"
    if spec.get("revisionHistoryLimit") is None:
        spec["revisionHistoryLimit"] = 10


def _prepare_create(stateful_set: Body) -> None:
    stateful_set["status"] = {"replicas": 0, "availableReplicas": 0}
    _drop_disabled(stateful_set["spec"])


def _prepare_update(stateful_set: Body, old: Body) -> None:
    _drop_disabled(stateful_set["spec"])


def _drop_disabled(spec: Body) -> None:
    """maxUnavailable sits behind MaxUnavailableStatefulSet, which is off by default."""
    (spec["updateStrategy"].get("rollingUpdate") or {}).pop("maxUnavailable", None)


def _validate_strategy(spec: Body, errors: list[FieldError]) -> None:
    policy = spec["podManagementPolicy"]
    if policy not in ("OrderedReady", "Parallel"):
        errors.append(invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'"))
    strategy = spec["updateStrategy"]
    path, rolling = "spec.updateStrategy.rollingUpdate", strategy.get("rollingUpdate")
    if strategy["type"] == "OnDelete":
        if rolling is not None:
            errors.append(invalid(path, rolling, "only allowed for updateStrategy 'RollingUpdate'"))
    elif strategy["type"] != "RollingUpdate":
        errors.append(invalid("spec.updateStrategy", strategy, "must be 'RollingUpdate' or 'OnDelete'"))
    elif rolling is not None:
        non_negative(f"{path}.partition", rolling["partition"], errors)
    retention = spec["persistentVolumeClaimRetentionPolicy"]
    for event in ("whenDeleted", "whenScaled"):
        if retention[event] not in ("Retain", "Delete"):
            where = f"spec.persistentVolumeClaimRetentionPolicy.{event}"
            errors.append(invalid(where, retention[event], "must be 'Retain' or 'Delete'"))


def _with_claimed_volumes(spec: Body) -> Body:
    """The spec as its pods will have it: claims as volumes, host name and subdomain left to the controller."""
    pod = {k: v for k, v in spec["template"]["spec"].items() if k not in ("hostname", "subdomain")}
    claims = [claim["metadata"].get("name", "") for claim in spec.get("volumeClaimTemplates") or ()]
    if claims:
        pod["volumes"] = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claims] + [
            volume for volume in pod.get("volumes") or () if volume.get("name") not in claims
        ]
    return {**spec, "template": {**spec["template"], "spec": pod}}


def _validate(stateful_set: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    spec = stateful_set["spec"]
    _validate_strategy(spec, errors)
    for index, claim in enumerate(spec.get("volumeClaimTemplates") or ()):
        validate_claim(claim["spec"], f"spec.volumeClaimTemplates[{index}].spec", errors)
    non_negative("spec.ordinals.start", (spec.get("ordinals") or {}).get("start"), errors)
    service = spec.get("serviceName")
    if service:
        errors.extend(invalid("spec.serviceName", service, problem) for problem in dns_label(service))
    validate_workload(_with_claimed_volumes(spec), errors, "statefulset", "StatefulSet")
    return errors


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    fields = {*new["spec"], *old["spec"]} - set(_MUTABLE)
    if any(new["spec"].get(field) != old["spec"].get(field) for field in fields):
        return [forbidden("spec", _IMMUTABLE)]
    return []


def _ready(stateful_set: Body, _: float) -> Cell:
    return f"{lookup(stateful_set, 'status.readyReplicas') or 0}/{lookup(stateful_set, 'spec.replicas') or 0}"


KIND = Kind(
    group="apps",
    version="v1",
    kind="StatefulSet",
    plural="statefulsets",
    short_names=("sts",),
    categories=("all",),
    subresources=(SCALE, STATUS),
    columns=(
        NAME,
        Column("Ready", _ready, description="Number of the pod with ready state"),
        AGE,
        *container_columns("spec.template.spec"),
    ),
    name_rule="label",
    defaults=_defaults,
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
    warnings=template_warnings,
    validate=_validate,
    validate_update=_validate_update,
)
