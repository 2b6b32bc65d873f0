"""Node."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, NONE, UNKNOWN, condition, lookup, text
from kfast.api.core.node_validation import node_warnings, validate_node, validate_node_update
from kfast.api.kind import PROXY_VERBS, Body, Cell, Column, Kind, SelectableField, Subresource
from kfast.api.resource_lists import canonical_quantities

_ROLE_PREFIX = "node-role.kubernetes.io/"


def _defaults(node: Body) -> None:
    spec = node.setdefault("spec", {})
    if spec.get("podCIDRs") and not spec.get("podCIDR"):
        spec["podCIDR"] = spec["podCIDRs"][0]
    elif spec.get("podCIDR") and (spec.get("podCIDRs") or [""])[0] != spec["podCIDR"]:
        spec["podCIDRs"] = [spec["podCIDR"]]
    status = node.setdefault("status", {})
    canonical_quantities(status.get("capacity"))
    if status.get("allocatable") is None and status.get("capacity") is not None:
        status["allocatable"] = dict(status["capacity"])
    canonical_quantities(status.get("allocatable"))


def _drop_config(node: Body) -> None:
    """Configuration from ConfigMaps is a thing of the past."""
    node["spec"].pop("configSource", None)
    node["status"].pop("config", None)


def _keep_config_out(node: Body, _: Body) -> None:
    node["spec"].pop("configSource", None)


def _keep_status_config_out(node: Body, _: Body, _now: float) -> None:
    (node.get("status") or {}).pop("config", None)


def _status(node: Body, _: float) -> Cell:
    ready = condition(node, "Ready")
    words = ["Unknown" if ready is None else "Ready" if ready.get("status") == "True" else "NotReady"]
    if lookup(node, "spec.unschedulable"):
        words.append("SchedulingDisabled")
    return ",".join(words)


def _roles(node: Body, _: float) -> Cell:
    roles = set()
    for key, value in (node["metadata"].get("labels") or {}).items():
        if key.startswith(_ROLE_PREFIX):
            roles.add(key[len(_ROLE_PREFIX) :])
        elif key == "kubernetes.io/role":
            roles.add(value)
    return ",".join(sorted(roles - {""})) or NONE


def _address(kind: str) -> Column:
    def value(node: Body, _: float) -> Cell:
        for address in lookup(node, "status.addresses") or ():
            if address.get("type") == kind:
                return str(address.get("address") or "")
        return NONE

    return Column(kind.replace("IP", "-IP"), value, priority=1)


def _kernel(node: Body, _: float) -> Cell:
    info = lookup(node, "status.nodeInfo") or {}
    version = info.get("kernelVersion") or UNKNOWN
    return f"{version} ({info['architecture']})" if info.get("architecture") else version


_STATUS = Subresource("status", defaults=_defaults, prepare=_keep_status_config_out, validate=validate_node_update)

KIND = Kind(
    group="",
    version="v1",
    kind="Node",
    plural="nodes",
    namespaced=False,
    short_names=("no",),
    subresources=(
        Subresource("status", defaults=_defaults, prepare=_keep_status_config_out, validate=validate_node_update),
        Subresource("proxy", PROXY_VERBS, kind="NodeProxyOptions"),
    ),
    columns=(
        NAME,
        Column("Status", _status, description="The status of the node"),
        Column("Roles", _roles, description="The roles of the node"),
        AGE,
        Column("Version", text("status.nodeInfo.kubeletVersion")),
        _address("InternalIP"),
        _address("ExternalIP"),
        Column("OS-Image", text("status.nodeInfo.osImage", UNKNOWN), priority=1),
        Column("Kernel-Version", _kernel, priority=1),
        Column("Container-Runtime", text("status.nodeInfo.containerRuntimeVersion", UNKNOWN), priority=1),
    ),
    fields=(SelectableField("spec.unschedulable", "spec.unschedulable", "false"),),
    has_generation=False,
    keeps_status_on_create=True,
    defaults=_defaults,
    prepare_create=_drop_config,
    prepare_update=_keep_config_out,
    warnings=node_warnings,
    validate=validate_node,
    metadata_on_update=("create", "update"),
    validate_update=validate_node_update,
)
