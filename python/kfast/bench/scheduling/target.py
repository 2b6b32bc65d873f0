"""What a workload runs on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Protocol

from kfast.bench.scheduling.objects import Batch, Json
from kfast.bench.scheduling.throughput import Point

Stage = Literal["Scheduled", "Attempted"]


class WorkloadStuckError(RuntimeError):
    """Pods that a workload waits for have not been scheduled for ten minutes."""


class Target(Protocol):
    """A scheduler with a cluster around it. All methods may raise RuntimeError with the reason."""

    async def put(self, objects: Iterable[Json]) -> None:
        """Creates objects other than pods."""

    async def update(self, obj: Json, subresources: list[str]) -> None:
        """Replaces an object, and its status."""

    async def remove(self, obj: Json) -> None:
        """Deletes an object that was put."""

    async def create(self, batch: Batch) -> None:
        """Creates pods and remembers them in the batch."""

    async def delete(self, batch: Batch, index: int) -> None:
        """Deletes a pod of a batch."""

    async def wait(self, batches: list[Batch], stage: Stage) -> None:
        """Returns when all pods of the batches are bound, or were tried at least. Raises WorkloadStuckError."""

    def start_collecting(self, namespaces: list[str], selector: dict[str, str]) -> None:
        """Begins to record how many pods of the namespaces with the labels are bound."""

    def stop_collecting(self) -> list[Point]:
        """What was recorded since."""
