"""Explanations for clusters this process does not run: manifests, or any API server."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kfast._core import Object
from kfast.api.core import pod
from kfast.client import Client
from kfast.errors import StatusError
from kfast.meta import kubeconfig
from kfast.scheduler import manifests
from kfast.scheduler.explain import Explanation, explain
from kfast.scheduler.inputs import INPUTS
from kfast.scheduler.offline import core_of


def from_manifests(texts: Mapping[str, str], name: str, namespace: str) -> Explanation:
    """Explains a pod of the cluster that manifests describe, given by file name. Raises ValueError, CoreError."""
    objects = [o for file, text in texts.items() for o in manifests.read(text, file)]
    wanted = manifests.pod_of(objects, name, namespace)
    if wanted is None:
        raise ValueError(f"no pod and no workload {namespace}/{name} in {', '.join(texts)}")
    pods = [o for o in objects if o["kind"] == "Pod"]
    core = core_of(manifests.handles(objects), manifests.handles(pods))
    return explain(core, *manifests.handles([wanted]))


async def from_cluster(path: Path | None, name: str, namespace: str) -> Explanation:
    """Explains a pod of a live cluster, by default that of kubectl. Raises StatusError, TransportError, ValueError."""
    from kfast.client import HTTPSTransport

    client = Client(HTTPSTransport(kubeconfig.load(path)))
    try:
        wanted = await client.get(pod.KIND, name, namespace)
        objects: list[Object] = []
        for known in INPUTS:
            try:
                objects += (await client.list(known.kind)).objects
            except StatusError as error:
                if not error.not_found:
                    raise
        pods = await client.list(pod.KIND, field_selector="status.phase!=Succeeded,status.phase!=Failed")
    finally:
        await client.close()
    return explain(core_of(objects, pods.objects), wanted)
