"""Connections this side opens."""

from __future__ import annotations

import asyncio
import ssl

from kfast.http.tunnel import Tunnel

DIAL_SECONDS = 30.0
"""As upstream's dialers."""


async def dial(host: str, port: int, tls: ssl.SSLContext | None = None, server_name: str = "") -> Tunnel:
    """A connection, over TLS if there is a context. Raises OSError (ssl.SSLError and TimeoutError are of its kinds)."""
    loop = asyncio.get_running_loop()
    name = (server_name or host) if tls is not None else None
    async with asyncio.timeout(DIAL_SECONDS):
        _, tunnel = await loop.create_connection(Tunnel, host, port, ssl=tls, server_hostname=name)
    return tunnel
