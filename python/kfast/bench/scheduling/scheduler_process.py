"""A scheduler as a process: `python -m kfast.bench.scheduling.scheduler_process KUBECONFIG`, until SIGTERM."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from kfast.client import Client, HTTPSTransport, kubeconfig
from kfast.clock import SystemClock
from kfast.scheduler import Scheduler


async def run(path: Path) -> None:
    """Schedules the pods of a kubeconfig's cluster."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    client = Client(HTTPSTransport(kubeconfig.load(path)))
    scheduler = Scheduler(client, SystemClock())
    await scheduler.start()
    print("ready", flush=True)
    try:
        await stop.wait()
    finally:
        await scheduler.stop()
        await client.close()


if __name__ == "__main__":
    import uvloop

    uvloop.run(run(Path(sys.argv[1])))
