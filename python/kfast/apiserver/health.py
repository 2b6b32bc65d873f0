"""`/healthz`, `/livez`, `/readyz`: named checks, all at once or one by one, in upstream's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from kfast.errors import KfastError
from kfast.meta.exchange import Request, Response
from kfast.store.protocol import Store

Check = Callable[[], str | None]
"""Why the check fails, None if it is well."""

_PLAIN = "text/plain; charset=utf-8"


def ping() -> None:
    """The server answers, so it is well."""
    return None


def readable(store: Store) -> str | None:
    """Why the store cannot be read."""
    try:
        store.list("namespaces", None, limit=1)
    except KfastError as error:
        return str(error)
    return None


@dataclass(slots=True)
class Health:
    """The checks of each endpoint, by name; readiness has all of liveness and more."""

    live: dict[str, Check] = field(default_factory=lambda: {"ping": ping})
    ready: dict[str, Check] = field(default_factory=dict)

    def paths(self) -> list[str]:
        """Of the endpoints and their checks."""
        checks = {"healthz": self.live, "livez": self.live, "readyz": self.live | self.ready}
        return [path for root, names in checks.items() for path in (f"/{root}", *(f"/{root}/{name}" for name in names))]

    def respond(self, request: Request) -> Response | None:
        """The answer, or None if the path is none of health's."""
        root, slash, check = request.path.removeprefix("/").partition("/")
        checks: Mapping[str, Check]
        if root in ("healthz", "livez"):
            checks = self.live
        elif root == "readyz":
            checks = self.live | self.ready
        else:
            return None
        if slash:
            return _one(checks.get(check))
        return _all(root, checks, request)


def _one(check: Check | None) -> Response:
    if check is None:
        return Response(404, b"404 page not found\n", content_type=_PLAIN)
    why = check()
    if why is not None:
        return Response(500, f"internal server error: {why}\n".encode(), content_type=_PLAIN)
    return Response(200, b"ok", content_type=_PLAIN)


def _all(root: str, checks: Mapping[str, Check], request: Request) -> Response:
    excluded = set(request.query.get("exclude", ()))
    lines = []
    failed = False
    for name, check in checks.items():
        if name in excluded:
            excluded.discard(name)
            lines.append(f"[+]{name} excluded: ok")
        elif check() is None:
            lines.append(f"[+]{name} ok")
        else:
            failed = True
            lines.append(f"[-]{name} failed: reason withheld")
    if excluded:
        names = ", ".join(f'"{name}"' for name in sorted(excluded))
        lines.append(f"warn: some health checks cannot be excluded: no matches for {names}")
    if failed:
        text = "\n".join([*lines, f"{root} check failed", ""])
        return Response(500, text.encode(), content_type=_PLAIN)
    if "verbose" in request.query:
        text = "\n".join([*lines, f"{root} check passed", ""])
        return Response(200, text.encode(), content_type=_PLAIN)
    return Response(200, b"ok", content_type=_PLAIN)
