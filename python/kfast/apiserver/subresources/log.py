"""pods/log: what a container printed, as its node has it."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from kfast.api.kind import Body, FieldError
from kfast.apiserver.backend import Backend
from kfast.apiserver.handlers.get import read
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.status_errors import bad_request, internal, invalid, quoted
from kfast.apiserver.subresources.connect_options import chosen_container, flag, number, options, text, time
from kfast.errors import StatusError
from kfast.http import websocket
from kfast.http.websocket import Opcode, WebSocket
from kfast.meta.exchange import Channel, Request, Response, Stream, Upgrade

_PROTOCOLS = ("", "binary.k8s.io", "base64.binary.k8s.io")
_MOST_SHOWN = 50_000
_FLAGS = ("follow", "previous", "timestamps")
_NUMBERS = ("sinceSeconds", "tailLines", "limitBytes")
_OPTIONS = {
    **dict.fromkeys(("container", "stream"), text),
    **dict.fromkeys((*_FLAGS, "insecureSkipTLSVerifyBackend"), flag),
    **dict.fromkeys(_NUMBERS, number),
    "sinceTime": time,
}


async def log(backend: Backend, request: Request, info: RequestInfo) -> Response:
    """GET: the log as text, over a WebSocket if that is asked for. Raises StatusError 400, 404, 422 and what the node
    says."""
    wanted = options(request, "PodLogOptions", _OPTIONS)
    errors = _errors(wanted)
    if errors:
        raise invalid("", "PodLogOptions", info.name, errors)
    pod = read(backend, info)
    container = chosen_container(pod, wanted.get("container", ""))
    node = pod.get("spec", "nodeName", default="")
    if not node:
        return Response(204, b"", content_type="")
    path = f"/containerLogs/{pod.namespace}/{pod.name}/{container}"
    answer = await backend.nodes.send_for_pod(node, Request("GET", path, _query(wanted)))
    if not 200 <= answer.status <= 206:
        raise _refused(answer.status, await _text(answer), info.name)
    if not websocket.wanted(request):
        return Response(200, answer.payload, content_type="text/plain")
    protocol, headers = websocket.handshake(request, _PROTOCOLS)

    async def run(channel: Channel) -> None:
        await _over_websocket(WebSocket(channel), protocol, answer)

    return Response(101, Upgrade(run), headers, "")


async def _over_websocket(socket: WebSocket, protocol: str, answer: Response) -> None:
    opcode = Opcode.TEXT if protocol.startswith("base64") else Opcode.BINARY
    chunks = answer.payload.chunks if isinstance(answer.payload, Stream) else _once(answer.payload)
    try:
        async for chunk in chunks:
            await socket.send(websocket.encoded(chunk) if opcode is Opcode.TEXT else chunk, opcode)
        await socket.close()
    except ConnectionError:
        return
    finally:
        await chunks.aclose()


async def _once(payload: object) -> AsyncGenerator[bytes, None]:
    if isinstance(payload, bytes):
        yield payload


async def _text(answer: Response) -> str:
    """An error's body."""
    data = answer.payload if isinstance(answer.payload, bytes) else b""
    if isinstance(answer.payload, Stream):
        async for chunk in answer.payload.chunks:
            data += chunk
            if len(data) >= _MOST_SHOWN:
                break
        await answer.payload.chunks.aclose()
    return data[:_MOST_SHOWN].decode("utf-8", "replace")


def _refused(code: int, said: str, name: str) -> StatusError:
    """As upstream turns a node's refusal into a Status."""
    if code == 400:
        return bad_request(said)
    if code == 500:
        return internal(said)
    details = {"name": name, "kind": "pods/log"}
    if code == 404:
        why = f"the server could not find the requested resource ( pods/log {name})"
        return StatusError(404, "NotFound", why, details)
    if code == 401:
        why = f"the server has asked for the client to provide credentials ( pods/log {name})"
        return StatusError(401, "Unauthorized", why, details)
    if code == 403:
        return StatusError(403, "Forbidden", said, details)
    why = f"an error on the server ({quoted(said)}) has prevented the request from succeeding ( pods/log {name})"
    return StatusError(code, "InternalError", why, details)


def _query(wanted: Body) -> dict[str, list[str]]:
    query = {name: ["true"] for name in _FLAGS if wanted.get(name)}
    query |= {name: [str(wanted[name])] for name in (*_NUMBERS, "sinceTime") if wanted.get(name) is not None}
    return query


def _errors(wanted: Body) -> list[FieldError]:
    errors = []
    tail, limit, seconds = (wanted.get(name) for name in ("tailLines", "limitBytes", "sinceSeconds"))
    if tail is not None and tail < 0:
        errors.append(_too_small("tailLines", tail, "must be greater than or equal to 0"))
    if limit is not None and limit < 1:
        errors.append(_too_small("limitBytes", limit, "must be greater than 0"))
    if seconds is not None and wanted.get("sinceTime") is not None:
        why = "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified"
        errors.append(FieldError("[]", "FieldValueForbidden", why))
    elif seconds is not None and seconds < 1:
        errors.append(_too_small("sinceSeconds", seconds, "must be greater than 0"))
    if wanted.get("stream") is not None:  # behind upstream's feature gate PodLogsQuerySplitStreams, off by default
        errors.append(FieldError("stream", "FieldValueForbidden", "Forbidden: may not be specified"))
    return errors


def _too_small(path: str, value: int, why: str) -> FieldError:
    return FieldError(path, "FieldValueInvalid", f"Invalid value: {value}: {why}")
