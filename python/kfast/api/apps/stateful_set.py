"""StatefulSet."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, container_columns, lookup
from kfast.api.core.volume_claim_validation import claim_warnings, validate_claim
from kfast.api.field_errors import forbidden, invalid, non_negative, not_supported
from kfast.api.internal_form import internal
from kfast.api.kind import SCALE, Body, Cell, Column, FieldError, Kind, Subresource
from kfast.api.label_selectors import is_well_formed
from kfast.api.name_checks import check, dns_label
from kfast.api.pod_template import (
    at_most_all,
    changed_template_warnings,
    default_claim_spec,
    default_template,
    int_or_percent,
    must_match,
    refuse_deadline,
    require_selector,
    template_errors,
    template_warnings,
    validate_int_or_percent,
)
from kfast.api.status_counts import collisions, counts, within
from kfast.meta.validation import validate_annotations, validate_labels

_COUNTS = (
    "replicas",
    "readyReplicas",
    "currentReplicas",
    "updatedReplicas",
    "availableReplicas",
    "observedGeneration",
    "collisionCount",
)
_RETENTIONS = ("Retain", "Delete")
_ENDLESS_HISTORY = (
    "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended"
)

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
        claim["apiVersion"], claim["kind"] = "v1", "PersistentVolumeClaim"
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
            shown = internal("apps.RollingUpdateStatefulSetStrategy", rolling)
            errors.append(invalid(path, shown, "only allowed for updateStrategy 'RollingUpdate'"))
    elif strategy["type"] != "RollingUpdate":
        shown = internal("apps.StatefulSetUpdateStrategy", strategy)
        errors.append(invalid("spec.updateStrategy", shown, "must be 'RollingUpdate' or 'OnDelete'"))
    elif rolling is not None:
        _validate_rolling(rolling, path, errors)
    retention = spec["persistentVolumeClaimRetentionPolicy"]
    for event in ("whenDeleted", "whenScaled"):
        if retention[event] not in _RETENTIONS:
            where = f"spec.persistentVolumeClaimRetentionPolicy.{event}"
            errors.append(not_supported(where, retention[event], _RETENTIONS))


def _validate_rolling(rolling: Body, path: str, errors: list[FieldError]) -> None:
    non_negative(f"{path}.partition", rolling["partition"], errors)
    most = rolling.get("maxUnavailable")
    if most is not None:
        path = f"{path}.maxUnavailable"
        validate_int_or_percent(most, path, errors)
        if int_or_percent(most) == 0:
            errors.append(invalid(path, most, "cannot be 0"))
        at_most_all(most, path, errors)


def _with_claimed_volumes(spec: Body) -> Body:
    """The template as its pods will have it: claims as volumes, host name and subdomain left to the controller."""
    pod = {k: v for k, v in spec["template"]["spec"].items() if k not in ("hostname", "subdomain")}
    claims = {claim["metadata"].get("name", ""): None for claim in spec.get("volumeClaimTemplates") or ()}
    if claims:
        pod["volumes"] = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claims] + [
            volume for volume in pod.get("volumes") or () if volume.get("name") not in claims
        ]
    return {**spec["template"], "spec": pod}


def _validate_template(spec: Body, errors: list[FieldError]) -> None:
    selector, template = spec.get("selector"), spec["template"]
    metadata = template["metadata"]
    if not is_well_formed(selector):
        errors.append(invalid("spec.selector", internal("m.LabelSelector", selector), ""))
    else:
        must_match(selector, metadata.get("labels"), errors)
        errors += template_errors(_with_claimed_volumes(spec), "spec.template")
        for violations in (
            validate_labels(metadata.get("labels") or {}, "spec.template.labels"),
            validate_annotations(metadata.get("annotations") or {}, "spec.template.annotations"),
        ):
            errors += [FieldError(*violation) for violation in violations]
    policy = template["spec"]["restartPolicy"]
    if policy != "Always":
        errors.append(not_supported("spec.template.spec.restartPolicy", policy, ("Always",)))
    refuse_deadline(template, errors, "StatefulSet")


def _validate_spec(spec: Body, new: bool) -> list[FieldError]:
    """The rules of a spec; what can never change is not looked at again unless `new`."""
    errors: list[FieldError] = []
    _validate_strategy(spec, errors)
    for index, claim in enumerate((new and spec.get("volumeClaimTemplates")) or ()):
        validate_claim(claim["spec"], f"spec.volumeClaimTemplates[{index}].spec", errors)
    non_negative("spec.replicas", spec.get("replicas"), errors)
    non_negative("spec.minReadySeconds", spec.get("minReadySeconds"), errors)
    non_negative("spec.ordinals.start", (spec.get("ordinals") or {}).get("start"), errors)
    if new and spec.get("serviceName"):
        check(dns_label, spec["serviceName"], "spec.serviceName", errors)
    require_selector(spec, errors, "statefulset")
    _validate_template(spec, errors)
    return errors


def _validate(stateful_set: Body) -> list[FieldError]:
    return _validate_spec(stateful_set["spec"], new=True)


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    errors = _validate_spec(new["spec"], new=False)
    fields = {*new["spec"], *old["spec"]} - set(_MUTABLE)
    if any(new["spec"].get(field) != old["spec"].get(field) for field in fields):
        errors.append(forbidden("spec", _IMMUTABLE))
    return errors


def _validate_status(new: Body, old: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    status = new.get("status") or {}
    counts(status, _COUNTS, errors)
    within(status, _COUNTS[1:5], "replicas", errors, "status.replicas")
    within(status, ("availableReplicas",), "readyReplicas", errors, "status.readyReplicas")
    collisions(new, old, errors)
    return errors


def _other_warnings(spec: Body, inside: str) -> list[str]:
    warnings: list[str] = []
    for index, claim in enumerate(spec.get("volumeClaimTemplates") or ()):
        warnings += claim_warnings(claim["spec"], f"spec.volumeClaimTemplates[{index}]{inside}")
    if spec["revisionHistoryLimit"] < 0:
        warnings.append(_ENDLESS_HISTORY)
    return warnings


def _warnings(stateful_set: Body) -> list[str]:
    return template_warnings(stateful_set) + _other_warnings(stateful_set["spec"], "")


def _update_warnings(new: Body, old: Body) -> list[str]:
    return changed_template_warnings(new, old) + _other_warnings(new["spec"], ".Spec")


def _ready(stateful_set: Body, _: float) -> Cell:
    return f"{lookup(stateful_set, 'status.readyReplicas') or 0}/{lookup(stateful_set, 'spec.replicas') or 0}"


KIND = Kind(
    group="apps",
    version="v1",
    kind="StatefulSet",
    plural="statefulsets",
    short_names=("sts",),
    categories=("all",),
    subresources=(SCALE, Subresource("status", validate=_validate_status)),
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
    warnings=_warnings,
    update_warnings=_update_warnings,
    validate=_validate,
    validates_on_update=False,
    validate_update=_validate_update,
)
