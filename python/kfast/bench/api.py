"""`kfast bench api`: one workload against any Kubernetes API server.

Creates pods of about 3.6 KB in a namespace of its own, then gets, lists, updates and watches them, and deletes
the namespace. Nothing in here knows kfast: the same run measures an upstream kube-apiserver.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kfast.bench import http_load
from kfast.bench.http_load import Sample, Target
from kfast.bench.watch_load import WatchFan

NAMESPACE = "kfast-bench"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
_LISTS = 9
_NUMBER = b"@number@"
_RARE_EVERY = 50
"""Every 50th pod carries the label the selective list asks for."""


@dataclass(slots=True)
class Plan:
    """How much to do: pods to create, seconds per closed-loop phase, connections, watch streams per fan-out run."""

    pods: int = 18_000
    seconds: float = 8.0
    connections: int = 32
    streams: tuple[int, ...] = (1000, 5000)
    events: int = 20


@dataclass(slots=True)
class Figure:
    """One measured line: `per_second` or `ms` is the figure, the others say how it spread."""

    name: str
    per_second: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    ms: float | None = None
    megabytes: float | None = None
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain values, rounded to what the measurement can tell."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {k: round(v, 3) if isinstance(v, float) else v for k, v in values.items() if v not in (None, "")}


@dataclass(slots=True)
class Run:
    """A run of the workload against one server."""

    target: Target
    plan: Plan
    report: Callable[[Figure], None]
    memory: Callable[[], float] | None = None
    """Resident megabytes of the server, where they can be read."""
    figures: list[Figure] = field(default_factory=list)

    async def all(self) -> list[Figure]:
        """Every phase in order; the namespace is removed at the end."""
        await self._namespace()
        try:
            await self._create()
            if self.memory:
                self._add(Figure(f"resident with {self.plan.pods} pods", megabytes=self.memory()))
            await self._get()
            await self._lists()
            await self._update()
            for streams in self.plan.streams:
                await self._fan_out(streams)
        finally:
            await self._one("DELETE", f"/api/v1/namespaces/{NAMESPACE}", ok=(200, 202, 404, 409))
        return self.figures

    def _add(self, figure: Figure) -> None:
        self.figures.append(figure)
        self.report(figure)

    async def _one(self, method: str, path: str, body: bytes = b"", ok: tuple[int, ...] = (200, 201)) -> None:
        content = "application/merge-patch+json" if method == "PATCH" else "application/json"
        sample = await http_load.run(
            self.target, iter([self.target.request(method, path, body, content)]), connections=1
        )
        code = int(sample.first_failure[9:12] or 0) if sample.first_failure.startswith("HTTP/") else 200
        if sample.first_failure and code not in ok:
            raise RuntimeError(f"{method} {path} failed: {sample.first_failure[:400]}")

    async def _namespace(self) -> None:
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
        await self._one("POST", "/api/v1/namespaces", json.dumps(body).encode(), ok=(201, 409))
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
        await self._one(
            "POST",
            f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts",
            json.dumps(account).encode(),
            ok=(201, 409),
        )

    def _closed(self, name: str, sample: Sample) -> None:
        if sample.failed or not sample.latencies:
            raise RuntimeError(f"{name}: {sample.failed} requests failed, first: {sample.first_failure[:400]}")
        self._add(
            Figure(
                name,
                per_second=sample.per_second,
                p50_ms=sample.percentile(50),
                p99_ms=sample.percentile(99),
            )
        )

    async def _create(self) -> None:
        bodies = _bodies()
        requests = (
            self.target.request("POST", PODS, bodies[i % len(bodies)].replace(_NUMBER, b"%d" % i))
            for i in range(self.plan.pods)
        )
        self._closed("create Pod", await http_load.run(self.target, requests, self.plan.connections))

    async def _get(self) -> None:
        for name, query in (("GET Pod", ""), ("GET Pod, from cache", "?resourceVersion=0")):
            requests = http_load.for_seconds(
                lambda i, query=query: self.target.request(  # type: ignore[misc]
                    "GET", f"{PODS}/pod-{i * 7919 % self.plan.pods}{query}"
                ),
                self.plan.seconds,
            )
            self._closed(name, await http_load.run(self.target, requests, self.plan.connections))

    async def _lists(self) -> None:
        rare = -(-self.plan.pods // _RARE_EVERY)
        for name, query in (
            (f"LIST {self.plan.pods} pods", ""),
            (f"LIST by label, {rare} of {self.plan.pods}", "?labelSelector=rare%3Dyes"),
            (f"LIST by field, none of {self.plan.pods}", "?fieldSelector=spec.nodeName%3Dnone"),
        ):
            # One connection; its first answer also pays for the connection itself.
            requests = [self.target.request("GET", PODS + query)] * (_LISTS + 1)
            sample = await http_load.run(self.target, iter(requests), connections=1)
            if sample.failed or len(sample.latencies) != len(requests):
                raise RuntimeError(f"{name} failed: {sample.first_failure[:400]}")
            times = [latency * 1000 for latency in sample.latencies[1:]]
            received = sample.received // len(requests)
            self._add(Figure(name, ms=statistics.median(times), megabytes=received / 1e6))

    async def _update(self) -> None:
        requests = http_load.for_seconds(
            lambda i: self.target.request(
                "PATCH",
                f"{PODS}/pod-{i * 7919 % self.plan.pods}",
                b'{"metadata":{"annotations":{"bench":"%d"}}}' % i,
                "application/merge-patch+json",
            ),
            self.plan.seconds,
        )
        self._closed("merge-patch Pod", await http_load.run(self.target, requests, self.plan.connections))

    async def _fan_out(self, streams: int) -> None:
        body = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "fan"},
            "data": {"pad": "x" * 800},
        }
        path = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
        await self._one("POST", path, json.dumps(body).encode(), ok=(201, 409))
        caller = http_load.Caller(self.target)
        revision = json.loads(await caller.call(self.target.request("GET", path)))["metadata"]["resourceVersion"]
        watch = f"{path}?watch=1&timeoutSeconds=600&resourceVersion={revision}"
        fan = WatchFan(self.target, watch, streams)

        async def send() -> None:
            change = b'{"data":{"n":"%d"}}' % time.time_ns()
            await caller.call(self.target.request("PATCH", f"{path}/fan", change, "application/merge-patch+json"))

        try:
            await fan.open()
            await send()
            await asyncio.sleep(1)
            rate = await fan.measure(send, self.plan.events)
        finally:
            fan.close()
            caller.close()
        self._add(Figure(f"watch fan-out, {streams} streams", per_second=rate, note="deliveries"))


def _bodies() -> list[bytes]:
    """The pods' JSON, which repeats from the hundredth on but for the number in the name. Made beforehand: the client
    should cost as little as it can while it measures."""
    texts = []
    for number in range(100):
        body = pod(number)
        body["metadata"]["name"] = f"pod-{_NUMBER.decode()}"
        texts.append(json.dumps(body).encode())
    return texts


def pod(number: int) -> dict[str, Any]:
    """A pod of about 3.6 KB as stored, managed fields and what admission adds included; every 50th has the label
    rare=yes."""
    labels = {"app": f"app-{number % 100}", "rare": "yes" if number % _RARE_EVERY == 0 else "no"}
    body: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"pod-{number}", "labels": labels},
        "spec": {
            "schedulerName": "nobody",
            "containers": [
                {
                    "name": f"c{i}",
                    "image": f"registry.example/team/app-{i}:1.{number % 10}",
                    "env": [{"name": f"SETTING_{j}", "value": f"value-{j}"} for j in range(2)],
                    "ports": [{"containerPort": 8080 + i}],
                    "resources": {
                        "requests": {"cpu": "100m", "memory": "128Mi"},
                        "limits": {"cpu": "200m", "memory": "256Mi"},
                    },
                }
                for i in range(2)
            ],
        },
    }
    return body
