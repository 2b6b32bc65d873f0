"""A process to be killed: `store_writer.py FILE SEED` writes without end, saying so.

Before a write it prints `0 NAME VALUE`, once it is acknowledged `REVISION NAME VALUE`; VALUE is `-` of a delete.
"""

import asyncio
import random
import sys

from kfast.store.embedded import EmbeddedStore


async def work(store: EmbeddedStore, rng: random.Random, worker: int) -> None:
    """Creates, updates and deletes this worker's own objects."""
    while True:
        name = f"w{worker}-{rng.randrange(10)}"
        current = store.get("configmaps", "d", name)
        value = str(rng.randrange(1_000_000))
        body = (
            f'{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{name}","namespace":"d"}},'
            f'"data":{{"value":"{value}","fill":"{"x" * 500}"}}}}'
        ).encode()
        deletes = current is not None and rng.random() < 0.2
        value = "-" if deletes else value
        print(0, name, value, flush=True)
        if current is None:
            made = await store.create("configmaps", "d", name, body)
        elif deletes:
            made = await store.delete("configmaps", "d", name, current.revision)
        else:
            made = await store.update("configmaps", "d", name, body, current.revision)
        print(made.revision, name, value, flush=True)


async def main(path: str, seed: int) -> None:
    """Sixteen workers until the end."""
    store = EmbeddedStore(path)
    rng = random.Random(seed)
    await asyncio.gather(*(work(store, rng, i) for i in range(16)))


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
