"""Object templates: YAML with the few Go template expressions that upstream's files use.

A path may end in `#name`: then the file holds several templates, each under a line `--- # name`.
"""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from kfast.bench.scheduling.decode import WorkloadError

_EXPRESSION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}")
_HEADER = re.compile(r"^--- # (\S+)\s*$", re.MULTILINE)

_FUNCTIONS: dict[str, Callable[..., float]] = {
    "AddFloat": lambda *n: sum(n),
    "AddInt": lambda *n: int(sum(n)),
    "SubtractFloat": lambda a, b: a - b,
    "SubtractInt": lambda a, b: int(a - b),
    "MultiplyFloat": lambda *n: functools.reduce(lambda a, b: a * b, n, 1.0),
    "MultiplyInt": lambda *n: int(functools.reduce(lambda a, b: a * b, n, 1.0)),
    "DivideFloat": lambda a, b: a / b,
    "DivideInt": lambda a, b: int(a / b),
    "Mod": lambda a, b: int(a) % int(b),
}


class Template:
    """One object template."""

    def __init__(self, text: str, where: str) -> None:
        self._text = text
        self._where = where
        self.varies = _EXPRESSION.search(text) is not None
        """Whether the object depends on its index."""
        self._object = None if self.varies else self._parse(text)

    def make(self, index: int, count: int) -> dict[str, Any]:
        """The object number `index` of `count`. Raises WorkloadError."""
        if self._object is not None:
            return copy.deepcopy(self._object)
        values = {".Index": index, ".Count": count}
        return self._parse(_EXPRESSION.sub(lambda found: self._evaluate(found.group(1), values), self._text))

    def _parse(self, text: str) -> dict[str, Any]:
        try:
            value = yaml.load(text, _Loader)
        except yaml.YAMLError as error:
            raise WorkloadError(f"{self._where}: {error}") from error
        if not isinstance(value, dict) or "kind" not in value:
            raise WorkloadError(f"{self._where} is no object")
        value.setdefault("metadata", {})
        return value

    def _evaluate(self, expression: str, values: dict[str, int]) -> str:
        words = expression.split()
        try:
            numbers = [values[w] if w in values else float(w) for w in words[words[0] in _FUNCTIONS :]]
            result = _FUNCTIONS[words[0]](*numbers) if words[0] in _FUNCTIONS else numbers[0]
        except (ArithmeticError, IndexError, TypeError, ValueError) as error:
            raise WorkloadError(f"{self._where}: cannot evaluate {{{{ {expression} }}}}: {error}") from error
        return f"{result:g}" if isinstance(result, float) else str(result)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Safe, and no dates: Kubernetes has only strings."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@functools.lru_cache(maxsize=256)
def load(path: Path) -> Template:
    """The template of a path. Raises WorkloadError."""
    file, _, name = str(path).partition("#")
    try:
        text = Path(file).read_text()
    except OSError as error:
        raise WorkloadError(f"{path}: {error}") from error
    if name:
        parts = _HEADER.split(text)
        bodies = dict(zip(parts[1::2], parts[2::2], strict=True))
        if name not in bodies:
            raise WorkloadError(f"{file} has no template {name!r}")
        text = bodies[name]
    return Template(text, str(path))
