"""What a node tells in figures: `/stats/summary`, `/metrics`, `/metrics/resource`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from kfast.clock import parse_time, rfc3339
from kfast.node.runtime import Usage
from kfast.runtime import Object

if TYPE_CHECKING:
    from kfast.node.server.server import Host


def summary(node: str, host: Host, now: float) -> dict[str, Any]:
    """The kubelet's Summary: usage of the node, its pods and their containers."""
    used = [(pod, host.runtime.usage(pod, now)) for pod in host.pods(node)]
    total = _total(one for _, usage in used for one in usage.values())
    pods = [_pod(pod, usage, now) for pod, usage in used if usage]
    return {"node": {"nodeName": node, **_shown(total, now)}, "pods": pods}


def metrics(node: str, host: Host) -> str:
    """The kubelet's own metrics."""
    running = [pod for pod in host.pods(node) if pod.get("status", "phase") == "Running"]
    containers = sum(len(pod.get("status", "containerStatuses", default=()) or ()) for pod in running)
    return (
        "# HELP kubelet_node_name The node's name. The count is always 1.\n"
        "# TYPE kubelet_node_name gauge\n"
        f'kubelet_node_name{{node="{node}"}} 1\n'
        "# HELP kubelet_running_containers Number of containers currently running\n"
        "# TYPE kubelet_running_containers gauge\n"
        f'kubelet_running_containers{{container_state="running"}} {containers}\n'
        "# HELP kubelet_running_pods Number of pods that have a running pod sandbox\n"
        "# TYPE kubelet_running_pods gauge\n"
        f"kubelet_running_pods {len(running)}\n"
    )


def resource_metrics(node: str, host: Host, now: float) -> str:
    """Usage of the node, pods and containers, as the metrics server reads it."""
    rows: dict[str, list[str]] = {name: [] for name in _RESOURCE_METRICS}
    total = Usage(0.0, 0.0, 0.0)
    for pod in host.pods(node):
        usage = host.runtime.usage(pod, now)
        if not usage:
            continue
        place = f'namespace="{pod.namespace}",pod="{pod.name}"'
        for container, one in usage.items():
            label = f'{{container="{container}",{place}}}'
            rows["container_cpu_usage_seconds_total"].append(f"{label} {one.cpu_seconds:.9g}")
            rows["container_memory_working_set_bytes"].append(f"{label} {one.memory:.9g}")
            started = _started(pod, container)
            if started:
                rows["container_start_time_seconds"].append(f"{label} {started:.9g}")
        sum_of_pod = _total(usage.values())
        rows["pod_cpu_usage_seconds_total"].append(f"{{{place}}} {sum_of_pod.cpu_seconds:.9g}")
        rows["pod_memory_working_set_bytes"].append(f"{{{place}}} {sum_of_pod.memory:.9g}")
        total = _total((total, sum_of_pod))
    rows["node_cpu_usage_seconds_total"].append(f" {total.cpu_seconds:.9g}")
    rows["node_memory_working_set_bytes"].append(f" {total.memory:.9g}")
    rows["scrape_error"].append(" 0")
    lines = []
    for name, (kind, help_text) in _RESOURCE_METRICS.items():
        if rows[name]:
            lines += [f"# HELP {name} {help_text}", f"# TYPE {name} {kind}", *(f"{name}{row}" for row in rows[name])]
    return "\n".join([*lines, ""])


_RESOURCE_METRICS = {
    "container_cpu_usage_seconds_total": ("counter", "Cumulative cpu time consumed by the container in core-seconds"),
    "container_memory_working_set_bytes": ("gauge", "Current working set of the container in bytes"),
    "container_start_time_seconds": ("gauge", "Start time of the container since unix epoch in seconds"),
    "node_cpu_usage_seconds_total": ("counter", "Cumulative cpu time consumed by the node in core-seconds"),
    "node_memory_working_set_bytes": ("gauge", "Current working set of the node in bytes"),
    "pod_cpu_usage_seconds_total": ("counter", "Cumulative cpu time consumed by the pod in core-seconds"),
    "pod_memory_working_set_bytes": ("gauge", "Current working set of the pod in bytes"),
    "scrape_error": ("gauge", "1 if there was an error while getting container metrics, 0 otherwise"),
}


def _pod(pod: Object, usage: Mapping[str, Usage], now: float) -> dict[str, Any]:
    containers = [
        {"name": name, "startTime": rfc3339(_started(pod, name)), **_shown(one, now)} for name, one in usage.items()
    ]
    reference = {"name": pod.name, "namespace": pod.namespace, "uid": pod.uid}
    start = pod.get("status", "startTime", default="") or ""
    return {"podRef": reference, "startTime": start, "containers": containers, **_shown(_total(usage.values()), now)}


def _shown(usage: Usage, now: float) -> dict[str, Any]:
    stamp = rfc3339(now)
    return {
        "cpu": {
            "time": stamp,
            "usageNanoCores": round(usage.cpu * 1e9),
            "usageCoreNanoSeconds": round(usage.cpu_seconds * 1e9),
        },
        "memory": {
            "time": stamp,
            "usageBytes": round(usage.memory),
            "workingSetBytes": round(usage.memory),
            "rssBytes": round(usage.memory),
        },
    }


def _total(usages: Iterable[Usage]) -> Usage:
    cpu = seconds = memory = 0.0
    for usage in usages:
        cpu, seconds, memory = cpu + usage.cpu, seconds + usage.cpu_seconds, memory + usage.memory
    return Usage(cpu, seconds, memory)


def _started(pod: Object, container: str) -> float:
    for status in pod.get("status", "containerStatuses", default=()) or ():
        if status["name"] == container and "running" in (status.get("state") or {}):
            return parse_time(status["state"]["running"]["startedAt"])
    return 0.0
