"""What `kfast bench api` measures: a given server, or a kfast process of its own with its start and memory."""

from __future__ import annotations

import asyncio
import base64
import os
import platform
import ssl
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import kfast
from kfast.bench import in_process
from kfast.bench.api import Figure, Plan, Run
from kfast.bench.http_load import Target
from kfast.client.transports.https import tls_context
from kfast.meta import kubeconfig


async def measure(plan: Plan, config: Path | None, server: str, report: Callable[[Figure], None]) -> dict[str, Any]:
    """Runs the plan; the result names the machine and every figure."""
    if config is not None:
        run = Run(target(kubeconfig.load(config), server), plan, report)
        figures = await run.all()
    else:
        async with _own_server(report) as own:
            run = Run(target(kubeconfig.load(own.kubeconfig), ""), plan, report)
            run.figures.append(own.start)
            run.memory = own.resident_megabytes
            figures = await run.all()
        figures += await in_process.measure(plan, report)
    return {"machine": machine(), "plan": _plan(plan), "figures": [f.to_dict() for f in figures]}


def target(connection: kubeconfig.Connection, server: str) -> Target:
    """The load target of a connection, `server` instead of its URL if given."""
    url = urlsplit(server or connection.server)
    tls = tls_context(connection)
    headers = ""
    if connection.token:
        headers = f"Authorization: Bearer {connection.token}\r\n"
    elif connection.username:
        pair = base64.b64encode(f"{connection.username}:{connection.password}".encode()).decode()
        headers = f"Authorization: Basic {pair}\r\n"
    context = tls if isinstance(tls, ssl.SSLContext) else None
    return Target(url.hostname or "127.0.0.1", url.port or (443 if context else 80), context, headers)


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    model = ""
    info = Path("/proc/cpuinfo")
    if info.exists():
        model = next((line.partition(": ")[2] for line in info.read_text().splitlines() if "model name" in line), "")
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "kfast": kfast.__version__,
    }


def _plan(plan: Plan) -> dict[str, Any]:
    return {name: getattr(plan, name) for name in plan.__dataclass_fields__}


@dataclass
class _Own:
    kubeconfig: Path
    start: Figure
    process: asyncio.subprocess.Process

    def resident_megabytes(self) -> float:
        """Resident memory of the server process."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024


@asynccontextmanager
async def _own_server(report: Callable[[Figure], None]) -> AsyncIterator[_Own]:
    with tempfile.TemporaryDirectory(prefix="kfast-bench-") as directory:
        path = Path(directory) / "kubeconfig"
        arguments = ["up", "--nodes", "0", "--port", "0", "--data-dir", f"{directory}/data", "--kubeconfig", str(path)]
        # The first start makes keys; what a user waits for every day is the second.
        for attempt in ("start to ready, first", "start to ready"):
            started = time.perf_counter()
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "kfast.cli", *arguments, stdout=asyncio.subprocess.PIPE
            )
            assert process.stdout is not None
            line = await process.stdout.readline()
            if b"ready" not in line:
                raise RuntimeError(f"kfast up did not become ready: {line!r}")
            figure = Figure(attempt, ms=(time.perf_counter() - started) * 1000, note="SQLite, process start included")
            report(figure)
            if attempt.endswith("first"):
                process.terminate()
                await process.wait()
        try:
            yield _Own(path, figure, process)
        finally:
            process.terminate()
            await process.wait()
