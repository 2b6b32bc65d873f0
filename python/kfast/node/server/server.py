"""`NodeServer`: what the kubelets of an agent answer, over HTTPS or to a caller in the same process."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any, Protocol

import msgspec

from kfast.client import Client, TransportError
from kfast.clock import Clock
from kfast.errors import StatusError
from kfast.meta.exchange import Handler, Request, Response, Stream
from kfast.node.runtime import Console, ContainerError, Runtime
from kfast.node.server import commands, figures, logs, port_forward
from kfast.node.server.answers import PLAIN, RefusedError, text
from kfast.runtime import Object
from kfast.runtime.delegated_access import DelegatedAccess

_VERBS = {"POST": "create", "GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_LISTS = ("containers", "initContainers", "ephemeralContainers")
_SUBRESOURCES: dict[str, tuple[str, ...]] = {
    "pods": ("pods", "proxy"),
    "runningpods": ("pods", "proxy"),
    "healthz": ("healthz", "proxy"),
    "stats": ("stats",),
    "metrics": ("metrics",),
}
_STREAMED = frozenset({"exec", "attach", "portForward"})
_log = logging.getLogger(__name__)


class Host(Protocol):
    """What the server knows of the nodes."""

    runtime: Runtime

    def pod(self, namespace: str, name: str) -> Object | None:
        """The pod, its status as its node left it; None if no node of the agent has it."""
        ...

    def pods(self, node: str) -> Iterable[Object]:
        """The pods bound to a node."""
        ...


class NodeServer:
    """Answers for all nodes of `host`; `handler` gives one node's door."""

    def __init__(self, host: Host, client: Client, clock: Clock) -> None:
        self._host = host
        self._clock = clock
        self._access = DelegatedAccess(client, clock)
        self._routes: dict[str, Callable[[str, Request, list[str]], Awaitable[Response]]] = {
            "containerLogs": self._logs,
            "exec": self._exec,
            "attach": self._attach,
            "portForward": self._port_forward,
            "pods": self._pods,
            "runningpods": self._running_pods,
            "stats": self._stats,
            "metrics": self._metrics,
            "healthz": self._healthz,
        }

    def handler(self, node: str) -> Handler:
        """The door of a node. Callers in the same process name their user in the request."""
        return partial(self._handle, node)

    async def nobody(self, _: Request) -> Response:
        """The answer at an address no node has."""
        return text("no node has this address\n", 421)

    async def _handle(self, node: str, request: Request) -> Response:
        try:
            return await self._answer(node, request)
        except RefusedError as refusal:
            return text(str(refusal), refusal.code)
        except StatusError as error:
            return text(error.message, error.code)
        except ContainerError as failure:
            return text(str(failure), 400)
        except TransportError as error:
            return text(f"Internal Server Error: {error}", 500)
        except Exception as error:
            _log.exception("%s %s failed", request.method, request.path)
            return text(f"{type(error).__name__}: {error}", 500)

    async def _answer(self, node: str, request: Request) -> Response:
        parts = request.path.strip("/").split("/")
        await self._admit(node, request, parts[0])
        route = self._routes.get(parts[0])
        if route is None:
            return text("404 page not found\n", 404)
        if request.method != "GET" and not (request.method == "POST" and parts[0] in _STREAMED):
            return text("405: Method Not Allowed", 405)
        return await route(node, request, parts[1:])

    async def _admit(self, node: str, request: Request, root: str) -> None:
        """Raises RefusedError 401 and 403."""
        user = await self._access.user(request)
        if user is None:
            raise RefusedError(401, "Unauthorized")
        verb = _VERBS.get(request.method, "")
        subresources = _SUBRESOURCES.get(root, ("proxy",))
        for subresource in subresources:
            attributes = (("verb", verb), ("version", "v1"), ("resource", "nodes"))
            if await self._access.allowed(user, (*attributes, ("subresource", subresource), ("name", node))):
                return
        who = f"user={user.name}, verb={verb}, resource=nodes, subresource(s)=[{' '.join(subresources)}]"
        raise RefusedError(403, f"Forbidden ({who})\n")

    def _pod(self, node: str, namespace: str, name: str, uid: str = "") -> Object:
        """Raises RefusedError 404."""
        pod = self._host.pod(namespace, name)
        if pod is None or pod.get("spec", "nodeName") != node or (uid and pod.uid != uid):
            raise RefusedError(404, f'pod "{name}" does not exist')
        return pod

    async def _logs(self, node: str, request: Request, path: list[str]) -> Response:
        if len(path) != 3:
            raise RefusedError(400, '{"message": "Missing container name."}')
        options = logs.LogOptions.read(request, self._clock.now())
        pod = self._pod(node, path[0], path[1])
        body = pod.to_dict()
        _check_container(body, path[2])
        run = logs.run_of(body, path[2], options.previous)
        lines = self._host.runtime.logs(pod, path[2], run, follow=options.follow)
        return Response(200, Stream(logs.chosen(lines, options)), content_type=PLAIN)

    async def _exec(self, node: str, request: Request, path: list[str]) -> Response:
        pod, container = self._running(node, path)
        command = request.query.get("command") or []
        if not command:
            raise RefusedError(400, "you must specify a command")

        async def run(console: Console) -> int:
            return await self._host.runtime.exec(pod, container, command, console)

        return commands.serve(request, run)

    async def _attach(self, node: str, request: Request, path: list[str]) -> Response:
        pod, container = self._running(node, path)

        async def run(console: Console) -> int:
            return await self._host.runtime.attach(pod, container, console)

        return commands.serve(request, run)

    async def _port_forward(self, node: str, request: Request, path: list[str]) -> Response:
        if len(path) not in (2, 3):
            raise RefusedError(404, "404: Page Not Found")
        pod = self._pod(node, path[0], path[1], *path[2:])
        return port_forward.serve(request, self._host.runtime, pod)

    def _running(self, node: str, path: list[str]) -> tuple[Object, str]:
        """The pod and the container of `/ns/pod/[uid/]container`. Raises RefusedError."""
        if len(path) not in (3, 4):
            raise RefusedError(404, "404: Page Not Found")
        pod, container = self._pod(node, path[0], path[1], *path[2:-1]), path[-1]
        status = pod.get("status", default={}) or {}
        lists = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
        states = [s for key in lists for s in status.get(key) or () if s["name"] == container]
        if not any("running" in (state.get("state") or {}) for state in states):
            raise RefusedError(500, f'unable to upgrade connection: container not found ("{container}")')
        return pod, container

    async def _pods(self, node: str, request: Request, path: list[str]) -> Response:
        return _pod_list(self._host.pods(node))

    async def _running_pods(self, node: str, request: Request, path: list[str]) -> Response:
        return _pod_list(pod for pod in self._host.pods(node) if pod.get("status", "phase") == "Running")

    async def _stats(self, node: str, request: Request, path: list[str]) -> Response:
        if path not in ([], ["summary"]):
            raise RefusedError(404, "404: Page Not Found")
        return Response(200, msgspec.json.encode(figures.summary(node, self._host, self._clock.now())))

    async def _metrics(self, node: str, request: Request, path: list[str]) -> Response:
        now = self._clock.now()
        if path not in ([], ["resource"]):
            raise RefusedError(404, "404 page not found\n")
        shown = figures.resource_metrics(node, self._host, now) if path else figures.metrics(node, self._host)
        return Response(200, shown.encode(), content_type="text/plain; version=0.0.4; charset=utf-8")

    async def _healthz(self, node: str, request: Request, path: list[str]) -> Response:
        return text("ok")


def _check_container(pod: dict[str, Any], container: str) -> None:
    """Raises RefusedError 404."""
    spec = pod["spec"]
    if not any(c["name"] == container for key in _LISTS for c in spec.get(key) or ()):
        raise RefusedError(404, f'container "{container}" not found in pod "{pod["metadata"]["name"]}"')


def _pod_list(pods: Iterable[Object]) -> Response:
    body = {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": [pod.to_dict() for pod in pods]}
    return Response(200, msgspec.json.encode(body))
