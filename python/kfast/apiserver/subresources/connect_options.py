"""The options of streams and logs, read from the query as upstream's conversion reads them."""

from __future__ import annotations

from typing import Any

from kfast._core import Object
from kfast.api.kind import Body
from kfast.apiserver.status_errors import bad_request
from kfast.apiserver.strconv import parse_int
from kfast.clock import parse_time
from kfast.meta.exchange import Request

_FALSE = frozenset({"", "0", "f", "F", "false", "FALSE", "False"})
_LISTS = ("containers", "initContainers", "ephemeralContainers")


def options(
    request: Request,
    kind: str,
    *,
    texts: tuple[str, ...] = (),
    flags: tuple[str, ...] = (),
    numbers: tuple[str, ...] = (),
    lists: tuple[str, ...] = (),
    times: tuple[str, ...] = (),
) -> Body:
    """The options object that the query stands for; what it does not name is absent. Raises StatusError 400."""
    body: dict[str, Any] = {"apiVersion": "v1", "kind": kind}
    for name, values in request.query.items():
        value = values[0] if values else ""
        try:
            if name in texts:
                body[name] = value
            elif name in flags:
                body[name] = value not in _FALSE
            elif name in numbers and value:
                body[name] = parse_int(value)
            elif name in lists:
                body[name] = list(values)
            elif name in times and value:
                body[name] = _time(value)
        except ValueError as error:
            raise bad_request(str(error)) from None
    return body


def _time(value: str) -> str:
    """Raises ValueError in Go's words."""
    try:
        parse_time(value)
    except ValueError:
        layout = "2006-01-02T15:04:05Z07:00"
        raise ValueError(f'parsing time "{value}" as "{layout}": cannot parse "{value}" as "2006"') from None
    return value


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
