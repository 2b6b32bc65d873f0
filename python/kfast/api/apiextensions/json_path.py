"""The JSONPath of printer columns: what client-go's template language gives for one simple path."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

Step = Callable[[Any], Iterable[Any]]
"""A value -> the values one step further."""

_TOKEN = re.compile(
    r"""\.\.(?P<deep>[\w*-]+)?|\.(?P<field>(?:\\.|[^.\[\]()\s\\])+)|\['(?P<quoted>(?:\\.|[^'])*)'\]
    |\[\?\((?P<filter>.*?)\)\]|\[(?P<index>-?\d+)\]|\[(?P<slice>-?\d*:-?\d*(?::-?\d*)?)\]|\[(?P<all>\*)\]
    |\[(?P<union>-?\d+(?:,-?\d+)+)\]|(?P<self>\.)$""",
    re.VERBOSE,
)
_COMPARISON = re.compile(r"\s*(?P<left>@[^=!<>\s]*)\s*(?:(?P<operator>==|!=|<=|>=|<|>)\s*(?P<right>.+?))?\s*\Z")
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


@lru_cache(maxsize=4096)
def compile_path(text: str) -> tuple[Step, ...]:
    """The steps of a path such as `.status.conditions[?(@.type=="Ready")].status`. Raises ValueError."""
    steps: list[Step] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.end() == at:
            raise ValueError(f"unrecognized column definition {text!r}")
        steps.append(_step(match))
        at = match.end()
    return tuple(steps)


def find(path: tuple[Step, ...], obj: Any) -> list[Any]:
    """Everything the path leads to; what is missing is left out."""
    found: list[Any] = [obj]
    for step in path:
        found = [value for start in found for value in step(start)]
    return found


def _step(match: re.Match[str]) -> Step:
    kind, text = match.lastgroup, match[match.lastgroup] if match.lastgroup else ""
    if kind == "index":
        return _indexes((int(text),))
    if kind == "union":
        return _indexes(tuple(int(number) for number in text.split(",")))
    if kind == "slice":
        return _slice(text)
    if kind == "filter":
        return _filter(text)
    if kind == "self":
        return lambda value: (value,)
    if kind in ("all", None) or text == "*":
        return (lambda value: (value,)) if kind is None else _children
    if kind == "deep":
        return lambda value: _deep(value, text)
    return _field(re.sub(r"\\(.)", r"\1", text))


def _field(name: str) -> Step:
    return lambda value: (value[name],) if isinstance(value, dict) and name in value else ()


def _indexes(numbers: tuple[int, ...]) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, list):
            yield from (value[at] for at in numbers if -len(value) <= at < len(value))

    return step


def _slice(text: str) -> Step:
    parts = [int(part) if part else None for part in text.split(":")]
    return lambda value: value[slice(*parts)] if isinstance(value, list) else ()


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return [value[key] for key in sorted(value)]
    return value if isinstance(value, list) else ()


def _deep(value: Any, name: str) -> Iterator[Any]:
    if isinstance(value, dict) and name in value:
        yield value[name]
    for child in _children(value):
        yield from _deep(child, name)


def _filter(text: str) -> Step:
    match = _COMPARISON.match(text)
    if match is None:
        raise ValueError(f"unrecognized filter {text!r}")
    left = compile_path(match["left"].removeprefix("@"))
    if match["operator"] is None:
        return lambda value: [item for item in _children(value) if find(left, item)]
    holds, right = _OPERATORS[match["operator"]], match["right"]
    path = compile_path(right.removeprefix("@")) if right.startswith("@") else None
    literal = _literal(right) if path is None else None

    def step(value: Any) -> Iterator[Any]:
        for item in _children(value):
            found = find(left, item)
            other = find(path, item)[:1] if path is not None else [literal]
            if found and other and type(found[0]) is type(other[0]) and holds(found[0], other[0]):
                yield item

    return step


def _literal(text: str) -> Any:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    if text in ("true", "false"):
        return text == "true"
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text
