"""`APIServer`: one request in, one answer out. The filter chain and the composition of everything behind it."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kfast.api.catalog import Catalog
from kfast.api.schema import definitions, load_schema
from kfast.apiserver.admission.chain import Chain
from kfast.apiserver.admission.configuration import Configured
from kfast.apiserver.admission.registry import Surroundings, plugins
from kfast.apiserver.aggregation import Aggregator
from kfast.apiserver.allocators.services import ServiceAllocator
from kfast.apiserver.audit.auditor import Audited, Auditor
from kfast.apiserver.audit.backends import sinks
from kfast.apiserver.audit.metrics import AuditMetrics
from kfast.apiserver.audit.policy import Policy
from kfast.apiserver.authn.chain import Authentication, TokenAuthenticator
from kfast.apiserver.authn.request_header import RequestHeaders
from kfast.apiserver.authn.service_account import ServiceAccountTokens
from kfast.apiserver.authz.authorizer import Authorizer, ComponentAuthorizer, refused, require
from kfast.apiserver.backend import Backend
from kfast.apiserver.batches import Batches
from kfast.apiserver.bootstrap import create_system_objects, extension_trust
from kfast.apiserver.compaction import Compactor
from kfast.apiserver.custom_resources import Definitions
from kfast.apiserver.discovery import Discovery
from kfast.apiserver.event_expiry import EventExpiry
from kfast.apiserver.filters.failure import crashed, failure
from kfast.apiserver.filters.impersonation import impersonate, wanted_user
from kfast.apiserver.filters.limits import check_limits
from kfast.apiserver.flow_control import FlowControlConfiguration
from kfast.apiserver.health import Health, readable
from kfast.apiserver.kubernetes_service import create_service
from kfast.apiserver.lifecycle import random_suffix
from kfast.apiserver.metrics import Metrics, RequestLabels
from kfast.apiserver.nodes import Nodes
from kfast.apiserver.nonresource import NonResource
from kfast.apiserver.openapi import OpenAPIV2, OpenAPIV3
from kfast.apiserver.openapi.merge import Document
from kfast.apiserver.pki import FRONT_PROXY
from kfast.apiserver.request_info import RequestInfo, request_info
from kfast.apiserver.reviews.install import install_reviews
from kfast.apiserver.routes import route
from kfast.apiserver.status_errors import internal
from kfast.clock import Clock
from kfast.config import COMPACTION_INTERVAL, EVENT_TTL, AuditConfig
from kfast.errors import StatusError
from kfast.http.certificates import CertificateAuthenticator
from kfast.meta.exchange import Batch, CreateBatch, Outcomes, Request, Response, User
from kfast.store.protocol import Store

if TYPE_CHECKING:
    from kfast.apiserver.pki import PKI

_log = logging.getLogger(__name__)


class APIServer:
    """Serves the kinds of `catalog` out of `store`. `handle` is all a transport needs.

    Without `pki` no service-account tokens are issued or accepted. `tokens` are further bearer-token authenticators.
    `disable_admission_plugins` names what of ADMISSION_PLUGINS (kfast.config) does not run,
    `enable_admission_plugins` what of OFF_BY_DEFAULT does. Raises KfastError for configuration files that are none.
    """

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        clock: Clock,
        *,
        pki: PKI | None = None,
        tokens: tuple[TokenAuthenticator, ...] = (),
        authorizer: Authorizer | None = None,
        anonymous: bool = True,
        seed: int | None = None,
        disable_admission_plugins: Collection[str] = (),
        enable_admission_plugins: Collection[str] = (),
        admission_control_config_file: Path | None = None,
        audit: AuditConfig | None = None,
        event_ttl: float = EVENT_TTL,
        compaction_interval: float = COMPACTION_INTERVAL,
    ) -> None:
        self.catalog = catalog
        self.clock = clock
        self.authorizer: Authorizer = authorizer or ComponentAuthorizer()
        rng = random.Random(seed)
        file = admission_control_config_file
        configured = Configured.load(file) if file is not None else Configured()
        suffix = partial(random_suffix, rng)
        around = Surroundings(store, catalog, clock, self.authorizer, suffix, lambda: self.backend, configured)
        admission = Chain(plugins(around, disable_admission_plugins, enable_admission_plugins))
        self.backend = Backend(store, catalog, load_schema(), clock, admission, rng)
        self._trust = extension_trust(pki) if pki else {}
        self.service_accounts = ServiceAccountTokens(pki.service_account_key, clock, store.get) if pki else None
        self.authentication = Authentication(
            CertificateAuthenticator(clock),
            tokens if self.service_accounts is None else (*tokens, self.service_accounts),
            anonymous=anonymous,
            proxies=RequestHeaders(pki.front_proxy_ca, (FRONT_PROXY,)) if pki else None,
        )
        self.backend.authorizer = self.authorizer
        if pki is not None:
            self.backend.nodes = Nodes(store, self.backend.http, pki.kubelet_client)
        self._compactor = Compactor(store, clock, compaction_interval)
        self._expiry = EventExpiry(store, clock, event_ttl)
        self.flow_control = FlowControlConfiguration(store, self.handle, clock)
        auditing = AuditMetrics()
        self.metrics = Metrics((*admission.metrics.families, *self.backend.conversions.families, *auditing.families))
        self.backend.watching = self._watching
        self.health = Health()
        self.health.live["etcd"] = partial(readable, store)
        self.backend.reservations["services"] = ServiceAllocator(store, self.backend.random)
        self._batches = Batches(self.backend, partial(require, self.authorizer), self.handle, self._observe)
        self._auditor: Auditor | None = None
        if audit is not None:
            self._auditor = Auditor(
                Policy.load(audit.policy_file), sinks(audit, self.backend, auditing), self.backend, auditing
            )
            self._batches.one_by_one = True
        self._definitions = Definitions(self.backend, self.handle, self._kinds_changed)
        identity = pki.front_proxy_client if pki is not None else None
        self.aggregator = Aggregator(self.backend, self.handle, self.handle_many, self._documents_changed, identity)
        self._document(catalog)
        install_reviews(self.backend, self.authentication, self.authorizer, self.service_accounts)

    def _document(self, catalog: Catalog) -> None:
        """What the server tells of itself, and of the remote servers behind it."""
        self.discovery = Discovery(lambda: catalog)
        self.discovery.remotes = lambda: tuple(self.aggregator.remotes.values())
        self._openapi = (OpenAPIV3(lambda: catalog, definitions), OpenAPIV2(lambda: catalog, definitions))
        self._openapi[0].remotes = self._remote_documents
        self._openapi[1].remotes = self._remote_v2_documents
        self.nonresource = NonResource(self.discovery, self.health, self.metrics, self._openapi)
        if self.service_accounts is not None:
            self.nonresource.jwks = self.service_accounts.jwks
            self.nonresource.issuer = self.service_accounts.issuer
            for document in self._openapi:
                document.issuer = True

    async def start(self) -> None:
        """Returns once the objects every cluster has exist."""
        await create_system_objects(self.handle, self._trust)
        await create_service(self.handle)
        await self.flow_control.start()
        await self._definitions.start()
        await self.aggregator.start()
        self._compactor.start()
        self._expiry.start()

    async def stop(self) -> None:
        """Ends all watches."""
        await self.flow_control.stop()
        await self._compactor.stop()
        await self._expiry.stop()
        await self._definitions.stop()
        await self.aggregator.stop()
        self.backend.feeds.close()
        if self._auditor is not None:
            await self._auditor.close()
        await self.backend.webhooks.close()
        self.backend.http.close()

    async def handle(self, request: Request) -> Response:
        """Answers one request; never raises but for cancellation."""
        started = time.perf_counter()
        info = request_info(request, self.backend.scope)
        audited, fault = None, None
        audit_id = "" if request.native and self._auditor is None else self._audit_id(request)
        try:
            if request.user is None:
                request.user = self.authentication.authenticate(request)
            if self._auditor is not None:
                audited = self._auditor.begin(request, info, request.user, audit_id)
                if self._auditor.waits:
                    await self._auditor.settled(request)
            response = await self._respond(request, info, request.user, audited)
        except StatusError as error:
            response = failure(request, error)
        except Exception as error:
            _log.exception("%s %s failed", request.method, request.path)
            response, fault = crashed(request, error), error
        answered = response.status != 405 or info.verb == "watch"  # no other verb that is not offered is looked at
        scope = info.scope
        known = scope is not None and (not info.subresource or info.subresource in scope.subresources)
        if answered and known and scope is not None and scope.kind.deprecation:
            response.warnings = [scope.kind.deprecation, *response.warnings]
        if request.warnings:
            told = set(response.warnings)
            response.warnings = [*response.warnings, *(text for text in request.warnings if text not in told)]
        if not request.native:
            response.headers["Audit-Id"] = audit_id
        if self._auditor is not None:
            self._auditor.end(audited, request, info, response, fault, audit_id)
            if self._auditor.waits:
                await self._auditor.settled()
        self.metrics.observe(_labels(info), response.status, time.perf_counter() - started)
        return response

    async def _respond(self, request: Request, info: RequestInfo, user: User, audited: Audited | None) -> Response:
        """All behind authentication."""
        wanted = wanted_user(request)
        if wanted is not None:
            user = request.user = await impersonate(self.authorizer, user, wanted, info)
            if audited is not None:
                audited.impersonated = user
        decision = await self.authorizer.authorize(user, info)
        if audited is not None:
            audited.authorized(decision)
        if not decision.allowed:
            raise refused(user, info, decision)
        if request.body:
            check_limits(request)
        if self.aggregator.remotes:
            remote = self.aggregator.remote_for(request.path)
            if remote is not None:
                return await self.aggregator.forward(remote, request)
        if info.scope is not None:
            return await route(self.backend, request, info)
        return self.nonresource.respond(request)

    async def handle_many(self, batch: Batch) -> Outcomes:
        """Answers many requests of one caller at once, each as `handle` would; never raises but for cancellation."""
        try:
            return await self._batches.handle(batch)
        except Exception as error:
            _log.exception("a batch failed")
            count = len(batch.bodies if isinstance(batch, CreateBatch) else batch.bindings)
            return [internal(f"{type(error).__name__}: {error}")] * count

    def _kinds_changed(self) -> None:
        """Other kinds are served than before."""
        self.aggregator.kinds_changed()
        self._documents_changed()

    def _remote_documents(self) -> dict[str, dict[str, str]]:
        remotes = self.aggregator.remotes.values()
        return {r.gv.path.removeprefix("/"): {"serverRelativeURL": r.openapi} for r in remotes if r.openapi}

    def _remote_v2_documents(self) -> list[Document]:
        ranked = sorted(self.aggregator.remotes.values(), key=lambda r: ([-p for p in r.priorities], r.gv.path))
        return [remote.openapi_v2 for remote in ranked if remote.openapi_v2]

    def _documents_changed(self) -> None:
        """Documents about what is served are made anew when next asked for."""
        self.discovery.changed()
        for document in self._openapi:
            document.changed()

    def _watching(self, info: RequestInfo, change: int) -> None:
        self.metrics.watching(_labels(info), change)
        if change < 0 and self._auditor is not None:
            self._auditor.ended(info)

    def _observe(self, info: RequestInfo, code: int, seconds: float, count: int) -> None:
        self.metrics.observe(_labels(info), code, seconds, count)

    def _audit_id(self, request: Request) -> str:
        return request.headers.get("audit-id") or self.backend.new_uid()


def _labels(info: RequestInfo) -> RequestLabels:
    """The labels of a request's metrics, kept with its resource: there are few, and each is asked for often."""
    scope = info.scope
    if scope is None:
        return _OTHER
    where = "resource" if info.name else "namespace" if info.namespace else "cluster"
    subresource = info.subresource if info.subresource in scope.subresources else ""
    key = (info.verb, subresource, where)
    labels = scope.metric_labels.get(key)
    if labels is None:
        kind = scope.kind
        labels = scope.metric_labels[key] = RequestLabels(
            info.verb.upper(), kind.group, kind.version, kind.plural, subresource, where
        )
    return labels


_OTHER = RequestLabels("GET", "", "", "", "", "")
