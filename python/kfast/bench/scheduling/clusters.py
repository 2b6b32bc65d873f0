"""The clusters workloads run on: in this process, or an API server and a scheduler as processes of their own. Both keep
their objects in memory and have neither controllers nor nodes that run anything, as upstream's have not."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from kfast.bench.http_load import Target as Load
from kfast.bench.own_server import target
from kfast.client import Client
from kfast.cluster import ControlPlane
from kfast.config import COMPONENTS, LEAN_ON_CONTROLLERS, ClusterConfig
from kfast.meta import kubeconfig

_READY_SECONDS = 60
_DISABLED = ("Priority", *LEAN_ON_CONTROLLERS)
"""Upstream's workloads state priorities without classes, and its harness (scheduler_perf) disables the plugin, too."""


@dataclass(slots=True)
class Cluster:
    """A running cluster."""

    client: Client
    load: Load | None
    """Where to post over HTTPS; None in this process."""
    peak_bytes: Callable[[], int]
    """Peak resident memory of its other processes."""


@asynccontextmanager
async def in_process() -> AsyncIterator[Cluster]:
    """API server and scheduler on this event loop."""
    config = ClusterConfig(
        nodes=0, without=frozenset(COMPONENTS) - {"scheduler"}, disable_admission_plugins=frozenset(_DISABLED)
    )
    async with ControlPlane(config) as plane:
        yield Cluster(plane.client, None, lambda: 0)


@asynccontextmanager
async def processes() -> AsyncIterator[Cluster]:
    """An API server and a scheduler, each a process, that speak HTTPS."""
    from kfast.client import HTTPSTransport

    async with AsyncExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="kfast-bench-"))
        path = Path(directory) / "kubeconfig"
        without = [word for name in COMPONENTS for word in ("--without", name)]
        disabled = [word for name in _DISABLED for word in ("--disable-admission-plugins", name)]
        words = ["kfast.cli", "up", "--nodes", "0", "--port", "0", "--kubeconfig", str(path)]
        arguments = [*words, *without, *disabled]
        server = await stack.enter_async_context(_process(*arguments))
        own = ["--secure-port", "0", "--no-leader-elect"]
        scheduling = _process("kfast.cli", "scheduler", "start", "--kubeconfig", str(path), *own, ready=False)
        scheduler = await stack.enter_async_context(scheduling)
        connection = kubeconfig.load(path)
        client = Client(HTTPSTransport(connection))
        stack.push_async_callback(client.close)
        yield Cluster(client, target(connection, ""), lambda: _peak(server) + _peak(scheduler))


@asynccontextmanager
async def _process(*arguments: str, ready: bool = True) -> AsyncIterator[Process]:
    """A Python module as a process; with `ready` it is waited for until it says so."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", *arguments, stdout=PIPE, stderr=PIPE)
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        async with asyncio.timeout(_READY_SECONDS):
            line = await process.stdout.readline() if ready else b""
        if ready and b"ready" not in line:
            process.terminate()
            raise RuntimeError(f"{arguments[0]} did not become ready: {(await process.stderr.read()).decode()[-400:]}")
        draining = [asyncio.create_task(_drain(stream)) for stream in (process.stdout, process.stderr)]
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
    await asyncio.gather(*draining)


async def _drain(stream: asyncio.StreamReader) -> None:
    while await stream.read(1 << 16):
        pass


def _peak(process: Process) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024
