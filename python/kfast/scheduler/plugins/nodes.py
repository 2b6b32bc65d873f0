"""All nodes as numpy columns, as plugins see them."""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from kfast._core import Scheduler as Core
from kfast.scheduler.plugins.plugin import PluginError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@cache
def arrays() -> Any:
    """The module numpy, which takes long to load and only plugins need. Raises PluginError if it is not installed."""
    try:
        import numpy
    except ImportError:  # pragma: no cover - the test environment has it
        text = "Python plugins that filter or score need numpy: pip install 'kfast[plugins]'"
        raise PluginError(text) from None
    return numpy


class Label(NamedTuple):
    """A label of all nodes, which also tells their topology domains: `values[codes[i]]`, code -1 where it is absent."""

    codes: NDArray[np.int32]
    values: list[str]

    def equals(self, value: str) -> NDArray[np.bool_]:
        """Which nodes have this value."""
        code = self.values.index(value) if value in self.values else -2
        equal: NDArray[np.bool_] = self.codes == code
        return equal

    @property
    def present(self) -> NDArray[np.bool_]:
        """Which nodes have the label."""
        return self.codes >= 0


class Nodes:
    """Columns with one value per node, in the order of `names`; read-only, and only valid during the call.

    cpu is in thousandths of a core, memory and storage in bytes, other resources in units.
    """

    def __init__(self, core: Core) -> None:
        self._numpy = arrays()
        self._core = core
        self._columns: dict[tuple[str, str], NDArray[np.int64]] = {}
        self._labels: dict[str, Label] = {}

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def names(self) -> list[str]:
        """The nodes' names."""
        return self._core.node_names()

    @cached_property
    def index(self) -> dict[str, int]:
        """The position of each name."""
        return {name: at for at, name in enumerate(self.names)}

    @property
    def resources(self) -> list[str]:
        """All resources any node offers or any pod asks for."""
        return self._core.node_resources()

    def allocatable(self, resource: str) -> NDArray[np.int64]:
        """`status.allocatable` of a resource, 0 where it is absent."""
        return self._column("allocatable", resource)

    def requested(self, resource: str) -> NDArray[np.int64]:
        """The sum of the requests of the pods on each node."""
        return self._column("requested", resource)

    def free(self, resource: str) -> NDArray[np.int64]:
        """What is left of a resource."""
        return self.allocatable(resource) - self.requested(resource)

    @property
    def pods(self) -> NDArray[np.int64]:
        """Number of pods on each node."""
        return self._column("pods")

    @property
    def allowed_pods(self) -> NDArray[np.int64]:
        """Number of pods each node takes."""
        return self._column("allowed_pods")

    def label(self, key: str) -> Label:
        """A label of all nodes."""
        label = self._labels.get(key)
        if label is None:
            codes, values = self._core.node_labels(key)
            label = self._labels[key] = Label(self._numpy.frombuffer(codes, self._numpy.int32), values)
        return label

    def _column(self, column: str, resource: str = "") -> NDArray[np.int64]:
        values = self._columns.get((column, resource))
        if values is None:
            values = self._numpy.frombuffer(self._core.node_column(column, resource), self._numpy.int64)
            self._columns[column, resource] = values
        return values
