"""What a simulated node says of itself: its Node object, conditions and Lease."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kfast.clock import rfc3339, rfc3339_micro
from kfast.config import KUBERNETES_VERSION
from kfast.errors import KfastError

Body = dict[str, Any]

LEASE_NAMESPACE = "kube-node-lease"
LEASE_SECONDS = 40
MAX_NODES = 32_768
"""As many /24 networks as 10.128.0.0/9 holds."""

_PRESSURES = (
    ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
)


def pod_network(index: int, total: int) -> str:
    """The first three octets of node `index`'s /24: in 10.244.0.0/16 up to 256 nodes, else in 10.128.0.0/9.
    Raises KfastError beyond MAX_NODES."""
    if total > MAX_NODES:
        raise KfastError(f"{total} simulated nodes: at most {MAX_NODES} have pod networks")
    high, low = divmod(index, 256)
    return f"10.244.{low}" if total <= 256 else f"10.{128 + high}.{low}"


def host_ip(index: int) -> str:
    """The node's own address, in 172.16.0.0/12."""
    high, rest = divmod(index + 2, 65_536)
    return f"172.{18 + high}.{rest // 256}.{rest % 256}"


def node_object(name: str, index: int, total: int, labels: Mapping[str, str]) -> Body:
    """The Node to create, without its status."""
    network = f"{pod_network(index, total)}.0/24"
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "beta.kubernetes.io/os": "linux",
                "beta.kubernetes.io/arch": "amd64",
                **labels,
            },
            "annotations": {"node.alpha.kubernetes.io/ttl": "0"},
        },
        "spec": {"podCIDR": network, "podCIDRs": [network], "providerID": f"kfast://{name}"},
    }


def node_status(name: str, index: int, capacity: Mapping[str, str], now: float) -> Body:
    """The status a kubelet reports when it registers."""
    return {
        "capacity": dict(capacity),
        "allocatable": dict(capacity),
        "conditions": node_conditions(now, since=now),
        "addresses": [{"type": "InternalIP", "address": host_ip(index)}, {"type": "Hostname", "address": name}],
        "nodeInfo": {
            "architecture": "amd64",
            "bootID": f"{index:08x}-0000-4000-8000-000000000000",
            "containerRuntimeVersion": "simulated://1.0.0",
            "kernelVersion": "6.1.0",
            "kubeProxyVersion": "",
            "kubeletVersion": KUBERNETES_VERSION,
            "machineID": f"{index:032x}",
            "operatingSystem": "linux",
            "osImage": "kfast simulated node",
            "systemUUID": f"{index:08x}-0000-4000-8000-000000000001",
        },
    }


def node_conditions(now: float, since: float | None = None) -> list[Body]:
    """Healthy conditions with a heartbeat of `now`; with `since`, also when they became so."""
    all_of_them = [(kind, "False", reason, message) for kind, reason, message in _PRESSURES]
    all_of_them.append(("Ready", "True", "KubeletReady", "kubelet is posting ready status"))
    stamp = {"lastTransitionTime": rfc3339(since)} if since is not None else {}
    return [
        {"type": kind, "status": status, "reason": reason, "message": message, "lastHeartbeatTime": rfc3339(now)}
        | stamp
        for kind, status, reason, message in all_of_them
    ]


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
