"""The SQLite store against the world: kill -9, a full disk, a second process."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kfast.store.embedded import EmbeddedStore
from kfast.store.protocol import UnavailableError

ROUNDS = 20


def killed_in_the_middle(path: Path, seed: int, lines: int) -> list[tuple[int, str, str]]:
    """What a writer said until it was killed, after so many lines: (revision, name, value)."""
    command = [sys.executable, str(Path(__file__).with_name("store_writer.py")), str(path), str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        # A number of lines, not a time: the kill lands in the middle of work however slow the machine is.
        said = [writer.stdout.readline() for _ in range(lines)]
        writer.send_signal(signal.SIGKILL)
        output = "".join(said) + writer.stdout.read()
    whole = output[: output.rfind("\n") + 1].splitlines()
    return [(int(revision), name, value) for revision, name, value in map(str.split, whole)]


def test_no_acknowledged_write_is_lost_to_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    rng = random.Random(11)
    state: dict[str, str] = {}
    newest = 1
    for seed in range(ROUNDS):
        said = killed_in_the_middle(path, seed, rng.randrange(50, 500))
        acknowledged = [revision for revision, _, _ in said if revision]
        assert min(acknowledged) > newest, "a revision was given out twice"
        under_way: dict[str, str] = {}
        for revision, name, value in said:
            if revision:
                state[name] = value
                del under_way[name]
            else:
                under_way[name] = value

        revision, found = asyncio.run(reopened(path))
        assert revision >= max(acknowledged)
        for name, value in state.items():
            assert found.get(name, "-") in (value, under_way.get(name)), name
        assert found.keys() <= state.keys() | under_way.keys()
        state, newest = found, revision


async def reopened(path: Path) -> tuple[int, dict[str, str]]:
    """The revision and the values that the file holds."""
    store = EmbeddedStore(path)
    objects = store.list("configmaps").objects
    assert all(o.revision <= store.revision for o in objects)
    await store.close()
    return store.revision, {o.name: o.get("data", "value") for o in objects}


FULL_DISK = """
import asyncio, resource, signal, sys
from kfast.store.embedded import EmbeddedStore
from kfast.store.protocol import UnavailableError

def body(name):
    fill = "x" * 3000
    return ('{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"%s"},"data":{"f":"%s"}}' % (name, fill)).encode()

async def main():
    store = EmbeddedStore(sys.argv[1])
    await store.create("configmaps", "", "first", body("first"))
    watch = store.watch("configmaps")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    made = []
    try:
        for i in range(1000):
            made.append((await store.create("configmaps", "", f"c{i}", body(f"c{i}"))).name)
        raise SystemExit("the disk never got full")
    except UnavailableError as error:
        print("refused:", error)
    names = [o.name for o in store.list("configmaps").objects]
    assert names == sorted(["first", *made]), "reads go on, without the failed write"
    assert len(watch.events()) == len(made)
    # Opening anew frees the write-ahead log, so a few more may fit; then it is full for good.
    refusals = 0
    for i in range(1000):
        try:
            made.append((await store.create("configmaps", "", f"d{i}", body(f"d{i}"))).name)
            refusals = 0
        except UnavailableError:
            refusals += 1
        if refusals == 20:
            break
    assert refusals == 20, "the disk never got full for good"
    revision = store.revision
    assert revision == 2 + len(made)
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    last = await store.create("configmaps", "", "later", body("later"))
    assert last.revision == revision + 1
    await store.close()
    store = EmbeddedStore(sys.argv[1])
    assert [o.name for o in store.list("configmaps").objects] == sorted(["first", "later", *made])
    await store.close()
    print("recovered")

asyncio.run(main())
"""


def test_a_full_disk_fails_writes_and_nothing_else(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", FULL_DISK, str(tmp_path / "store.db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "refused: storage is unavailable: " in done.stdout
    assert done.stdout.endswith("recovered\n")


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = EmbeddedStore(path)
    code = f"from kfast.store.embedded import EmbeddedStore; EmbeddedStore({str(path)!r})"
    second = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert second.returncode != 0
    assert f"{path} is in use by another process" in second.stderr
    with pytest.raises(UnavailableError, match="is in use"):
        EmbeddedStore(path)
    asyncio.run(store.close())
    asyncio.run(EmbeddedStore(path).close())
