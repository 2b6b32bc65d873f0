"""LIST: pages of stored bytes, assembled without decoding unless the client wants another form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from kfast._core import FieldSelector, Object
from kfast.api.kind import Body
from kfast.apiserver import resource_version
from kfast.apiserver.backend import Backend
from kfast.apiserver.converted_fields import converted_fields
from kfast.apiserver.encode import current_body, output_of, render
from kfast.apiserver.negotiate import PLAIN, PROTOBUF, Output, wants_pretty
from kfast.apiserver.options import ListOptions, list_options
from kfast.apiserver.pagination import LATEST, ContinueExpiredError, decode_continue, encode_continue
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.scope import Scope
from kfast.apiserver.status_errors import expired
from kfast.apiserver.table import partial_metadata, table
from kfast.meta.exchange import ObjectList, Request, Response
from kfast.store.protocol import CompactedError, Page

_encode = msgspec.json.encode


async def list_objects(backend: Backend, request: Request, info: RequestInfo) -> Response:
    """One page. Raises StatusError 400, 406, 410 (compacted), 422 and 504 (a revision still to come)."""
    output = output_of(request, info.scope, "list")
    options = list_options(request, info.served.kind, False)
    page = await read_page(backend, info, options)
    return list_response(backend, request, info, output, options, page)


def list_response(
    backend: Backend, request: Request, info: RequestInfo, output: Output, options: ListOptions, page: Page
) -> Response:
    """The page in the form the client asked for."""
    if request.native:
        return Response(200, native_list(info, page))
    metadata = list_metadata(page)
    if info.served.custom and output.transform == "":
        metadata = {"continue": ""} | metadata
    if output is PLAIN and not wants_pretty(request) and _shown(info.served, page):
        return Response(200, _plain(info, page, metadata))
    bodies = [current_body(info.served, obj) for obj in page.objects]
    return bodies_response(backend, request, info, output, options, bodies, metadata)


async def read_page(backend: Backend, info: RequestInfo, options: ListOptions) -> Page:
    """The page the options ask for. Raises StatusError 400, 410, 504."""
    scope, store = info.served, backend.store
    namespace = info.namespace or None if scope.kind.namespaced else None
    start, limit = "", options.limit
    if options.continue_token:
        token = decode_continue(options.continue_token)
        start = token.start
        revision = 0 if token.revision == LATEST else token.revision
        await resource_version.not_older_than(store, revision)
    else:
        revision = await resource_version.list_revision(store, options)
        if options.resource_version == "0":
            limit = 0

    def read(fields: FieldSelector | None, limit: int, start: str, revision: int) -> Page:
        try:
            return store.list(scope.resource, namespace, options.labels, fields, limit, start, revision)
        except CompactedError:
            if start:
                raise ContinueExpiredError(start) from None
            raise expired("The resourceVersion for the provided list is too old.") from None

    if scope.remote is None:
        return read(options.fields, limit, start, revision)
    chosen = converted_fields(scope.kind, options.fields)
    if chosen is None:
        page = read(options.fields, limit, start, revision)
        return _Converted(page.revision, await scope.remote.read(page.objects), page.next_start, page.remaining)
    objects: list[Object] = []
    next_start: str | None = start
    while next_start is not None:
        page = read(None, limit and limit - len(objects), next_start, revision)
        objects += filter(chosen.matches, await scope.remote.read(page.objects))
        revision, next_start = page.revision, page.next_start
        if limit and len(objects) == limit:
            break
    return _Converted(page.revision, objects, next_start, None)


@dataclass(frozen=True, slots=True)
class _Converted:
    """A page whose objects are in another version than the stored one."""

    revision: int
    objects: Sequence[Object]
    next_start: str | None
    remaining: int | None

    def items_json(self, with_type: bool = False, head: bytes = b"", tail: bytes = b"") -> bytes:
        """The items joined by commas, between `head` and `tail`."""
        del with_type  # custom resources always tell it
        return head + b",".join(obj.to_bytes() for obj in self.objects) + tail


def list_metadata(page: Page) -> dict[str, Any]:
    """ListMeta of a page."""
    metadata: dict[str, Any] = {"resourceVersion": str(page.revision)}
    if page.next_start is not None:
        metadata["continue"] = encode_continue(page.revision, page.next_start)
        if page.remaining:
            metadata["remainingItemCount"] = page.remaining
    return metadata


def native_list(info: RequestInfo, page: Page) -> ObjectList:
    """The page as handles."""
    token = encode_continue(page.revision, page.next_start) if page.next_start is not None else ""
    objects = page.objects
    if info.served.converts:
        shows = info.served.shows
        objects = [o if shows(o) else Object.parse(_encode(current_body(info.served, o))) for o in objects]
    return ObjectList(page.revision, objects, token, page.remaining)


def _shown(scope: Scope, page: Page) -> bool:
    return not scope.converts or scope.remote is not None or all(map(scope.shows, page.objects))


def _plain(info: RequestInfo, page: Page, metadata: dict[str, Any]) -> bytes:
    scope = info.served
    head = b'{"kind":"%b","apiVersion":"%b","metadata":%b,"items":[' % (
        scope.list_kind.encode(),
        scope.api_version.encode(),
        _encode(metadata),
    )
    return page.items_json(scope.custom, head, b"]}\n")


def bodies_response(
    backend: Backend,
    request: Request,
    info: RequestInfo,
    output: Output,
    options: ListOptions,
    bodies: list[Body],
    metadata: dict[str, Any],
) -> Response:
    """Decoded objects as a list in the form the client asked for; items lose their types."""
    scope = info.served
    if output.transform == "Table":
        if scope.kind.row_order is not None:
            bodies = sorted(bodies, key=scope.kind.row_order)
        body = table(scope.kind, bodies, metadata, output.version, backend.clock.now(), options.include_object)
    elif output.transform:
        body = {
            "kind": "PartialObjectMetadataList",
            "apiVersion": f"meta.k8s.io/{output.version}",
            "metadata": metadata,
            "items": [partial_metadata(b, output.version) for b in bodies],
        }
    else:
        if not scope.custom and output.media_type != PROTOBUF:
            for item in bodies:
                item.pop("apiVersion", None)
                item.pop("kind", None)
        body = {"kind": scope.list_kind, "apiVersion": scope.api_version, "metadata": metadata, "items": bodies}
    if output.media_type == PROTOBUF:
        key = "meta.k8s.io/v1/PartialObjectMetadataList" if output.transform else f"{scope.schema}List"
        data = backend.schema.encode(key, body, PROTOBUF)
        return Response(200, data, content_type=PROTOBUF)
    return Response(200, render(body, output, wants_pretty(request)), content_type=output.media_type)
