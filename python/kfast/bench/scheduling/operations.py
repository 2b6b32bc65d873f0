"""The operations a workload is made of. Field names are those of the files, in snake case."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Mode = Literal["core", "cluster", "https"]
"""The core alone, a cluster in this process, or processes that talk HTTPS."""

NAMELESS = "namespace-{index}"
"""Where pods go without a namespace: the number is the operation's place in the workload, from 0."""


@dataclass(slots=True)
class LabelNodes:
    """Labels nodes with the values in turn."""

    label_key: str
    label_values: list[str]


@dataclass(slots=True)
class UniqueLabel:
    """Labels each node with a value of its own."""

    label_key: str


@dataclass(slots=True)
class AttachLimits:
    """Adds to the nodes' allocatable, and to their CSINodes volume limits by driver."""

    node_allocatable: dict[str, str] = field(default_factory=dict)
    csi_node_allocatable: dict[str, dict[str, int]] = field(default_factory=dict)
    migrated_plugins: list[str] = field(default_factory=list)


@dataclass(slots=True)
class CreateNodes:
    """Creates nodes, from 4 cpu, 32Gi and 110 pods without a template."""

    count: int
    node_template_path: str = ""
    label_node_prepare_strategy: LabelNodes | None = None
    unique_node_label_strategy: UniqueLabel | None = None
    node_allocatable_strategy: AttachLimits | None = None


@dataclass(slots=True)
class CreateNamespaces:
    """Creates the namespaces `prefix`-0 and up."""

    prefix: str
    count: int
    namespace_template_path: str = ""


@dataclass(slots=True)
class CreatePods:
    """Creates pods and waits until all are bound, unless told to skip that. In a steady state, for `duration` seconds:
    whenever all are bound they are deleted and made again."""

    count: int
    namespace: str = ""
    pod_template_path: str = ""
    collect_metrics: bool = False
    skip_wait_to_completion: bool = False
    steady_state: bool = False
    duration: float = 0.0
    persistent_volume_template_path: str = ""
    persistent_volume_claim_template_path: str = ""

    def __post_init__(self) -> None:
        if self.skip_wait_to_completion and (self.collect_metrics or self.steady_state):
            raise ValueError("skipWaitToCompletion does not go with collectMetrics or steadyState")
        if self.steady_state and self.duration <= 0:
            raise ValueError("a steady state needs a duration")


@dataclass(slots=True)
class CreatePodSets:
    """The same createPods in each of the namespaces `namespace_prefix`-0 and up."""

    count: int
    namespace_prefix: str
    create_pods_op: CreatePods


@dataclass(slots=True)
class DeletePods:
    """Deletes the pods of a namespace, so many a second, or at once with 0."""

    namespace: str
    label_selector: dict[str, str] = field(default_factory=dict)
    delete_pods_per_second: int = 0
    skip_wait_to_completion: bool = False


@dataclass(slots=True)
class Churn:
    """Until the workload's end: creates the templates' objects at every interval (`number` times, 0: always), or
    creates and deletes `number` of each in turn (`recreate`)."""

    mode: Literal["create", "recreate"]
    template_paths: list[str]
    number: int = 0
    interval_milliseconds: int = 500
    namespace: str = ""

    def __post_init__(self) -> None:
        if self.mode not in ("create", "recreate"):
            raise ValueError(f"mode {self.mode!r} is neither create nor recreate")
        if self.number < 0 or (self.mode == "recreate" and self.number == 0):
            raise ValueError(f"number {self.number} does not do for {self.mode}")
        if not self.template_paths:
            raise ValueError("templatePaths is empty")


@dataclass(slots=True)
class Barrier:
    """Waits until the pods left behind with skipWaitToCompletion are bound, or at least were tried."""

    namespaces: list[str] = field(default_factory=list)
    label_selector: dict[str, str] = field(default_factory=dict)
    stage_requirement: Literal["Scheduled", "Attempted"] = "Scheduled"

    def __post_init__(self) -> None:
        if self.stage_requirement not in ("Scheduled", "Attempted"):
            raise ValueError(f"stageRequirement {self.stage_requirement!r} is neither Scheduled nor Attempted")


@dataclass(slots=True)
class Sleep:
    """Waits `duration` seconds."""

    duration: float


@dataclass(slots=True)
class StartCollectingMetrics:
    """Begins to measure the pods of the namespaces that have the labels."""

    namespaces: list[str]
    name: str = ""
    label_selector: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class StopCollectingMetrics:
    """Ends the measurement."""


@dataclass(slots=True)
class CreateAny:
    """Creates objects of any kind."""

    template_path: str
    count: int = 1
    namespace: str = ""


@dataclass(slots=True)
class UpdateAny:
    """Replaces objects of any kind, so many a second, or at once with 0."""

    template_path: str
    count: int = 1
    namespace: str = ""
    update_per_second: int = 0
    subresources: list[str] = field(default_factory=list)


Operation = (
    CreateNodes
    | CreateNamespaces
    | CreatePods
    | CreatePodSets
    | DeletePods
    | Churn
    | Barrier
    | Sleep
    | StartCollectingMetrics
    | StopCollectingMetrics
    | CreateAny
    | UpdateAny
)

OPCODES: dict[str, type[Operation]] = {
    "createNodes": CreateNodes,
    "createNamespaces": CreateNamespaces,
    "createPods": CreatePods,
    "createPodSets": CreatePodSets,
    "deletePods": DeletePods,
    "churn": Churn,
    "barrier": Barrier,
    "sleep": Sleep,
    "startCollectingMetrics": StartCollectingMetrics,
    "stopCollectingMetrics": StopCollectingMetrics,
    "createAny": CreateAny,
    "updateAny": UpdateAny,
}
