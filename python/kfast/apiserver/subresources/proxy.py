"""`/proxy` of pods, services and nodes: any request, to a port of theirs."""

from __future__ import annotations

import ipaddress
import re
import zlib
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote, unquote, urlencode, urlsplit, urlunsplit

from kfast._core import Object
from kfast.apiserver.admission.chain import Attributes
from kfast.apiserver.backend import Backend
from kfast.apiserver.nodes import address, kubelet_port
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.status_errors import bad_request, method_not_supported, not_found, unavailable
from kfast.errors import StatusError
from kfast.http.certificates import client_context
from kfast.http.client import HOP_BY_HOP, Target
from kfast.http.dialling import authority, failure_text
from kfast.meta.exchange import Request, Response, Stream

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_KINDS = {"pods": "PodProxyOptions", "services": "ServiceProxyOptions", "nodes": "NodeProxyOptions"}
_CROSS_ORIGIN = frozenset(f"access-control-allow-{what}" for what in ("credentials", "headers", "methods", "origin"))
_ATTRIBUTE = re.compile(
    rb"""(?i)(\s(?:action|background|cite|classid|codebase|data|formaction|href|icon|longdesc|manifest|poster|profile"""
    rb"""|src|usemap)\s*=\s*)(["'])(/(?!/)[^"']*)\2"""
)
_HTML_LIMIT = 16 << 20
_GZIP = 47  # any of zlib's and gzip's headers


class Reference(NamedTuple):
    """`[scheme:]name[:port]`."""

    scheme: str
    name: str
    port: str

    @classmethod
    def parse(cls, text: str) -> Reference | None:
        """None for what is no reference."""
        parts = text.split(":")
        if len(parts) == 3 and parts[0] in ("http", "https", ""):
            scheme, name, port = parts
        elif len(parts) < 3:
            scheme, name, port = "", parts[0], parts[1] if len(parts) == 2 else ""
        else:
            return None
        return cls(scheme, name, port) if name else None


@dataclass(frozen=True, slots=True)
class _Location:
    """Where the request goes: a target, or (empty host) the kubelet of `node`."""

    host: str
    port: int
    scheme: str = "http"
    node: str = ""


async def proxy(backend: Backend, request: Request, info: RequestInfo) -> Response:
    """The answer of what is behind. Raises StatusError 400, 404, 405, 503."""
    if request.method not in _METHODS:
        raise method_not_supported()
    prefix, rest = _split(request, info)
    options = {"apiVersion": "v1", "kind": _KINDS[info.resource], "path": rest}
    schema = f"v1/{options['kind']}"
    attributes = Attributes.of("CONNECT", request, info, None, name=info.name, object=options, schema=schema)
    await backend.admission.review(attributes)
    location = _locate(backend, info)
    query = request.target.partition("?")[2] if request.target else urlencode(request.query, doseq=True)
    if not rest and request.method in ("GET", "HEAD") and not _upgrades(request):
        return Response(301, b"", {"Location": f"{prefix}/" + (f"?{query}" if query else "")}, "")
    path = (rest or "/") + (f"?{query}" if query else "")
    headers = _headers(request, prefix + rest)
    response = await _sent(backend, request, location, path, headers)
    for name in [name for name in response.headers if name.lower() in _CROSS_ORIGIN]:
        del response.headers[name]
    return await _rewritten(response, prefix, location, request.headers.get("host", ""))


async def _sent(
    backend: Backend, request: Request, location: _Location, path: str, headers: dict[str, str]
) -> Response:
    if location.node:
        split = urlsplit(path)
        onward = Request(request.method, unquote(split.path), request.query, headers, request.body, target=path)
        return await backend.nodes.send(location.node, onward)
    target = Target(location.host, location.port, client_context(None) if location.scheme == "https" else None)
    try:
        return await backend.http.send(target, request.method, path, headers, request.body)
    except OSError as error:
        text = failure_text(error, location.host, location.port)
        raise unavailable(f"error trying to reach service: {text}") from error


def _split(request: Request, info: RequestInfo) -> tuple[str, str]:
    """What leads to the proxy, and the path behind it, both escaped."""
    raw = request.target.partition("?")[0] if request.target else quote(request.path, safe="/:@!$&'()*+,;=-._~")
    parts = raw.split("/")
    at = parts.index(info.resource)
    while unquote(parts[at + 2] if at + 2 < len(parts) else "") != "proxy":
        at = parts.index(info.resource, at + 1)
    rest = parts[at + 3 :]
    return "/".join(parts[: at + 3]), "/" + "/".join(rest) if rest else ""


def _upgrades(request: Request) -> bool:
    return "upgrade" in request.headers.get("connection", "").lower()


def _headers(request: Request, path: str) -> dict[str, str]:
    kept = ("connection", "upgrade") if _upgrades(request) else ()
    headers = {
        name: value
        for name, value in request.headers.items()
        if (name not in HOP_BY_HOP or name in kept) and name not in ("authorization", "content-length", "expect")
    }
    headers |= {"X-Forwarded-Uri": path, "X-Forwarded-Proto": "https"}
    if request.headers.get("host"):
        headers["X-Forwarded-Host"] = request.headers["host"]
    return headers


def _locate(backend: Backend, info: RequestInfo) -> _Location:
    """Raises StatusError 400, 404, 500, 503."""
    what = info.resource.removesuffix("s")
    reference = Reference.parse(info.name)
    if reference is None:
        raise bad_request(f'invalid {what} request "{info.name}"')
    if info.resource == "nodes":
        return _of_node(backend, reference)
    if info.resource == "services":
        return _of_service(backend, info, reference)
    pod = backend.store.get("pods", info.namespace, reference.name)
    if pod is None:
        raise not_found(info.served.kind, reference.name)
    port = reference.port or _first_port(pod)
    ip = pod.get("status", "podIP", default="") or ""
    _check_address(backend, ip, pod.get("spec", "nodeName", default="") or "")
    return _Location(ip, _number(port) if port else 443 if reference.scheme == "https" else 80, reference.scheme)


def _of_node(backend: Backend, reference: Reference) -> _Location:
    node = backend.nodes.node(reference.name)
    if reference.port in ("", str(kubelet_port(node))):
        return _Location("", 0, node=reference.name)
    host = address(node)
    _check_address(backend, host, reference.name)
    return _Location(host, _number(reference.port), reference.scheme)


def _of_service(backend: Backend, info: RequestInfo, reference: Reference) -> _Location:
    service = backend.store.get("services", info.namespace, reference.name)
    if service is None:
        raise not_found(info.served.kind, reference.name)
    port = reference.port
    if port.isdigit():
        ports = service.get("spec", "ports") or []
        found = next((p.get("name") or "" for p in ports if p.get("port") == int(port)), None)
        if found is None:
            raise unavailable(f'no service port {port} found for service "{reference.name}"')
        port = found
    if not backend.services.has_slices(service):
        raise not_found(info.served.kind, reference.name)
    endpoint = backend.services.endpoint(service, port)
    return _Location(endpoint.host, endpoint.port, reference.scheme)


def _first_port(pod: Object) -> str:
    for container in pod.get("spec", "containers"):
        for port in container.get("ports") or ():
            return str(port["containerPort"])
    return ""


def _number(port: str) -> int:
    """Raises StatusError 503, as dialling an unknown port does."""
    if port.isascii() and port.isdigit() and 0 < int(port) < 65_536:
        return int(port)
    raise unavailable(f"error trying to reach service: dial tcp: lookup tcp/{port}: unknown port")


def _check_address(backend: Backend, ip: str, node: str) -> None:
    """Pods must not lead to the API server's own machine, but pods of nodes of this process are nowhere else.
    Raises StatusError 400."""
    try:
        parsed = ipaddress.ip_address(ip)
    except ValueError:
        raise bad_request("address not allowed") from None
    special = parsed.is_loopback or parsed.is_link_local or parsed.is_multicast or parsed.is_unspecified
    if special and not (parsed.is_loopback and backend.nodes.local(node) is not None):
        raise bad_request("address not allowed")


async def _rewritten(response: Response, prefix: str, location: _Location, host: str) -> Response:
    """Links that lead to the root of what is behind lead to the proxy's."""
    for name, value in response.headers.items():
        if name.lower() == "location":
            response.headers[name] = _link(value, prefix, location, host)
    if not response.content_type.lower().startswith("text/html"):
        return response
    encoding = next((value for name, value in response.headers.items() if name.lower() == "content-encoding"), "")
    if encoding not in ("", "gzip", "deflate"):
        return response
    data = await _whole(response)
    if data is None:
        return response
    if encoding:
        try:
            data = zlib.decompress(data, _GZIP)
        except zlib.error as error:
            raise StatusError(500, "", f"the answer of the proxied server: {error}") from None
        response.headers = {name: v for name, v in response.headers.items() if name.lower() != "content-encoding"}
    response.payload = _ATTRIBUTE.sub(
        lambda m: (
            m[1]
            + m[2]
            + _prefixed(m[3].decode("utf-8", "surrogateescape"), prefix).encode("utf-8", "surrogateescape")
            + m[2]
        ),
        data,
    )
    return response


def _link(value: str, prefix: str, location: _Location, host: str) -> str:
    try:
        url = urlsplit(value)
    except ValueError:
        return value
    ours = ("", authority(location.host, location.port), location.host, host)
    if url.netloc not in ours or not url.path.startswith("/"):
        return value
    return urlunsplit(("", "", _prefixed(url.path, prefix), url.query, url.fragment))


def _prefixed(path: str, prefix: str) -> str:
    return path if path.startswith(prefix) else prefix + path


async def _whole(response: Response) -> bytes | None:
    """The body, None if it is too long to be rewritten."""
    stream = response.payload
    if not isinstance(stream, Stream):
        return stream if isinstance(stream, bytes) else None
    if stream.length is None or stream.length > _HTML_LIMIT:
        return None
    return b"".join([chunk async for chunk in stream.chunks])
