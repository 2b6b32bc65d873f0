"""One API request and its answer, as every transport carries them: HTTPS and in-process alike.

The transport makes a `Request`, the apiserver's handler chain turns it into a `Response`. A response's payload
stays in the store's terms (`Object`, `Page`, a watch) until the transport encodes it; the in-process
transport never does.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from kfast._core import Object
from kfast.errors import StatusError

Level = Literal["None", "Metadata", "Request", "RequestResponse"]
"""How much of a request the audit log keeps."""


@dataclass(slots=True)
class User:
    """Who asks: the authenticated identity."""

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: dict[str, list[str]] = field(default_factory=dict)


@dataclass(slots=True)
class Request:
    """One API request. Header names are lower-case; `query` keeps every value of a repeated key."""

    method: str
    path: str
    query: dict[str, list[str]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    user: User | None = None
    """Set by the in-process transport, which authenticates nobody; None lets the authentication filter decide."""
    peer_certificate: bytes | None = None
    """The TLS peer's certificate, DER, already verified against the client CA."""
    native: bool = False
    """The caller takes handles: leave `Object`, `Page` and watch payloads unencoded."""
    warnings: list[str] = field(default_factory=list)
    """What admission warns of; sent with the answer, whatever it is."""
    annotations: dict[str, tuple[Level, str]] = field(default_factory=dict)
    """What admission notes for the audit log, and from which level on it is kept."""
    target: str = ""
    """Path and query as they were sent, still escaped; empty if there was no text to send."""
    peer_address: str = ""
    """The IP address of the other end; empty in process."""

    def param(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        values = self.query.get(name)
        return values[0] if values else default


class EventSource(Protocol):
    """A running watch. Iterating yields batches of (ADDED|MODIFIED|DELETED|BOOKMARK|ERROR, object)."""

    def __aiter__(self) -> AsyncIterator[Sequence[tuple[str, Object]]]: ...

    def close(self) -> None:
        """Ends the watch; idempotent."""
        ...


@dataclass(slots=True)
class ObjectList:
    """A native list: the revision it is true at, the objects, and how to go on."""

    revision: int
    objects: Sequence[Object]
    continue_token: str = ""
    remaining: int | None = None


class Channel(Protocol):
    """Bytes both ways: a connection after its upgrade, or a pipe in its place."""

    async def read(self) -> bytes:
        """What comes next; empty at the end."""
        ...

    async def write(self, data: bytes) -> None:
        """Sends; returns when little is unsent. Raises ConnectionError."""
        ...

    async def finish(self) -> None:
        """Sends no more; the peer may, where the protocol knows the difference. Idempotent. Raises ConnectionError."""
        ...

    def close(self) -> None:
        """Ends both directions once everything is sent; idempotent."""
        ...


@dataclass(slots=True)
class Stream:
    """A body that comes in pieces; `length` is the sum of their bytes where it is known beforehand. Whoever takes the
    stream closes `chunks`."""

    chunks: AsyncGenerator[bytes, None]
    length: int | None = None


@dataclass(slots=True)
class Upgrade:
    """The body of a 101: `run` speaks the new protocol on the channel, which ends with it."""

    run: Callable[[Channel], Awaitable[None]]


Payload = bytes | dict[str, Any] | Object | ObjectList | EventSource | Stream | Upgrade | None


@dataclass(slots=True)
class Response:
    """The answer: for a native request `payload` is a handle, a dict (Status and virtual objects) or bytes."""

    status: int
    payload: Payload = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    warnings: list[str] = field(default_factory=list)


class Binding(NamedTuple):
    """A pod's node. Without `uid` any pod of the name is bound. `labels` are added to the pod's own: the API server
    fills them in."""

    namespace: str
    name: str
    uid: str
    node: str
    labels: Sequence[tuple[str, str]] = ()

    def body(self) -> dict[str, Any]:
        """The Binding of the API."""
        metadata = {"name": self.name, "namespace": self.namespace}
        if self.uid:
            metadata["uid"] = self.uid
        target = {"kind": "Node", "name": self.node}
        return {"apiVersion": "v1", "kind": "Binding", "metadata": metadata, "target": target}


@dataclass(slots=True)
class CreateBatch:
    """POSTs of JSON bodies to one collection by one user agent. Without `objects` the created objects are not wanted
    back."""

    path: str
    bodies: Sequence[bytes]
    user: User
    agent: str
    objects: bool = True


@dataclass(slots=True)
class BindBatch:
    """POSTs of Bindings to pods."""

    bindings: Sequence[Binding]
    user: User


Batch = CreateBatch | BindBatch
Outcomes = list[Object | StatusError | None]
"""What became of each request of a batch: the object (None if not wanted, or there is none) or the failure."""

BatchHandler = Callable[[Batch], Awaitable[Outcomes]]
"""The apiserver's way for many uniform writes; only transports of the same process have it."""

Handler = Callable[[Request], Awaitable[Response]]
"""The whole apiserver, seen from a transport."""
