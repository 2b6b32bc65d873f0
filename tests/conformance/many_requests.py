"""Many random requests to an API server of their own, each answer checked: `python many_requests.py --requests 60000`.

Run from the project's root, with the shared API test data beside it. Prints how many requests had which answer.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections import Counter

from test_random_requests import check_requests, fault, quick

from kfast.api.catalog import default_catalog
from kfast.apiserver import app, resource_version
from kfast.apiserver.app import APIServer
from kfast.clock import SystemClock
from kfast.store.embedded import EmbeddedStore

PER_SERVER = 10_000
"""Requests to one server: each begins with an empty store and another seed."""


async def run(seed: int, count: int) -> dict[int, int]:
    """The codes of `count` answers."""
    store = EmbeddedStore(None)
    api = APIServer(store, default_catalog(), SystemClock(), seed=seed)
    await api.start()
    try:
        return await check_requests(api, seed, count)
    finally:
        await api.stop()
        await store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=60_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    app.crashed, resource_version.WAIT_SECONDS = fault, quick
    codes: Counter[int] = Counter()
    started, seed = time.perf_counter(), options.seed
    while (left := options.requests - codes.total()) > 0:
        codes.update(asyncio.run(run(seed, min(left, PER_SERVER))))
        seed += 1
        print(f"{codes.total()} requests, {time.perf_counter() - started:.0f} s", flush=True)
    print(", ".join(f"{code}: {count}" for code, count in sorted(codes.items())))


if __name__ == "__main__":
    main()
