"""Pod."""

from __future__ import annotations

from kfast._core import PodRules, Tree
from kfast.api.columns import AGE, NAME
from kfast.api.core.pod_columns import COLUMNS
from kfast.api.kind import PROXY_VERBS, Body, DeleteDefaults, FieldError, Kind, SelectableField, Subresource
from kfast.api.pod_template import replace
from kfast.api.schema import load_schema

_SPEC_SEEN = ("nodeName", "os", "resourceClaims", "restartPolicy")
_CONTAINER_SEEN = ("name", "resources", "restartPolicy", "restartPolicyRules")


def _tree(pod: Body) -> Tree:
    return load_schema().tree("v1/Pod", pod)


def _errors(violations: list[tuple[str, str, str]]) -> list[FieldError]:
    return [FieldError(*violation) for violation in violations]


def _defaults(pod: Body) -> None:
    tree = _tree(pod)
    PodRules.defaults(tree)
    replace(pod, tree.to_dict())


def _prepare_create(pod: Body) -> list[str]:
    tree = _tree(pod)
    warnings = PodRules.prepare_create(tree)
    replace(pod, tree.to_dict())
    return warnings


def _prepare_status(new: Body, old: Body, _: float) -> None:
    if new.get("status") is not None:
        tree = _tree({"status": new["status"]})
        PodRules.prepare_status(tree, _tree({"status": old.get("status")}))
        new["status"] = tree.get("status")


def _status_view(pod: Body) -> Tree:
    """The part of a pod that the rules of its status look at."""
    spec = pod.get("spec") or {}
    seen = {key: spec[key] for key in _SPEC_SEEN if key in spec}
    for group in ("containers", "initContainers", "ephemeralContainers"):
        seen[group] = [
            {key: container[key] for key in _CONTAINER_SEEN if key in container} for container in spec.get(group) or ()
        ]
    annotations = (pod.get("metadata") or {}).get("annotations")
    return _tree({"metadata": {"annotations": annotations}, "spec": seen, "status": pod.get("status")})


def _warnings(pod: Body) -> list[str]:
    return PodRules.warnings(_tree(pod))


def _validate(pod: Body) -> list[FieldError]:
    return _errors(PodRules.validate_create(_tree(pod)))


def _ruled(metadata: Body) -> Body:
    """The annotations that the rules of pods may be about."""
    return {key: value for key, value in (metadata.get("annotations") or {}).items() if "kubernetes.io/" in key}


def _metadata_apart(new: Body, old: Body) -> bool:
    return _ruled(new) == _ruled(old)


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    if new.get("spec") == old.get("spec") and _metadata_apart(new["metadata"], old["metadata"]):
        return []
    return _errors(PodRules.validate_update(_tree(new), _tree(old)))


def _validate_status(new: Body, old: Body) -> list[FieldError]:
    return _errors(PodRules.validate_status(_status_view(new), _status_view(old)))


def _validate_ephemeral(new: Body, old: Body) -> list[FieldError]:
    return _errors(PodRules.validate_ephemeral(_tree(new), _tree(old)))


def _validate_resize(new: Body, old: Body) -> list[FieldError]:
    return _errors(PodRules.validate_resize(_tree(new), _tree(old)))


def grace_seconds(pod: Body, requested: int | None) -> int:
    """How long a deleted pod may take (upstream: podStrategy.CheckGracefulDelete)."""
    spec = pod.get("spec") or {}
    if not spec.get("nodeName") or (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded"):
        return 0
    period = requested if requested is not None else spec.get("terminationGracePeriodSeconds") or 0
    return 1 if period < 0 else period


KIND = Kind(
    group="",
    version="v1",
    kind="Pod",
    plural="pods",
    short_names=("po",),
    categories=("all",),
    subresources=(
        Subresource("status", prepare=_prepare_status, validate=_validate_status),
        Subresource("binding", ("create",), kind="Binding"),
        Subresource("ephemeralcontainers", validate=_validate_ephemeral),
        Subresource("eviction", ("create",), kind="Eviction", group_version="policy/v1"),
        Subresource("resize", validate=_validate_resize),
        Subresource("log", ("get",)),
        Subresource("exec", ("create", "get"), kind="PodExecOptions"),
        Subresource("attach", ("create", "get"), kind="PodAttachOptions"),
        Subresource("portforward", ("create", "get"), kind="PodPortForwardOptions"),
        Subresource("proxy", PROXY_VERBS, kind="PodProxyOptions"),
    ),
    columns=(NAME, *COLUMNS[:3], AGE, *COLUMNS[3:]),
    fields=(
        SelectableField("spec.nodeName", "spec.nodeName"),
        SelectableField("spec.restartPolicy", "spec.restartPolicy"),
        SelectableField("spec.schedulerName", "spec.schedulerName"),
        SelectableField("spec.serviceAccountName", "spec.serviceAccountName"),
        SelectableField("spec.hostNetwork", "spec.hostNetwork", "false"),
        SelectableField("status.phase", "status.phase"),
        SelectableField("status.podIP", "status.podIP"),
        SelectableField("status.podIPs", "status.podIP"),
        SelectableField("status.nominatedNodeName", "status.nominatedNodeName"),
    ),
    delete=DeleteDefaults(grace_seconds=grace_seconds),
    defaults=_defaults,
    prepare_create=_prepare_create,
    warnings=_warnings,
    validate=_validate,
    validates_metadata=False,
    validates_on_update=False,
    metadata_apart=_metadata_apart,
    validate_update=_validate_update,
)
