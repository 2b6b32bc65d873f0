"""The objects that operations create: nodes with their labels and limits, volumes for pods, and pods in batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kfast.bench.scheduling import templates
from kfast.bench.scheduling.operations import CreateNodes, CreatePods
from kfast.bench.scheduling.templates import Template

Json = dict[str, Any]

_CAPACITY = {"pods": "110", "cpu": "4", "memory": "32Gi"}
_POD = """
kind: Pod
metadata: {generateName: pod-}
spec:
  containers:
  - name: pause
    image: registry.k8s.io/pause:3.10.2
    ports: [{containerPort: 80}]
    resources: {limits: {cpu: 100m, memory: 500Mi}, requests: {cpu: 100m, memory: 500Mi}}
"""


@dataclass(slots=True)
class Batch:
    """Pods made by one operation."""

    namespace: str
    template: Template
    count: int
    labels: dict[str, str]
    """Labels all of them have."""
    volume: tuple[Template, Template] | None = None
    """Templates of a volume and a claim that each pod gets for itself."""
    counted: bool = False
    handle: Any = None
    """What the target knows them by."""
    names: dict[str, int] = field(default_factory=dict)
    """Numbers of the pods whose template names them."""

    def matches(self, namespaces: list[str], selector: dict[str, str]) -> bool:
        """Whether its pods are in one of the namespaces (none: all) and have the labels."""
        return (not namespaces or self.namespace in namespaces) and selector.items() <= self.labels.items()

    def pod(self, index: int) -> Json:
        """The pod at an index, without its own name if the template has none."""
        pod = self.template.make(index, self.count)
        pod.setdefault("apiVersion", "v1")
        pod["metadata"]["namespace"] = self.namespace
        if self.volume is not None:
            claim = {"claimName": f"pvc-{index}"}
            pod["spec"]["volumes"] = [{"name": "vol", "persistentVolumeClaim": claim}]
        return pod

    def volume_objects(self, index: int) -> list[Json]:
        """The bound claim and volume of the pod at an index."""
        if self.volume is None:
            return []
        volume, claim = self.volume[0].make(index, self.count), self.volume[1].make(index, self.count)
        name, claim_name = f"{self.namespace}-vol-{index}", f"pvc-{index}"
        claim["metadata"] |= {"name": claim_name, "namespace": self.namespace}
        claim["spec"]["volumeName"] = name
        claim["status"] = {"phase": "Bound"}
        volume["metadata"]["name"] = name
        if "csi" in volume["spec"]:
            volume["spec"]["csi"]["volumeHandle"] = name
        if "awsElasticBlockStore" in volume["spec"]:
            volume["spec"]["awsElasticBlockStore"]["volumeID"] = f"vol-{index}"
        reference = {"kind": "PersistentVolumeClaim", "apiVersion": "v1"}
        volume["spec"]["claimRef"] = reference | {"namespace": self.namespace, "name": claim_name}
        volume["status"] = {"phase": "Bound"}
        return [claim, volume]


def batch(operation: CreatePods, namespace: str, directory: Path) -> Batch:
    """The pods an operation creates. Raises WorkloadError."""
    path = operation.pod_template_path
    template = templates.load(directory / path) if path else Template(_POD, "the default pod")
    volume = None
    if operation.persistent_volume_claim_template_path:
        volume = (
            templates.load(directory / operation.persistent_volume_template_path),
            templates.load(directory / operation.persistent_volume_claim_template_path),
        )
    count = operation.count
    first, last = (template.make(i, count)["metadata"].get("labels", {}) for i in (0, max(count - 1, 0)))
    return Batch(namespace, template, count, dict(first.items() & last.items()), volume)


def nodes(operation: CreateNodes, first: int, prefix: str, directory: Path) -> Iterator[Json]:
    """The nodes an operation creates, and their CSINodes; `first` numbers them. Raises WorkloadError."""
    path = operation.node_template_path
    template = templates.load(directory / path) if path else None
    for index in range(operation.count):
        node = template.make(index, operation.count) if template else _base_node(prefix)
        metadata, status = node["metadata"], node["status"]
        metadata.setdefault("name", f"{metadata.get('generateName', '')}{first + index:05}")
        metadata["labels"] = metadata.get("labels", {}) | {"kubernetes.io/hostname": metadata["name"]}
        status.setdefault("allocatable", dict(status["capacity"]))
        limits = operation.node_allocatable_strategy
        if limits is not None:
            status["allocatable"] |= limits.node_allocatable
            yield _csi_node(metadata["name"], limits.csi_node_allocatable, limits.migrated_plugins)
        elif operation.label_node_prepare_strategy is not None:
            values = operation.label_node_prepare_strategy.label_values
            metadata["labels"][operation.label_node_prepare_strategy.label_key] = values[index % len(values)]
        elif operation.unique_node_label_strategy is not None:
            metadata["labels"][operation.unique_node_label_strategy.label_key] = f"unique-{first + index}"
        yield node


def _base_node(prefix: str) -> Json:
    ready = [{"type": "Ready", "status": "True"}]
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"generateName": prefix},
        "status": {"capacity": dict(_CAPACITY), "conditions": ready},
    }


def _csi_node(name: str, allocatable: dict[str, dict[str, int]], migrated: list[str]) -> Json:
    drivers = [{"name": driver, "nodeID": name, "allocatable": limit} for driver, limit in allocatable.items()]
    annotations = {"storage.alpha.kubernetes.io/migrated-plugins": ",".join(migrated)}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "CSINode",
        "metadata": {"name": name, "annotations": annotations},
        "spec": {"drivers": drivers},
    }
