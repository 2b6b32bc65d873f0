"""Clients of any Kubernetes API server: asynchronous, synchronous, over HTTPS or in the same process."""

from kfast.client.client import Client
from kfast.client.errors import KubeconfigError, TransportError
from kfast.client.kubeconfig import Connection
from kfast.client.sync import LoopThread, SyncClient
from kfast.client.transports import HTTPSTransport, LocalTransport, Transport
from kfast.client.watch import Watch

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
