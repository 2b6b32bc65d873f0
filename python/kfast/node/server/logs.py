"""`/containerLogs`: which run of a container is meant, and which of its lines."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kfast.clock import parse_time
from kfast.meta.exchange import Request
from kfast.node.runtime import ContainerError, LogLine
from kfast.node.server.answers import RefusedError

STREAMS = ("All", "Stdout", "Stderr")
_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_PULLING = {
    "ErrImagePull": "image can't be pulled",
    "ImagePullBackOff": "trying and failing to pull image",
}


@dataclass(frozen=True, slots=True)
class LogOptions:
    """PodLogOptions. `since` is an epoch time; None where nothing was said."""

    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    since: float = 0.0
    tail: int | None = None
    limit: int | None = None
    stream: str = "All"

    @classmethod
    def read(cls, request: Request, now: float) -> LogOptions:
        """Of a query. Raises RefusedError."""
        try:
            tail = request.param("tail") or request.param("tailLines")
            seconds, at = request.param("sinceSeconds"), request.param("sinceTime")
            options = cls(
                follow=request.param("follow") in _TRUE,
                previous=request.param("previous") in _TRUE,
                timestamps=request.param("timestamps") in _TRUE,
                since=now - int(seconds) if seconds else parse_time(at) if at else 0.0,
                tail=None if tail in ("", "all") else int(tail),
                limit=int(limit) if (limit := request.param("limitBytes")) else None,
                stream=request.param("stream") or "All",
            )
        except ValueError:
            raise RefusedError(400, '{"message": "Unable to decode query."}') from None
        tail_valid = options.tail is None or options.tail >= 0
        if not tail_valid or (options.limit is not None and options.limit < 1) or options.stream not in STREAMS:
            raise RefusedError(422, '{"message": "Invalid request."}')
        return options


def run_of(pod: Mapping[str, Any], container: str, previous: bool) -> str:
    """The id of the run whose log is meant. Raises ContainerError in upstream's words if there is none."""
    name, status = pod["metadata"]["name"], pod.get("status") or {}
    lists = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
    found = next((s for key in lists for s in status.get(key) or () if s["name"] == container), None)
    what = f'container "{container}" in pod "{name}"'
    if found is None:
        raise ContainerError(f"{what} is not available")
    state = found.get("state") or {}
    last = (found.get("lastState") or {}).get("terminated")
    if previous:
        if last is None or not last.get("containerID"):
            raise ContainerError(f"previous terminated {what} not found")
        return str(last["containerID"])
    if "running" in state:
        return str(found.get("containerID") or "")
    ended = state.get("terminated") or {}
    if "terminated" in state or last is not None:
        run = ended.get("containerID") or (last or {}).get("containerID")
        if not run:
            raise ContainerError(f"{what} is terminated")
        return str(run)
    if "waiting" in state:
        reason = state["waiting"].get("reason") or ""
        raise ContainerError(f"{what} is waiting to start: {_PULLING.get(reason, reason)}")
    raise ContainerError(f"{what} is waiting to start - no logs yet")


async def chosen(batches: AsyncGenerator[Sequence[LogLine], None], options: LogOptions) -> AsyncGenerator[bytes, None]:
    """The bytes of the lines that `options` ask for. The tail is of what was there at first."""
    left, first = options.limit, True
    try:
        async for batch in batches:
            lines = _tail(batch, options.tail) if first and options.tail is not None else batch
            first = False
            data = b"".join(_shown(line, options) for line in lines if _wanted(line, options))
            if left is not None:
                data = data[:left]
                left -= len(data)
            if data:
                yield data
            if left == 0:
                return
    finally:
        await batches.aclose()


def _tail(lines: Sequence[LogLine], count: int) -> Sequence[LogLine]:
    return lines[-count:] if count else ()


def _wanted(line: LogLine, options: LogOptions) -> bool:
    return line.time >= options.since and options.stream in ("All", line.stream.capitalize())


def _shown(line: LogLine, options: LogOptions) -> bytes:
    return f"{_stamp(line.time)} ".encode() + line.text if options.timestamps else line.text


def _stamp(epoch: float) -> str:
    """RFC 3339 with nine digits, as the CRI writes them."""
    seconds, micros = divmod(round(epoch * 1e6), 1_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{micros:06d}000Z"
