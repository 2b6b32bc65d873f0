"""What a node says of itself: its Node object, conditions and Lease."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kfast.clock import rfc3339, rfc3339_micro
from kfast.config import KUBERNETES_VERSION

Body = dict[str, Any]

LEASE_NAMESPACE = "kube-node-lease"
LEASE_SECONDS = 40

_PRESSURES = (
    ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSpec:
    """One node as its agent is told: `number` tells machines apart, `address` is its InternalIP."""

    name: str
    number: int
    address: str
    pod_cidr: str
    capacity: Mapping[str, str]
    labels: Mapping[str, str]
    os_image: str = "kfast simulated node"
    kubelet_port: int = 10250
    """Where the node's server listens."""
    hostname: str = ""
    """Of the address type Hostname; the name unless given."""


def node_object(node: NodeSpec, runtime_version: str, now: float) -> Body:
    """The Node to create, with its status."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": node.name,
            "labels": {
                "kubernetes.io/hostname": node.name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "beta.kubernetes.io/os": "linux",
                "beta.kubernetes.io/arch": "amd64",
                **node.labels,
            },
            "annotations": {"node.alpha.kubernetes.io/ttl": "0"},
        },
        "spec": {
            "podCIDR": node.pod_cidr,
            "podCIDRs": [node.pod_cidr],
            "providerID": f"kfast://{node.name}",
        },
        "status": node_status(node, runtime_version, (), now),
    }


def node_status(node: NodeSpec, runtime_version: str, present: Sequence[Mapping[str, Any]], now: float) -> Body:
    """The whole status; `present` are the conditions it has."""
    return {
        "capacity": dict(node.capacity),
        "allocatable": dict(node.capacity),
        "conditions": node_conditions(present, now),
        "addresses": [
            {"type": "InternalIP", "address": node.address},
            {"type": "Hostname", "address": node.hostname or node.name},
        ],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": node.kubelet_port}},
        "nodeInfo": {
            "architecture": "amd64",
            "bootID": f"{node.number:08x}-0000-4000-8000-000000000000",
            "containerRuntimeVersion": runtime_version,
            "kernelVersion": "6.1.0",
            "kubeProxyVersion": "",
            "kubeletVersion": KUBERNETES_VERSION,
            "machineID": f"{node.number:032x}",
            "operatingSystem": "linux",
            "osImage": node.os_image,
            "systemUUID": f"{node.number:08x}-0000-4000-8000-000000000001",
        },
    }


def node_conditions(present: Sequence[Mapping[str, Any]], now: float) -> list[Body]:
    """Healthy conditions with a heartbeat of `now`; a transition time moves only when the status does."""
    old = {c["type"]: c for c in present}
    healthy = [(kind, "False", reason, message) for kind, reason, message in _PRESSURES]
    healthy.append(("Ready", "True", "KubeletReady", "kubelet is posting ready status"))
    stamp = rfc3339(now)
    result = []
    for kind, status, reason, message in healthy:
        before = old.get(kind, {})
        since = before.get("lastTransitionTime") if before.get("status") == status else None
        result.append(
            {
                "type": kind,
                "status": status,
                "lastHeartbeatTime": stamp,
                "lastTransitionTime": since or stamp,
                "reason": reason,
                "message": message,
            }
        )
    return result


def lease_object(name: str, uid: str, now: float) -> Body:
    """The node's heartbeat Lease, owned by its Node."""
    owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": uid}
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "namespace": LEASE_NAMESPACE, "ownerReferences": [owner]},
        "spec": {
            "holderIdentity": name,
            "leaseDurationSeconds": LEASE_SECONDS,
            "renewTime": rfc3339_micro(now),
        },
    }
