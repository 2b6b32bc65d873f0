"""The options of streams and logs, read from the query as upstream's conversion reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kfast._core import Object
from kfast.api.kind import Body
from kfast.apiserver.status_errors import bad_request
from kfast.apiserver.strconv import parse_int
from kfast.clock import parse_time
from kfast.meta.exchange import Request

_FALSE = frozenset({"", "0", "f", "F", "false", "FALSE", "False"})
_LISTS = ("containers", "initContainers", "ephemeralContainers")


def text(values: list[str]) -> str:
    """The first value."""
    return values[0] if values else ""


def words(values: list[str]) -> list[str]:
    """All values."""
    return list(values)


def flag(values: list[str]) -> bool:
    """Whether it is named, with anything but a word for false."""
    return text(values) not in _FALSE


def number(values: list[str]) -> int | None:
    """Absent if empty. Raises ValueError in Go's words."""
    return parse_int(values[0]) if text(values) else None


def time(values: list[str]) -> str | None:
    """A time of RFC 3339; absent if empty. Raises ValueError in Go's words."""
    value = text(values)
    try:
        parse_time(value or "1970-01-01T00:00:00Z")
    except ValueError:
        layout = "2006-01-02T15:04:05Z07:00"
        raise ValueError(f'parsing time "{value}" as "{layout}": cannot parse "{value}" as "2006"') from None
    return value or None


def options(request: Request, kind: str, fields: Mapping[str, Callable[[list[str]], Any]]) -> Body:
    """The options object that the query stands for, its fields read as said; what the query does not name is absent.
    Raises StatusError 400."""
    body: dict[str, Any] = {"apiVersion": "v1", "kind": kind}
    for name, values in request.query.items():
        try:
            value = fields[name](values) if name in fields else None
        except ValueError as error:
            raise bad_request(str(error)) from None
        if value is not None:
            body[name] = value
    return body


def chosen_container(pod: Object, name: str) -> str:
    """The container that is meant: the one of that name, or the only one. Raises StatusError 400."""
    containers = [c["name"] for key in _LISTS for c in pod.get("spec", key, default=()) or ()]
    if name:
        if name not in containers:
            raise bad_request(f"container {name} is not valid for pod {pod.name}")
        return name
    first: list[dict[str, Any]] = pod.get("spec", "containers", default=()) or []
    if len(first) != 1:
        shown = [c["name"] for key in ("initContainers", *_LISTS[:1], _LISTS[2]) for c in pod.get("spec", key) or ()]
        raise bad_request(f"a container name must be specified for pod {pod.name}, choose one of: [{' '.join(shown)}]")
    return str(first[0]["name"])
