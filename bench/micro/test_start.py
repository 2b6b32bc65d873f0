"""Time from a process's start to its ready answer: `pytest bench/micro/test_start.py`. The first start of a data
directory makes keys; a user waits for the later ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

ROUNDS = 5


def up(directory: Path) -> subprocess.Popen[bytes]:
    """A `kfast up` that has said it is ready."""
    arguments = ["--nodes", "0", "--port", "0", "--data-dir", str(directory / "data")]
    command = [sys.executable, "-m", "kfast.cli", "up", *arguments, "--kubeconfig", str(directory / "kubeconfig")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert b"ready" in process.stdout.readline()
    return process


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ends it and waits."""
    process.terminate()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


@pytest.mark.parametrize("first", [True, False], ids=["first", "later"])
def test_ready(benchmark: BenchmarkFixture, tmp_path: Path, first: bool) -> None:
    running: list[subprocess.Popen[bytes]] = []
    numbers = iter(range(ROUNDS))
    if not first:
        stop(up(tmp_path))

    def prepare() -> tuple[tuple[Path], dict[str, object]]:
        while running:
            stop(running.pop())
        directory = tmp_path / str(next(numbers)) if first else tmp_path
        directory.mkdir(exist_ok=True)
        return (directory,), {}

    benchmark.pedantic(lambda directory: running.append(up(directory)), setup=prepare, rounds=ROUNDS)
    stop(running.pop())


def test_import(benchmark: BenchmarkFixture) -> None:
    """What `kfast up` imports before it does anything."""
    command = [sys.executable, "-c", "import kfast.cluster, kfast.cli"]
    benchmark.pedantic(lambda: subprocess.run(command, check=True), rounds=ROUNDS)
