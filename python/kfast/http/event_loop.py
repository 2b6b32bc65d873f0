"""What a process that serves or asks many at once runs on."""

from __future__ import annotations

import asyncio
import resource


def runner() -> asyncio.Runner:
    """asyncio on uvloop where there is one."""
    try:
        import uvloop
    except ImportError:  # pragma: no cover - not on Linux
        return asyncio.Runner()
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


def soft_limit_to_hard() -> None:
    """Each watch is a connection: take all the descriptors the system grants."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
