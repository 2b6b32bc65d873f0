"""The backends an audit configuration asks for."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from kfast.api.kind import Body
from kfast.apiserver.audit.formats import FORMATS
from kfast.apiserver.audit.log_file import LogFile
from kfast.apiserver.audit.metrics import AuditMetrics
from kfast.apiserver.audit.sinks import Batched, Blocking, Immediate, Sink
from kfast.apiserver.audit.webhook import WebhookDelivery
from kfast.apiserver.backend import Backend
from kfast.config import AuditBatchConfig, AuditConfig
from kfast.errors import KfastError

_log = logging.getLogger(__name__)
_MODES = ("batch", "blocking", "blocking-strict")
_LOG_BATCHES = AuditBatchConfig(max_size=1, throttle_qps=0)


def sinks(config: AuditConfig, backend: Backend, metrics: AuditMetrics) -> list[Sink]:
    """Raises KfastError for what is configured wrongly, OSError for a file that cannot be written."""
    found: list[Sink] = []
    if config.webhook_config_file is not None:
        _check_mode("webhook", config.webhook_mode)
        send = WebhookDelivery(
            config.webhook_config_file,
            config.webhook_initial_backoff,
            backend.webhooks,
            backend.clock,
            backend.random,
            metrics,
        )
        if config.webhook_mode == "batch":
            found.append(Batched(send, config.webhook_batch, backend.clock, metrics))
        else:
            found.append(Blocking(send, config.webhook_mode == "blocking-strict"))
    if config.log_path is not None:  # last: it opens a file
        found.append(_log_sink(config, backend, metrics))
    return found


def _check_mode(plugin: str, mode: str) -> None:
    if mode not in _MODES:
        raise KfastError(f'invalid audit {plugin} mode {mode}, allowed modes are "{",".join(_MODES)}"')


def _log_sink(config: AuditConfig, backend: Backend, metrics: AuditMetrics) -> Sink:
    _check_mode("log", config.log_mode)
    line = FORMATS.get(config.log_format)
    if line is None:
        allowed = ",".join(("legacy", "json"))
        raise KfastError(f'invalid audit log format {config.log_format}, allowed formats are "{allowed}"')
    file = LogFile(config, backend.clock)

    def write(event: Body) -> bool:
        try:
            file.write(line(event))
        except OSError:
            metrics.errors.add(("log",))
            _log.exception("an audit event of %s is lost", event.get("requestURI"))
            return False
        return True

    async def write_all(events: Sequence[Body]) -> bool:
        return all([write(event) for event in events])  # noqa: C419  all of them, whatever becomes of the first

    if config.log_mode == "batch":
        return Batched(write_all, _LOG_BATCHES, backend.clock, metrics, file.close)
    return Immediate(write, config.log_mode == "blocking-strict", file.close)
