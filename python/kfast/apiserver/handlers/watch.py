"""WATCH: where a watch starts, and what it starts with."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kfast._core import Object
from kfast.apiserver import resource_version
from kfast.apiserver.backend import Backend
from kfast.apiserver.converted_fields import converted_fields
from kfast.apiserver.encode import output_of
from kfast.apiserver.negotiate import PLAIN, PROTOBUF, Output
from kfast.apiserver.options import ListOptions, list_options
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.scope import Scope
from kfast.apiserver.status_errors import expired, too_many_requests
from kfast.apiserver.watch_encoding import PlainEncoding, TransformedEncoding
from kfast.apiserver.watch_feed import Sink, frame
from kfast.apiserver.watch_stream import NativeWatch, Plan, WatchStream
from kfast.errors import StatusError
from kfast.meta.exchange import Request, Response
from kfast.store.protocol import CompactedError, Watch

_MIN_TIMEOUT = 1800.0


async def watch(backend: Backend, request: Request, info: RequestInfo) -> Response:
    """200 and a stream; history that is gone is an ERROR event of that stream, not an HTTP error.
    Raises StatusError 400, 406, 422, 429 (initial events that cannot be converted now) and 504 (those at a revision
    still to come)."""
    scope = info.served
    output = output_of(request, scope, "watch")
    options = list_options(request, scope.kind, True)
    if info.name and options.fields is None:
        request.query["fieldSelector"] = [f"metadata.name={info.name}"]
        options = list_options(request, scope.kind, True)
    encoding = _encoding(backend, info, output, options)
    try:
        plan = await _plan(backend, info, output, options)
    except CompactedError as error:
        return _expired(request, encoding, output, options, error)
    if request.native:

        def reopen(revision: int) -> Watch:
            return _cursor(backend, info, options, revision)

        return Response(200, NativeWatch(backend, plan, reopen))
    stream = WatchStream(backend, plan, encoding)
    return Response(200, stream, content_type=_content_type(output))  # type: ignore[arg-type]


def _content_type(output: Output) -> str:
    return f"{PROTOBUF};stream=watch" if output.media_type == PROTOBUF else output.media_type


def _encoding(backend: Backend, info: RequestInfo, output: Output, options: ListOptions) -> PlainEncoding:
    if output is PLAIN and not info.served.converts:
        return PlainEncoding(info.served)
    return TransformedEncoding(info.served, output, backend.schema, backend.clock, options.include_object)


def _cursor(backend: Backend, info: RequestInfo, options: ListOptions, since: int) -> Watch:
    scope = info.served
    namespace = info.namespace or None if scope.kind.namespaced else None
    if scope.remote is None:
        return backend.store.watch(scope.resource, namespace, options.labels, options.fields, since)
    fields = converted_fields(scope.kind, options.fields)
    cursor = backend.store.watch(scope.resource, namespace, options.labels, None if fields else options.fields, since)
    return scope.remote.watch(cursor, fields)


async def _plan(backend: Backend, info: RequestInfo, output: Output, options: ListOptions) -> Plan:
    scope, store = info.served, backend.store
    revision = resource_version.parse(options.resource_version)
    namespace = info.namespace or None if scope.kind.namespaced else None
    initial: Sequence[Object] = ()
    wants_initial = options.send_initial_events or (revision == 0 and options.send_initial_events is None)
    if wants_initial:
        await resource_version.not_older_than(store, revision)
        fields = converted_fields(scope.kind, options.fields) if scope.remote else None
        page = store.list(scope.resource, namespace, options.labels, None if fields else options.fields)
        revision, initial = page.revision, await _readable(backend, scope, page.objects)
        if fields is not None:
            initial = list(filter(fields.matches, initial))
    elif revision == 0:
        revision = store.revision
    timeout = float(options.timeout_seconds or 0) or backend.random.uniform(_MIN_TIMEOUT, 2 * _MIN_TIMEOUT)
    shared = (scope.resource, namespace, str(options.labels or ""), str(options.fields or ""), scope.api_version)
    return Plan(
        scope,
        _cursor(backend, info, options, revision),
        initial,
        bool(options.send_initial_events) and options.bookmarks,
        revision,
        options.bookmarks,
        timeout,
        None if output.transform == "Table" or scope.remote or revision > store.revision else (*shared, output),
        lambda change: backend.watching(info, change),
    )


async def _readable(backend: Backend, scope: Scope, objects: Sequence[Object]) -> Sequence[Object]:
    """Initial events. Raises StatusError 429 if a webhook fails to convert them, as upstream's watch cache does."""
    try:
        return await backend.readable(scope, objects)
    except StatusError as error:
        what = f"{scope.api_version}, Kind={scope.kind.kind}"
        why = f"storage is (re)initializing: failed to list {what}: {error.message}"
        raise too_many_requests(why, 1) from error


def _expired(
    request: Request, encoding: PlainEncoding, output: Output, options: ListOptions, error: CompactedError
) -> Response:
    failure = expired(f"too old resource version: {options.resource_version} ({error.compacted})")
    if request.native:
        return Response(200, _NativeError(Object.parse(msgspec.json.encode(failure.to_dict()))))
    payload = _ErrorStream(frame([encoding.error(failure)]))
    return Response(200, payload, content_type=_content_type(output))  # type: ignore[arg-type]


class _ErrorStream:
    """A stream of one ERROR."""

    def __init__(self, chunk: bytes) -> None:
        self._chunk = chunk

    def attach(self, sink: Sink) -> None:
        """Writes it and ends."""
        sink.write(self._chunk)
        sink.close()

    def close(self) -> None:
        """Nothing to give up."""


class _NativeError:
    """A native watch of one ERROR."""

    def __init__(self, status: Object) -> None:
        self._status = status

    async def __aiter__(self):  # type: ignore[no-untyped-def]  # noqa: ANN204
        yield [("ERROR", self._status)]

    def close(self) -> None:
        """Nothing to give up."""
