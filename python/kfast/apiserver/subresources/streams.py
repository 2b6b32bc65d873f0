"""pods/exec, pods/attach and pods/portforward: passed through to the pod's node."""

from __future__ import annotations

from kfast._core import Object
from kfast.api.kind import Body
from kfast.apiserver.admission.chain import Attributes
from kfast.apiserver.authz.authorizer import require
from kfast.apiserver.backend import Backend
from kfast.apiserver.handlers.get import read
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.status_errors import bad_request
from kfast.apiserver.subresources.connect_options import chosen_container, flag, options, text, words
from kfast.http.client import HOP_BY_HOP
from kfast.meta.exchange import Request, Response

_NAMES_ON_NODES = {"stdin": "input", "stdout": "output", "stderr": "error", "tty": "tty"}
_OPTIONS = {"container": text, **dict.fromkeys(_NAMES_ON_NODES, flag)}
_KEPT = frozenset({"connection", "upgrade"})


async def execute(backend: Backend, request: Request, info: RequestInfo) -> Response:
    """Runs a command in a container. Raises StatusError 400, 403, 404."""
    wanted = options(request, "PodExecOptions", {**_OPTIONS, "command": words})
    pod = await _admitted(backend, request, info, wanted)
    container = chosen_container(pod, wanted.get("container", ""))
    query = _query(wanted)
    if wanted.get("command"):
        query["command"] = wanted["command"]
    return await _passed(backend, request, pod, f"/exec/{pod.namespace}/{pod.name}/{container}", query)


async def attach(backend: Backend, request: Request, info: RequestInfo) -> Response:
    """Speaks with a container's main process. Raises StatusError 400, 403, 404."""
    wanted = options(request, "PodAttachOptions", _OPTIONS)
    pod = await _admitted(backend, request, info, wanted)
    container = chosen_container(pod, wanted.get("container", ""))
    return await _passed(backend, request, pod, f"/attach/{pod.namespace}/{pod.name}/{container}", _query(wanted))


async def port_forward(backend: Backend, request: Request, info: RequestInfo) -> Response:
    """Connects to ports of a pod. Raises StatusError 400, 403, 404."""
    wanted = options(request, "PodPortForwardOptions", {})
    ports = [port for value in request.query.get("ports", ()) for port in value.split(",")]
    for port in ports:
        if not (port.isascii() and port.isdigit()):
            why = f'strconv.ParseUint: parsing "{port}": invalid syntax'
            raise bad_request(f"cannot convert to []int32: {why}")
    if ports:
        wanted["ports"] = [int(port) for port in ports]
    pod = await _admitted(backend, request, info, wanted)
    query = {"port": ports} if ports else {}
    return await _passed(backend, request, pod, f"/portForward/{pod.namespace}/{pod.name}", query)


async def _admitted(backend: Backend, request: Request, info: RequestInfo, wanted: Body) -> Object:
    """The pod, once everybody agreed: also who may only read must be allowed to create. Raises StatusError."""
    schema = f"v1/{wanted['kind']}"
    attributes = Attributes.of("CONNECT", request, info, None, name=info.name, object=wanted, schema=schema)
    await backend.admission.review(attributes)
    if info.verb != "create" and request.user is not None:
        verb, info.verb = info.verb, "create"
        await require(backend.authorizer, request.user, info)
        info.verb = verb
    return read(backend, info)


def _query(wanted: Body) -> dict[str, list[str]]:
    return {there: ["1"] for here, there in _NAMES_ON_NODES.items() if wanted.get(here)}


async def _passed(backend: Backend, request: Request, pod: Object, path: str, query: dict[str, list[str]]) -> Response:
    node = pod.get("spec", "nodeName", default="")
    if not node:
        raise bad_request(f"pod {pod.name} does not have a host assigned")
    if "upgrade" not in request.headers.get("connection", "").lower():
        backend.nodes.node_of_pod(node)
        raise bad_request("Upgrade request required")
    headers = {
        name: value
        for name, value in request.headers.items()
        if (name not in HOP_BY_HOP or name in _KEPT) and name not in ("host", "authorization")
    }
    return await backend.nodes.send_for_pod(node, Request(request.method, path, query, headers, request.body))
