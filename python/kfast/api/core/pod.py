"""Pod."""

from __future__ import annotations

from kfast._core import PodRules, Tree
from kfast.api.columns import AGE, NAME
from kfast.api.core.pod_columns import COLUMNS
from kfast.api.kind import Body, DeleteDefaults, FieldError, Kind, SelectableField, Subresource
from kfast.api.pod_template import replace
from kfast.api.schema import load_schema


def _tree(pod: Body) -> Tree:
    return load_schema().tree("v1/Pod", pod)


def _errors(violations: list[tuple[str, str, str]]) -> list[FieldError]:
    return [FieldError(*violation) for violation in violations]


def _defaults(pod: Body) -> None:
    tree = _tree(pod)
    PodRules.defaults(tree)
    replace(pod, tree.to_dict())


def _prepare_create(pod: Body) -> None:
    tree = _tree(pod)
    PodRules.prepare_create(tree)
    replace(pod, tree.to_dict())


def _prepare_update(new: Body, old: Body) -> None:
    tree = _tree(new)
    PodRules.prepare_update(tree, _tree(old))
    replace(new, tree.to_dict())


def _prepare_status(new: Body, old: Body, _: float) -> None:
    tree = _tree(new)
    PodRules.prepare_status(tree, _tree(old))
    replace(new, tree.to_dict())


def _warnings(pod: Body) -> list[str]:
    return PodRules.warnings(_tree(pod))


def _validate(pod: Body) -> list[FieldError]:
    return _errors(PodRules.validate_create(_tree(pod)))


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    return _errors(PodRules.validate_update(_tree(new), _tree(old)))


def _validate_status(new: Body, old: Body) -> list[FieldError]:
    return _errors(PodRules.validate_status(_tree(new), _tree(old)))


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
    prepare_bodies=PodRules.prepare,
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
    warnings=_warnings,
    validate=_validate,
    validates_metadata=False,
    validate_update=_validate_update,
)
