"""The admission chain: an ordered list of plugins that may change, then only refuse, a write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from kfast.api.kind import Body, Kind
from kfast.meta.exchange import User

Operation = Literal["CREATE", "UPDATE", "DELETE", "CONNECT"]


@dataclass(slots=True)
class Attributes:
    """What a plugin sees of a request. `object` is None on DELETE, `old` on CREATE; bodies are in the request's
    version and `object` may be changed in place by `admit`."""

    operation: Operation
    kind: Kind
    subresource: str
    namespace: str
    name: str
    object: Body | None
    old: Body | None
    user: User | None
    dry_run: bool


class Plugin(Protocol):
    """One admission plugin. Both steps raise StatusError to refuse."""

    name: str
    looks: bool
    """Whether it reads or changes objects; if not, they may be left out."""

    def handles(self, attributes: Attributes) -> bool:
        """Whether the plugin cares; asked before each step."""
        ...

    async def admit(self, attributes: Attributes) -> None:
        """May change `attributes.object`."""
        ...

    async def validate(self, attributes: Attributes) -> None:
        """Sees the final object."""
        ...


class Chain:
    """Plugins in order: all `admit` before validation, all `validate` after it."""

    def __init__(self, plugins: Sequence[Plugin]) -> None:
        self.plugins = list(plugins)

    def looks_at(self, attributes: Attributes) -> bool:
        """Whether any plugin needs the object of the request."""
        return any(plugin.looks and plugin.handles(attributes) for plugin in self.plugins)

    async def admit(self, attributes: Attributes) -> None:
        """The mutating step."""
        for plugin in self.plugins:
            if plugin.handles(attributes):
                await plugin.admit(attributes)

    async def validate(self, attributes: Attributes) -> None:
        """The validating step."""
        for plugin in self.plugins:
            if plugin.handles(attributes):
                await plugin.validate(attributes)
