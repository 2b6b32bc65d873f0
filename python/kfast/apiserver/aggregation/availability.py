"""Whether a remote API server can be asked: the condition Available, in upstream's words."""

from __future__ import annotations

import asyncio
from typing import Any

from kfast._core import LabelSelector
from kfast.api.kind import Body
from kfast.apiserver.aggregation.remote import Forwarder, Remote
from kfast.clock import real_time, rfc3339
from kfast.errors import StatusError
from kfast.meta.exchange import User
from kfast.store.protocol import Store

AGGREGATOR = User("system:kube-aggregator", groups=("system:masters",))
_SLICES = "endpointslices.discovery.k8s.io"
_SECONDS = 5.0
_ATTEMPTS = 3

Verdict = tuple[str, str, str]
"""Status, reason, message."""


async def check(store: Store, forwarder: Forwarder, remote: Remote) -> Verdict:
    """Looks at the service, its endpoints, and asks for the discovery document."""
    verdict = _of_service(store, *remote.service)
    if verdict is not None:
        return verdict
    why = ""
    for _ in range(_ATTEMPTS):
        why = await _asked(forwarder, remote)
        if not why:
            return "True", "Passed", "all checks passed"
    return "False", "FailedDiscoveryCheck", why


def with_condition(body: Body, verdict: Verdict, now: float) -> Body:
    """The APIService with the condition; its time moves only with its status."""
    status, reason, message = verdict
    conditions: list[Body] = [dict(c) for c in (body.get("status") or {}).get("conditions") or ()]
    wanted = {"type": "Available", "status": status, "reason": reason, "message": message}
    for condition in conditions:
        if condition["type"] == "Available":
            if condition.get("status") != status:
                condition["lastTransitionTime"] = rfc3339(now)
            condition.update(wanted)
            break
    else:
        conditions.append({"lastTransitionTime": rfc3339(now), **wanted})
    return body | {"status": {**(body.get("status") or {}), "conditions": conditions}}


def _of_service(store: Store, namespace: str, name: str, port: int) -> Verdict | None:
    """What is wrong before anything is asked."""
    what = f'service/{name} in "{namespace}"'
    service = store.get("services", namespace, name)
    if service is None:
        return "False", "ServiceNotFound", f"{what} is not present"
    if service.get("spec", "type", default="ClusterIP") != "ClusterIP":
        return None
    ports: list[dict[str, Any]] = service.get("spec", "ports") or []
    port_name = next((p.get("name") or "" for p in ports if p.get("port") == port), None)
    if port_name is None:
        return "False", "ServicePortError", f"{what} is not listening on port {port}"
    selector = LabelSelector.parse(f"kubernetes.io/service-name={name}")
    slices = store.list(_SLICES, namespace, labels=selector).objects
    if not slices:
        return "False", "EndpointsNotFound", f"cannot find endpointslices for {what}"
    for piece in slices:
        endpoints: list[dict[str, Any]] = piece.get("endpoints") or []
        ready = any((e.get("conditions") or {}).get("ready") is not False for e in endpoints)
        served: list[dict[str, Any]] = piece.get("ports") or []
        if ready and any((p.get("name") or "") == port_name and p.get("port") for p in served):
            return None
    message = f'endpointslices for {what} have no addresses with port name "{port_name}"'
    return "False", "MissingEndpoints", message


async def _asked(forwarder: Forwarder, remote: Remote) -> str:
    """Why the discovery document is not to be had, empty if it is."""
    path = remote.gv.path
    try:
        with real_time():
            async with asyncio.timeout(_SECONDS):
                response, url = await forwarder.get(remote, path, AGGREGATOR)
    except TimeoutError:
        return f"timed out waiting for {path}"
    except StatusError as error:
        return error.message
    except (OSError, ValueError) as error:
        text = str(error)
        url = text.partition('"')[2].partition('"')[0] or path
        return f"failing or missing response from {url}: {text}"
    if not 200 <= response.status < 300:
        return f"failing or missing response from {url}: bad status from {url}: {response.status}"
    return ""
