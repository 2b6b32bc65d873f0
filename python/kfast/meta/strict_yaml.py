"""YAML with what a strict decoder objects to."""

from __future__ import annotations

from typing import Any

import yaml
from yaml import YAMLError

__all__ = ["YAMLError", "read"]


class _Loader(yaml.SafeLoader):
    """Notes keys that come twice."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.repeated: list[str] = []

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """As the base class does."""
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                self.repeated.append(f'  line {key.start_mark.line + 1}: key "{key.value}" already set in map')
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read(text: str) -> tuple[Any, list[str]]:
    """The value of a document, and lines about keys that come twice. Raises YAMLError."""
    loader = _Loader(text)
    try:
        return loader.get_single_data(), loader.repeated
    finally:
        loader.dispose()
