"""`kfast demo`: a cluster from nothing to a rolled-out shop, every step timed and checked."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import click
import yaml
from rich.console import Console
from rich.table import Table

from kfast.api.catalog import default_catalog
from kfast.api.kind import Kind
from kfast.client.sync import SyncClient
from kfast.cluster import Cluster
from kfast.errors import KfastError
from kfast.meta.gvk import GroupVersion

NAMESPACE = "default"
DEADLINE = 60.0
SCALED = ("frontend", 100)
ROLLED = ("catalog", "registry.example/shop/catalog:2.0.0")


class DemoError(KfastError):
    """A step did not end as it should."""


@click.command()
@click.option("--nodes", default=5, type=click.IntRange(0), show_default=True, help="Simulated nodes.")
@click.option(
    "--manifests",
    type=click.Path(path_type=Path, exists=True),
    default=Path("examples/shop"),
    show_default=True,
    help="What to deploy.",
)
def command(nodes: int, manifests: Path) -> None:
    """Boot, deploy a small shop, scale it, roll it, tear it down; fails if a step does not end as expected."""
    console = Console()
    steps = _Steps(console)
    try:
        _run(console, steps, nodes, manifests)
    except KfastError as error:
        raise click.ClickException(f"{steps.current}: {error}") from error
    console.print(steps.table())


def _run(console: Console, steps: _Steps, nodes: int, manifests: Path) -> None:
    with steps("boot an API server, controllers, a scheduler and nodes"):
        cluster = Cluster(nodes=nodes, port=0)
        cluster.start()
    shop = _Shop(cluster.https_client())
    try:
        with steps(f"{nodes} nodes Ready"):
            shop.wait(f"{nodes} nodes Ready", lambda: shop.ready_nodes() == nodes)
        with steps(f"apply {manifests}"):
            applied = shop.apply(manifests)
        with steps("every Deployment Available"):
            shop.wait("every Deployment Available", shop.available)
        with steps("every Service has its endpoints"):
            shop.wait("every Service has its endpoints", shop.served)
        with steps(f"scale {SCALED[0]} to {SCALED[1]}"):
            shop.patch(SCALED[0], {"spec": {"replicas": SCALED[1]}})
            shop.wait(f"{SCALED[1]} replicas", lambda: shop.ready(SCALED[0]) == SCALED[1])
        with steps(f"roll {ROLLED[0]} to {ROLLED[1].rpartition(':')[2]}"):
            containers = [{"name": ROLLED[0], "image": ROLLED[1]}]
            shop.patch(ROLLED[0], {"spec": {"template": {"spec": {"containers": containers}}}})
            shop.wait("the new image everywhere", lambda: shop.rolled(*ROLLED))
        for plural in ("nodes", "deployments", "services"):
            console.print(shop.table(plural))
        console.print(f"{applied} objects applied, {shop.pods()} pods running on {nodes} nodes at {cluster.url}")
        with steps("delete everything, wait until it is gone"):
            shop.delete(manifests)
            shop.wait("no pods left", lambda: shop.pods() == 0)
    finally:
        shop.client.close()
        cluster.stop()


class _Steps:
    """Times and names what is under way."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._done: list[tuple[str, float]] = []
        self.current = ""

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        self.current = name
        started = time.perf_counter()
        yield
        took = time.perf_counter() - started
        self._done.append((name, took))
        self._console.print(f"[green]ok[/] {name} ({took * 1000:.0f} ms)")

    def table(self) -> Table:
        """Every step with its time."""
        table = Table("step", "ms")
        for name, took in self._done:
            table.add_row(name, f"{took * 1000:.0f}")
        table.add_row("total", f"{sum(took for _, took in self._done) * 1000:.0f}", style="bold")
        return table


class _Shop:
    """The demo's view of the cluster, over HTTPS as any client's."""

    def __init__(self, client: SyncClient) -> None:
        self.client = client
        self._catalog = default_catalog()

    def _kind(self, api_version: str, kind: str) -> Kind:
        group, version = GroupVersion.parse(api_version)
        found = self._catalog.by_gvk(group, version, kind)
        if found is None:
            raise DemoError(f"kind {kind} of {api_version} is not served")
        return found

    def wait(self, what: str, true: Callable[[], bool]) -> None:
        """Polls until `true()`. Raises DemoError at the deadline."""
        deadline = time.monotonic() + DEADLINE
        while not true():
            if time.monotonic() > deadline:
                raise DemoError(f"not within {DEADLINE:.0f} s: {what}")
            time.sleep(0.01)

    def _objects(self, manifests: Path) -> Iterator[tuple[Kind, dict[str, Any]]]:
        for path in sorted(manifests.rglob("*.yaml")):
            for body in yaml.safe_load_all(path.read_text()):
                yield self._kind(body["apiVersion"], body["kind"]), body

    def apply(self, manifests: Path) -> int:
        """Creates every object; how many."""
        objects = list(self._objects(manifests))
        for kind, body in objects:
            self.client.create(kind, body, NAMESPACE)
        return len(objects)

    def delete(self, manifests: Path) -> None:
        """Deletes every object; what they own follows."""
        for kind, body in self._objects(manifests):
            self.client.delete(kind, body["metadata"]["name"], NAMESPACE)

    def patch(self, deployment: str, patch: dict[str, Any]) -> None:
        """Strategic merge patch of a Deployment."""
        self.client.patch(self._kind("apps/v1", "Deployment"), deployment, patch, NAMESPACE, type="strategic")

    def _deployments(self) -> list[dict[str, Any]]:
        listed = self.client.list(self._kind("apps/v1", "Deployment"), NAMESPACE)
        return [o.to_dict() for o in listed.objects]

    def available(self) -> bool:
        """Every Deployment has all its replicas available at its newest generation."""
        found = self._deployments()
        return bool(found) and all(_complete(d) for d in found)

    def ready(self, name: str) -> int:
        """Available replicas of a Deployment."""
        deployment = self.client.get(self._kind("apps/v1", "Deployment"), name, NAMESPACE)
        return int(deployment.get("status", "availableReplicas", default=0))

    def rolled(self, name: str, image: str) -> bool:
        """The Deployment is complete and all its pods run `image`."""
        deployment = self.client.get(self._kind("apps/v1", "Deployment"), name, NAMESPACE).to_dict()
        pods = self.client.list(self._kind("v1", "Pod"), NAMESPACE, label_selector=f"app={name}").objects
        images = {c["image"] for p in pods for c in p.get("spec", "containers")}
        return _complete(deployment) and images == {image} and len(pods) == deployment["spec"]["replicas"]

    def served(self) -> bool:
        """The slices of every Service hold as many ready endpoints as its Deployment has replicas."""
        slices = self.client.list(self._kind("discovery.k8s.io/v1", "EndpointSlice"), NAMESPACE).objects
        ready: dict[str, int] = {}
        for one in slices:
            name = one.labels.get("kubernetes.io/service-name", "")
            endpoints = one.get("endpoints", default=[]) or []
            ready[name] = ready.get(name, 0) + sum(bool(e["conditions"]["ready"]) for e in endpoints)
        return all(ready.get(d["metadata"]["name"]) == d["spec"]["replicas"] for d in self._deployments())

    def ready_nodes(self) -> int:
        """Nodes whose Ready condition is True."""
        nodes = self.client.list(self._kind("v1", "Node")).objects
        conditions = [n.get("status", "conditions", default=[]) for n in nodes]
        return sum(any(c["type"] == "Ready" and c["status"] == "True" for c in cs) for cs in conditions)

    def pods(self) -> int:
        """Pods of the namespace."""
        return len(self.client.list(self._kind("v1", "Pod"), NAMESPACE).objects)

    def table(self, plural: str) -> Table:
        """The server's own Table, as kubectl would print it."""
        kinds = {"nodes": ("v1", "Node"), "deployments": ("apps/v1", "Deployment"), "services": ("v1", "Service")}
        kind = self._kind(*kinds[plural])
        path = kind.path(NAMESPACE if kind.namespaced else "")
        answer = self.client.request("GET", path, accept="application/json;as=Table;v=v1;g=meta.k8s.io")
        body = json.loads(cast(bytes, answer.payload))
        shown = [i for i, c in enumerate(body["columnDefinitions"]) if c["priority"] == 0]
        table = Table(*(body["columnDefinitions"][i]["name"] for i in shown), title=plural)
        for row in body["rows"]:
            table.add_row(*(str(row["cells"][i]) for i in shown))
        return table


def _complete(deployment: dict[str, Any]) -> bool:
    wanted = deployment["spec"]["replicas"]
    status = deployment.get("status") or {}
    counts = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")]
    return counts == [wanted] * 3 and status.get("observedGeneration") == deployment["metadata"]["generation"]
