"""Audit events sent to a webhook (upstream: plugin/pkg/audit/webhook)."""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from pathlib import Path

import msgspec

from kfast.api.kind import Body
from kfast.apiserver.audit.metrics import AuditMetrics
from kfast.apiserver.webhook_client import WebhookClient, WebhookError, WebhookTarget
from kfast.apiserver.webhook_users import Credentials
from kfast.clock import Clock
from kfast.meta.kubeconfig import load

_log = logging.getLogger(__name__)
_TIMEOUT = 30.0
_ATTEMPTS, _FACTOR, _JITTER = 5, 1.5, 0.2


class WebhookDelivery:
    """Posts an EventList to the server of a kubeconfig's current context; five times, ever later, if it must."""

    def __init__(
        self,
        kubeconfig: Path,
        initial_backoff: float,
        client: WebhookClient,
        clock: Clock,
        rng: random.Random,
        metrics: AuditMetrics,
    ) -> None:
        """Raises KubeconfigError."""
        self._metrics = metrics
        connection = load(kubeconfig)
        self._target = WebhookTarget(connection.server, None, connection.ca_pem.encode(), connection.insecure)
        self._credentials = Credentials.of(connection)
        self._backoff = initial_backoff
        self._client = client
        self._clock = clock
        self._random = rng

    async def __call__(self, events: Sequence[Body]) -> bool:
        """Whether the webhook took the events."""
        items = [{key: value for key, value in event.items() if key not in _TYPE} for event in events]
        body = msgspec.json.encode(
            {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "metadata": {}, "items": items}
        )
        delay, why = self._backoff, ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                await self._clock.sleep(delay * (1 + self._random.random() * _JITTER))
                delay *= _FACTOR
            try:
                await self._client.send(self._target, body, _TIMEOUT, self._credentials)
            except WebhookError as error:
                why = str(error)
            else:
                return True
        self._metrics.errors.add(("webhook",), len(events))
        _log.error("%d audit events are lost: %s", len(events), why)
        return False


_TYPE = frozenset({"kind", "apiVersion"})
