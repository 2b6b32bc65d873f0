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
