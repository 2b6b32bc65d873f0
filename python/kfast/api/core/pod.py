"""Pod."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME
from kfast.api.core.pod_columns import COLUMNS
from kfast.api.kind import (
    STATUS,
    Body,
    DeleteDefaults,
    FieldError,
    Kind,
    SelectableField,
    Subresource,
)
from kfast.api.pod_qos import qos_class
from kfast.api.pod_spec import default_host_ports, default_pod_spec, default_requests
from kfast.api.pod_update import validate_pod_update
from kfast.api.pod_validation import validate_pod_spec
from kfast.api.pod_warnings import pod_warnings


def _defaults(pod: Body) -> None:
    spec = pod.setdefault("spec", {})
    default_pod_spec(spec)
    default_requests(spec)
    if spec.get("enableServiceLinks") is None:
        spec["enableServiceLinks"] = True
    if spec.get("hostNetwork"):
        default_host_ports(spec)
    if spec["terminationGracePeriodSeconds"] < 0:
        spec["terminationGracePeriodSeconds"] = 1
    status = pod.get("status")
    if status and status.get("podIP"):
        addresses = status.get("podIPs")
        if not addresses or addresses[0].get("ip") != status["podIP"]:
            status["podIPs"] = [{"ip": status["podIP"]}]


def _prepare_create(pod: Body) -> None:
    spec = pod["spec"]
    status: Body = {"phase": "Pending", "qosClass": qos_class(spec)}
    if spec.get("schedulingGates"):
        status["conditions"] = [
            {
                "type": "PodScheduled",
                "status": "False",
                "reason": "SchedulingGated",
                "message": "Scheduling is blocked due to non-empty scheduling gates",
            }
        ]
    pod["status"] = status


def _validate(pod: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    validate_pod_spec(pod["spec"], "spec", errors)
    return errors


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
        STATUS,
        Subresource("binding", ("create",), kind="Binding"),
        Subresource("ephemeralcontainers"),
        Subresource("eviction", ("create",), kind="Eviction", group_version="policy/v1"),
        Subresource("resize"),
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
    warnings=pod_warnings,
    validate=_validate,
    validates_metadata=False,
    validate_update=validate_pod_update,
)
