"""Connections this side opens, and their failures in the words of Go's network package, as API clients know them."""

from __future__ import annotations

import asyncio
import socket
import ssl

from kfast.clock import in_task, real_time
from kfast.http.tunnel import Tunnel

DIAL_SECONDS = 30.0
"""As upstream's dialers."""
_UNKNOWN_AUTHORITY = frozenset({2, 18, 19, 20, 21, 24, 27})
_EXPIRED = frozenset({9, 10})
"""OpenSSL's verification results, as they are grouped in messages."""


async def dial(
    host: str, port: int, tls: ssl.SSLContext | None = None, server_name: str = "", seconds: float = DIAL_SECONDS
) -> Tunnel:
    """A connection, over TLS if there is a context. Raises OSError (ssl.SSLError and TimeoutError are of its kinds)."""
    await in_task()
    loop = asyncio.get_running_loop()
    name = (server_name or host) if tls is not None else None
    with real_time():
        async with asyncio.timeout(seconds):
            _, tunnel = await loop.create_connection(Tunnel, host, port, ssl=tls, server_hostname=name)
    return tunnel


def authority(host: str, port: int) -> str:
    """`host:port`, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def failure_text(error: OSError, host: str, port: int, server_name: str = "") -> str:
    """Why dialling failed."""
    where = authority(host, port)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"tls: failed to verify certificate: x509: {_untrusted(error, server_name or host)}"
    if isinstance(error, ssl.SSLError):
        if error.reason == "WRONG_VERSION_NUMBER":
            return "http: server gave HTTP response to HTTPS client"
        return f"remote error: tls: {(error.reason or str(error)).lower().replace('_', ' ')}"
    if isinstance(error, socket.gaierror):
        return f"dial tcp: lookup {host}: no such host"
    if isinstance(error, ConnectionRefusedError):
        return f"dial tcp {where}: connect: connection refused"
    if isinstance(error, TimeoutError):
        return f"dial tcp {where}: i/o timeout"
    return f"dial tcp {where}: {error.strerror or error}"


def _untrusted(error: ssl.SSLCertVerificationError, name: str) -> str:
    if error.verify_code in _UNKNOWN_AUTHORITY:
        return "certificate signed by unknown authority"
    if error.verify_code in _EXPIRED:
        return "certificate has expired or is not yet valid"
    return f"certificate is not valid for {name}" if error.verify_code in (62, 64) else error.verify_message
