"""What server-side apply of a Deployment costs, in CPU time: `pytest bench/micro/test_apply.py`.

Each round is 200 requests, one after the other, through `APIServer.handle` on a memory store.
"""

from __future__ import annotations

import itertools
import time
from typing import Any

import msgspec
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

APPLY = "application/apply-patch+yaml"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
COUNT = 200

_encode = msgspec.json.encode


def deployment(name: str, image: str = "web:1") -> dict[str, Any]:
    """What a chart applies: two containers with settings, ports, probes and resources."""
    containers = [
        {
            "name": f"c{number}",
            "image": image,
            "env": [{"name": f"SETTING_{n}", "value": f"value-{n}"} for n in range(10)],
            "ports": [{"containerPort": 8080 + number}],
            "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080 + number}},
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
        }
        for number in range(2)
    ]
    labels = {"app": name}
    spec = {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
    }
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "labels": labels}, "spec": spec}


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("what", ["new", "unchanged", "changed", "taken over", "merge patch"])
def test_apply_200(benchmark: BenchmarkFixture, server: Any, what: str) -> None:
    """Applied: new objects, one as it is, with another image, by managers in turn with force; beside a merge patch."""
    numbers = itertools.count()

    async def apply(name: str, image: str, manager: str) -> None:
        query = {"fieldManager": manager, "force": "true"}
        await server.call("PATCH", f"{DEPLOYMENTS}/{name}", _encode(deployment(name, image)), APPLY, **query)

    async def round_of() -> None:
        for number in range(COUNT):
            turn = next(numbers)
            match what:
                case "new":
                    await apply(f"d{turn}", "web:1", "ann")
                case "unchanged":
                    await apply("d", "web:1", "ann")
                case "changed":
                    await apply("d", f"web:{turn}", "ann")
                case "taken over":
                    await apply("d", f"web:{turn}", f"manager{number % 2}")
                case _:
                    spec = {"template": {"metadata": {"annotations": {"turn": str(turn)}}}}
                    path = f"{DEPLOYMENTS}/d"
                    await server.call("PATCH", path, _encode({"spec": spec}), "application/merge-patch+json")

    server.run(apply("d", "web:1", "ann"))
    benchmark.pedantic(lambda: server.run(round_of()), rounds=5, warmup_rounds=1)
