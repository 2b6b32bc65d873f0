"""`Backend`: what the handlers work with: store, kinds, schema, admission, watches and time."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from kfast._core import Object, Schema
from kfast.api.catalog import Catalog
from kfast.api.kind import Body, Kind
from kfast.apiserver.admission.chain import Chain
from kfast.apiserver.admission.new_pods import NewPods
from kfast.apiserver.authz.authorizer import Authorizer, ComponentAuthorizer
from kfast.apiserver.components import Components
from kfast.apiserver.conversion_metrics import ConversionMetrics
from kfast.apiserver.nodes import Nodes
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.scope import Scope, storage_version
from kfast.apiserver.service_resolver import ServiceResolver
from kfast.apiserver.watch_feed import FeedHub
from kfast.apiserver.webhook_client import WebhookClient
from kfast.apiserver.webhook_conversion import WebhookConversion
from kfast.clock import Clock
from kfast.http.client import HTTPClient
from kfast.meta.exchange import Request
from kfast.store.protocol import Store

VirtualHandler = Callable[[Request, RequestInfo, Body], Awaitable[Body]]
"""Answers the create of a kind that is never stored, from its decoded body."""


class Reservations(Protocol):
    """What a kind takes from outside its own object (cluster IPs, node ports), by store resource.

    `begin_*` fills the object in place and returns what to call with the outcome of the write (None: nothing to
    settle); they raise StatusError to refuse. Nothing stays reserved by a dry run.
    """

    def begin_create(self, new: Body, dry_run: bool) -> Callable[[bool], None] | None: ...
    def begin_update(self, new: Body, old: Body, dry_run: bool) -> Callable[[bool], None] | None: ...
    def after_delete(self, old: Body) -> None: ...


def _not_counted(_info: RequestInfo, _change: int) -> None:
    return None


class Backend:
    """Shared by all handlers of one apiserver.

    `watching` is told of every watch that begins (+1) and ends (-1).
    `virtual` maps `plural.group` (or `plural/subresource`) to the handler of a create-only kind.
    """

    def __init__(
        self, store: Store, catalog: Catalog, schema: Schema, clock: Clock, admission: Chain, rng: random.Random
    ) -> None:
        self.store = store
        self.catalog = catalog
        self.schema = schema
        self.clock = clock
        self.admission = admission
        self.new_pods = NewPods(admission.plugins)
        self.random = rng
        self.services = ServiceResolver(store, rng)
        self.webhooks = WebhookClient(self.services)
        self.conversions = ConversionMetrics()
        self.http = HTTPClient()
        self.nodes = Nodes(store, self.http)
        self.components = Components(store, self.http)
        self.authorizer: Authorizer = ComponentAuthorizer()
        self.feeds = FeedHub()
        self.virtual: dict[str, VirtualHandler] = {}
        self.reservations: dict[str, Reservations] = {}
        self.watching: Callable[[RequestInfo, int], None] = _not_counted
        self._scopes: dict[tuple[str, str, str], Scope] = {}

    def scope(self, group: str, version: str, plural: str) -> Scope | None:
        """The served resource, None if there is none. Follows the catalog as kinds come and go."""
        kind = self.catalog.by_resource(group, version, plural)
        if kind is None:
            return None
        key = (group, version, plural)
        scope = self._scopes.get(key)
        if scope is None or scope.kind is not kind:
            scope = self._scopes[key] = self._new_scope(kind)
        return scope

    def structure(self, scope: Scope, schema: str) -> Schema:
        """What knows the fields of `schema`: the scope's own kind, or one of its subresources."""
        own = scope.structure
        return own if own is not None and schema == scope.schema else self.schema

    def _new_scope(self, kind: Kind) -> Scope:
        storage = kind
        if kind.storage and kind.storage != kind.api_version:
            gv = storage_version(kind)
            storage = self.catalog.by_gvk(gv.group, gv.version, kind.kind) or kind
        fields = storage.definition.selectable if storage.definition else storage.fields
        self.store.register(storage.resource, [(f.label, f.path, f.default) for f in fields])
        scope = Scope(kind, storage)
        if kind.definition is not None and kind.definition.webhook is not None:
            scope.remote = self.conversion(kind)
        return scope

    def conversion(self, kind: Kind) -> WebhookConversion:
        """What converts objects to a custom kind with a conversion webhook."""
        return WebhookConversion(kind, self.webhooks, self.new_uid, self.conversions)

    async def readable(self, scope: Scope, objects: Sequence[Object]) -> Sequence[Object]:
        """Stored objects as the handlers of `scope` read them. Raises StatusError 500 if a webhook fails to convert
        them."""
        return objects if scope.remote is None else await scope.remote.read(objects)

    async def read_one(self, scope: Scope, obj: Object) -> Object:
        """The same for one object."""
        return obj if scope.remote is None else (await scope.remote.read([obj]))[0]

    def new_uid(self) -> str:
        """A random UUID, version 4."""
        bits = self.random.getrandbits
        return f"{bits(32):08x}-{bits(16):04x}-4{bits(12):03x}-{0x8000 | bits(14):x}-{bits(48):012x}"
