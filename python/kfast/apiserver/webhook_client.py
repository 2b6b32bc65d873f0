"""Calls of webhooks over HTTPS, as admission and the conversion of custom resources make them.

Failures are told in the words of upstream's client: they end up in the answers of API requests.
"""

from __future__ import annotations

import asyncio
import base64
import io
import math
import re
import socket
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from kfast.apiserver.service_resolver import ServiceResolver
from kfast.apiserver.status_errors import quoted
from kfast.apiserver.webhook_users import NOBODY, Credentials, WebhookUsers
from kfast.clock import in_task, real_time
from kfast.errors import KfastError, StatusError
from kfast.meta.kubeconfig import KubeconfigError

if TYPE_CHECKING:
    import aiohttp
    from aiohttp.abc import ResolveResult

DEFAULT_PORT = 443
_IDLE_SECONDS = 90.0
"""How long an unused connection is kept: Go's default."""
_LARGE_BODY = 1 << 20
_RETRIES = 10
_MOST_SHOWN = 2048
"""Characters of an answer without a Status that an error shows."""
_HEADERS = {
    "Accept": "application/json, */*",
    "Content-Type": "application/json",
    "User-Agent": "kube-apiserver-admission",
}
_RESPONSES = {
    400: "the server rejected our request for an unknown reason",
    401: "the server has asked for the client to provide credentials",
    404: "the server could not find the requested resource",
    405: "the server does not allow this method on the requested resource",
    409: "the server reported a conflict",
    422: "the server rejected our request due to an error in our request",
    429: "the server has received too many requests and has asked us to try again later",
    503: "the server is currently unable to handle the request",
    504: "the server was unable to return a response in the time allotted, but may still be processing the request",
}
_UNKNOWN_AUTHORITY = frozenset({2, 18, 19, 20, 21, 24, 27})
_EXPIRED = frozenset({9, 10})
_OTHER_NAME = frozenset({62, 64})
"""OpenSSL's verification results, as they are grouped in upstream's messages."""


class WebhookError(KfastError):
    """A webhook could not be asked, or its answer is not one; the text goes to the API's client. `code` is that of an
    HTTP error, 503 without an answer."""

    def __init__(self, message: str, code: int = 503) -> None:
        super().__init__(message)
        self.code = code


class WebhookConfigError(WebhookError):
    """The configuration of a webhook cannot be used, whether it answers or not."""


@dataclass(frozen=True, slots=True)
class WebhookTarget:
    """Where a webhook is: a `url`, or a path (with leading slash) of a service's port. `ca_bundle` is PEM; without one
    the system's authorities are trusted."""

    url: str
    service: tuple[str, str, int] | None = None
    """Namespace, name, port."""
    ca_bundle: bytes = b""
    insecure: bool = False
    """Whether any certificate will do."""

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> WebhookTarget:
        """From a WebhookClientConfig of the API, with defaults applied or not."""
        bundle = base64.b64decode(config.get("caBundle") or "")
        service = config.get("service")
        if service is None:
            url = str(config.get("url") or "")
            return cls(url if urlsplit(url).path else f"{url}/", None, bundle)
        namespace, name = service.get("namespace") or "", service.get("name") or ""
        port, path = int(service.get("port") or DEFAULT_PORT), str(service.get("path") or "")
        url = f"https://{name}.{namespace}.svc:{port}/{path.removeprefix('/')}"
        return cls(url, (namespace, name, port), bundle)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or DEFAULT_PORT


class WebhookClient:
    """Pooled connections to all webhooks of one API server. They live on the loop of the first call."""

    def __init__(self, services: ServiceResolver) -> None:
        self._services = services
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def close(self) -> None:
        """Closes all connections."""
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            await session.close()

    async def post(
        self, target: WebhookTarget, review: bytes, timeout: float, users: WebhookUsers | None = None
    ) -> Any:
        """The decoded answer to a JSON `review`, within `timeout` seconds of the loop's time. Asks again, ten times at
        most, where an answer of 429 or 5xx says after how many seconds. `users` say who asks, nobody without them.
        Raises WebhookError."""
        try:
            credentials = users.of(*target.address) if users is not None else NOBODY
        except KubeconfigError as error:
            raise WebhookConfigError(str(error)) from error
        code, headers, data = await self.send(target, review, timeout, credentials)
        if not data:
            kind = headers.get("Content-Type", "")
            raise WebhookError(f"0-length response with status code: {code} and content type: {kind}")
        try:
            return msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise WebhookError(unreadable("string")) from error  # upstream reads it as YAML then

    async def send(
        self, target: WebhookTarget, body: bytes, timeout: float, credentials: Credentials = NOBODY
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Code, headers and body of the answer to a JSON `body`, asked for as in `post`. Raises WebhookError, also for
        an answer that is no success."""
        import aiohttp  # slow to import, and most servers call no webhook

        context = tls_context(target.ca_bundle, credentials.certificate, target.insecure)
        url = f"{target.url}?timeout={math.ceil(timeout)}s"
        await in_task()
        try:
            with real_time():
                async with asyncio.timeout(timeout):
                    for retries_left in reversed(range(_RETRIES + 1)):
                        code, headers, data = await self._exchange(target, url, body, context, credentials)
                        wait = _retry_after(code, headers)
                        if wait is None or not retries_left:
                            break
                        await asyncio.sleep(wait)
        except (aiohttp.ClientError, StatusError, OSError, ValueError, TimeoutError) as error:
            raise WebhookError(f"Post {quoted(url)}: {_reason(error, target)}") from error
        if not 200 <= code <= 206:
            raise WebhookError(*_refusal(code, headers, data))
        return code, headers, data

    async def _exchange(
        self, target: WebhookTarget, url: str, review: bytes, context: ssl.SSLContext, credentials: Credentials
    ) -> tuple[int, Mapping[str, str], bytes]:
        import aiohttp

        session = self._session(target.service is not None)
        for last in (False, True):
            # Large bodies as streams, which aiohttp writes in pieces.
            data = io.BytesIO(review) if len(review) > _LARGE_BODY else review
            reused = _Reuse()
            try:
                async with session.post(
                    url, data=data, ssl=context, headers=credentials.headers, trace_request_ctx=reused
                ) as answer:
                    return answer.status, answer.headers, await answer.read()
            except (aiohttp.ServerDisconnectedError, ConnectionResetError, BrokenPipeError):
                # A kept connection may be closed by its other end at any time; that says nothing about the webhook.
                if last or not reused.seen:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _session(self, services: bool) -> aiohttp.ClientSession:
        import aiohttp

        session = self._sessions.get(services)
        if session is None:
            trace = aiohttp.TraceConfig()
            trace.on_connection_reuseconn.append(_on_reuse)
            resolver = _resolver(self._services) if services else None
            session = self._sessions[services] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=resolver, use_dns_cache=False, limit=0, keepalive_timeout=_IDLE_SECONDS
                ),
                timeout=aiohttp.ClientTimeout(total=None),
                headers=_HEADERS,
                trace_configs=[trace],
            )
        return session


class _Reuse:
    """Whether a request went over a kept connection."""

    seen = False


async def _on_reuse(_session: Any, traced: Any, _params: Any) -> None:
    traced.trace_request_ctx.seen = True


def _resolver(services: ServiceResolver) -> Any:
    from aiohttp.abc import AbstractResolver

    class Resolver(AbstractResolver):
        """Reads `name.namespace.svc` as a service; connections are verified by that name."""

        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            name, namespace, _ = host.split(".", 2)
            address = services.resolve(namespace, name, port)
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
            return [
                {"hostname": host, "host": sock[0], "port": sock[1], "family": kind, "proto": proto, "flags": 0}
                for kind, _, proto, _, sock in found
                if isinstance(sock[0], str)
            ]

        async def close(self) -> None:
            """Holds nothing."""

    return Resolver()


@lru_cache(maxsize=200)
def tls_context(ca_bundle: bytes, certificate: tuple[str, str] | None = None, insecure: bool = False) -> ssl.SSLContext:
    """Trusts the certificates of a PEM bundle, be they authorities or the server's own; the system's authorities if it
    is empty. Shows a client `certificate`, PEM with its key. Raises WebhookConfigError for a bundle without any, and a
    certificate that is none."""
    if not ca_bundle:
        context = ssl.create_default_context()
    else:
        try:
            context = ssl.create_default_context(cadata=ca_bundle.decode("ascii"))
        except (ssl.SSLError, UnicodeDecodeError):
            why = "unable to load root certificates: unable to parse bytes as PEM block"
            raise WebhookConfigError(why) from None
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.hostname_checks_common_name = False
    if insecure:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if certificate is not None:
        _show(context, *certificate)
    return context


def _show(context: ssl.SSLContext, certificate: str, key: str) -> None:
    with tempfile.NamedTemporaryFile("w") as file:  # OpenSSL loads chains from files only
        file.write(f"{certificate}\n{key}")
        file.flush()
        try:
            context.load_cert_chain(file.name)
        except ssl.SSLError as error:
            raise WebhookConfigError(f"tls: failed to load the client certificate: {error}") from error


def unreadable(found: str) -> str:
    """What is said of an answer that is not an object of JSON but a `string`, an `array`, ..."""
    fields = r'APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\""'
    why = f"json: cannot unmarshal {found} into Go value of type struct {{ {fields} }}"
    return f"couldn't get version/kind; json parse error: {why}"


def _reason(error: Exception, target: WebhookTarget) -> str:
    """Why a call got no answer, as upstream's client says it."""
    import aiohttp

    if isinstance(error, TimeoutError):
        return "context deadline exceeded"
    if isinstance(error, StatusError):
        return error.message
    cause = error.__cause__ if isinstance(error, aiohttp.ClientError) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"tls: failed to verify certificate: x509: {_untrusted(cause, target)}"
    if isinstance(cause, ssl.SSLError) and cause.reason == "WRONG_VERSION_NUMBER":
        return "http: server gave HTTP response to HTTPS client"
    host = urlsplit(target.url).hostname or ""
    if isinstance(cause, socket.gaierror) or isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"dial tcp: lookup {host}: no such host"
    if isinstance(cause, ConnectionRefusedError):
        return f"dial tcp {_peer(cause, error)}: connect: connection refused"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "EOF"
    if isinstance(cause, ConnectionResetError):
        return "read: connection reset by peer"
    return str(error)


def _untrusted(error: ssl.SSLCertVerificationError, target: WebhookTarget) -> str:
    if error.verify_code in _UNKNOWN_AUTHORITY:
        return "certificate signed by unknown authority"
    if error.verify_code in _EXPIRED:
        return "certificate has expired or is not yet valid"
    if error.verify_code in _OTHER_NAME:
        return f"certificate is not valid for {urlsplit(target.url).hostname}"
    return error.verify_message


def _peer(cause: OSError, error: Exception) -> str:
    """Address and port of a refused connection: asyncio says them in its text only."""
    match = re.search(r"\('([^']+)', (\d+)", str(cause))
    if match is not None:
        host, port = match.groups()
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return f"{getattr(error, 'host', '')}:{getattr(error, 'port', '')}"


def _retry_after(code: int, headers: Mapping[str, str]) -> int | None:
    """The seconds after which a webhook wants to be asked again; None if it does not. A date is none, as upstream."""
    stated = headers.get("Retry-After", "")
    return int(stated) if (code == 429 or code >= 500) and re.fullmatch(r"[+-]?[0-9]+", stated) else None


def _refusal(code: int, headers: Mapping[str, str], data: bytes) -> tuple[str, int]:
    """What an answer outside 2xx says: its Status, or what its code stands for; and the code."""
    try:
        status = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        status = None
    if isinstance(status, dict) and status.get("kind") == "Status" and status.get("status") != "Success":
        stated = status.get("code")
        return str(status.get("message") or "unknown"), stated if isinstance(stated, int) else 0
    return _meaning(code, headers, data), code


def _meaning(code: int, headers: Mapping[str, str], data: bytes) -> str:
    media_type = headers.get("Content-Type", "").partition(";")[0]
    shown = data[:_MOST_SHOWN].decode(errors="replace").strip() if media_type.startswith("text/") else "unknown"
    if code in (403, 406, 415):
        return shown
    if code in _RESPONSES:
        return _RESPONSES[code]
    if code >= 500:
        return f"an error on the server ({quoted(shown)}) has prevented the request from succeeding"
    return f"the server responded with the status code {code} but did not return more information"
