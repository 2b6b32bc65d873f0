"""How a client reaches an API server: over HTTPS, or in the same process without a socket."""

from kfast.client.transports.https import HTTPSTransport
from kfast.client.transports.local import LocalTransport
from kfast.client.transports.protocol import Transport

__all__ = ["HTTPSTransport", "LocalTransport", "Transport"]
