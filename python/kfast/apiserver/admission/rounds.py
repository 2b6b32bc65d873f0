"""The two rounds of the mutating step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

import msgspec

from kfast.apiserver.admission.chain import Attributes

K = TypeVar("K")
_encode = msgspec.json.encode


@dataclass(slots=True)
class Rounds(Generic[K]):
    """What the first round tells the second: what is invoked, by key, is invoked again if the object changed after it
    and its reinvocationPolicy allows that."""

    output: bytes = b""
    reinvocable: set[K] = field(default_factory=set)
    again: set[K] = field(default_factory=set)

    @classmethod
    def begin(cls, plugin: str, attributes: Attributes) -> Rounds[K]:
        """Those of a plugin's request; in the second round, what plugins before it changed since counts."""
        rounds: Rounds[K] = attributes.kept.setdefault(plugin, cls())
        if attributes.reinvoked and rounds.output != _encode(attributes.object):
            rounds.changed()
        return rounds

    def end(self, attributes: Attributes) -> None:
        """Keeps what the plugin leaves."""
        self.output = _encode(attributes.object)

    def changed(self) -> None:
        """The object has changed: all that have been invoked and may be again, will be."""
        self.again |= self.reinvocable
        self.reinvocable = set()
