"""Clients of any Kubernetes API server: asynchronous, synchronous, over HTTPS or in the same process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kfast.client.client import Client
from kfast.client.errors import TransportError
from kfast.client.sync import LoopThread, SyncClient
from kfast.client.transports.local import LocalTransport
from kfast.client.transports.protocol import Transport
from kfast.client.watch import Watch
from kfast.meta.kubeconfig import Connection, KubeconfigError

if TYPE_CHECKING:
    from kfast.client.transports.https import HTTPSTransport

__all__ = [
    "Client",
    "Connection",
    "HTTPSTransport",
    "KubeconfigError",
    "LocalTransport",
    "LoopThread",
    "SyncClient",
    "Transport",
    "TransportError",
    "Watch",
]


def __getattr__(name: str) -> type[HTTPSTransport]:
    # aiohttp takes longer to import than a cluster to start, and most clients are in-process.
    if name == "HTTPSTransport":
        from kfast.client.transports.https import HTTPSTransport

        return HTTPSTransport
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
