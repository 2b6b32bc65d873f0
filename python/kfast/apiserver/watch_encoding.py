"""How watch events become frames: stored bytes shared as they are, or another form computed per event."""

from __future__ import annotations

from typing import Any

import msgspec

from kfast._core import Object, Schema
from kfast.apiserver.encode import current_body, render, schema_key
from kfast.apiserver.negotiate import PROTOBUF, YAML, Output
from kfast.apiserver.scope import Scope
from kfast.apiserver.status_errors import expired
from kfast.apiserver.table import partial_metadata, table
from kfast.clock import Clock
from kfast.errors import StatusError
from kfast.store.protocol import Watch

_encode = msgspec.json.encode
INITIAL_EVENTS_END = "k8s.io/initial-events-end"


def bookmark_body(scope: Scope, revision: int, initial_end: bool = False) -> dict[str, Any]:
    """The object of a BOOKMARK: its kind and a resourceVersion only."""
    metadata: dict[str, Any] = {"resourceVersion": str(revision), "creationTimestamp": None}
    if initial_end:
        metadata["annotations"] = {INITIAL_EVENTS_END: "true"}
    return {"kind": scope.kind.kind, "apiVersion": scope.api_version, "metadata": metadata}


class PlainEncoding:
    """JSON of the stored version: the store's own frames, encoded once for all watchers."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def lines(self, cursor: Watch, limit: int) -> list[bytes]:
        """The store's frames."""
        return cursor.frames(limit)

    def event(self, kind: str, obj: Object) -> bytes:
        """One event of a stored object."""
        return b'{"type":"%b","object":%b}\n' % (kind.encode(), obj.to_bytes())

    def bookmark(self, revision: int, initial_end: bool = False) -> bytes:
        """A BOOKMARK."""
        return b'{"type":"BOOKMARK","object":%b}\n' % _encode(bookmark_body(self._scope, revision, initial_end))

    def expired(self, message: str) -> bytes:
        """The ERROR frame of a watch whose history is gone."""
        return self.error(expired(message))

    def error(self, error: StatusError) -> bytes:
        """An ERROR frame."""
        return b'{"type":"ERROR","object":%b}\n' % _encode(error.to_dict())


class TransformedEncoding(PlainEncoding):
    """Any other form. Tables carry their columns in the first event only, so each Table stream needs its own."""

    def __init__(self, scope: Scope, output: Output, schema: Schema, clock: Clock, include: str) -> None:
        super().__init__(scope)
        self._output = output
        self._schema = schema
        self._clock = clock
        self._include = include
        self._columns_sent = False

    @property
    def shareable(self) -> bool:
        """Whether identical watches may share the frames."""
        return self._output.transform != "Table"

    def lines(self, cursor: Watch, limit: int) -> list[bytes]:
        """Encodes each event."""
        return [self.event(kind, obj) for kind, obj, _ in cursor.events(limit)]

    def event(self, kind: str, obj: Object) -> bytes:
        """One event of a stored object."""
        if self._output.plain and self._scope.shows(obj):
            return super().event(kind, obj)
        return self._frame(kind, current_body(self._scope, obj))

    def bookmark(self, revision: int, initial_end: bool = False) -> bytes:
        """A BOOKMARK."""
        return self._frame("BOOKMARK", bookmark_body(self._scope, revision, initial_end))

    def error(self, error: StatusError) -> bytes:
        """An ERROR frame; a Status is never transformed."""
        return self._serialize("ERROR", error.to_dict())

    def _frame(self, kind: str, body: dict[str, Any]) -> bytes:
        output = self._output
        if output.transform == "Table":
            metadata = {"resourceVersion": body["metadata"].get("resourceVersion", "")}
            body = table(self._scope.kind, [body], metadata, output.version, self._clock.now(), self._include)
            if self._columns_sent:
                body["columnDefinitions"] = None
            self._columns_sent = True
        elif output.transform:
            body = partial_metadata(body, output.version)
        return self._serialize(kind, body)

    def _serialize(self, kind: str, body: dict[str, Any]) -> bytes:
        media_type = self._output.media_type
        if media_type == PROTOBUF:
            return protobuf_frame(kind, self._schema.encode(schema_key(body), body, PROTOBUF))
        event = {"type": kind, "object": body}
        if media_type == YAML:
            return b"---\n" + render(event, self._output, False)
        return _encode(event) + b"\n"


def protobuf_frame(kind: str, obj: bytes) -> bytes:
    """A length-delimited WatchEvent {type=1, object=2 {raw=1}}; `obj` is the enveloped object."""
    event = _field(1, kind.encode()) + _field(2, _field(1, obj))
    return len(event).to_bytes(4, "big") + event


def _field(number: int, value: bytes) -> bytes:
    """A length-delimited protobuf field."""
    size, head = len(value), bytearray([number << 3 | 2])
    while size > 0x7F:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    head.append(size)
    return bytes(head) + value
