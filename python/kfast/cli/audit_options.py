"""The options of `kfast up` that are about the audit log, called as kube-apiserver's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from kfast.config import AuditBatchConfig, AuditConfig
from kfast.meta.configuration import ConfigurationError, Duration

F = TypeVar("F", bound=Callable[..., Any])
_MODES = click.Choice(("batch", "blocking", "blocking-strict"))
_PATH = click.Path(path_type=Path)
_FILE = click.Path(path_type=Path, exists=True)


def duration(_context: click.Context, _parameter: click.Parameter, text: str) -> float:
    """Seconds of a duration as Go writes it: 1h30m, 45s, 0."""
    try:
        seconds = Duration.parse(text)
    except ConfigurationError:
        seconds = Duration(-1)
    if seconds < 0:
        raise click.BadParameter(f"{text!r} is no duration such as 1h30m or 45s")
    return seconds


def _option(name: str, default: Any, about: str, **more: Any) -> Callable[[F], F]:
    return click.option(name, default=default, show_default=default is not None, help=about, **more)


_OPTIONS = (
    _option("--audit-policy-file", None, "Which requests to record.", type=_FILE),
    _option("--audit-log-path", None, "Where to record them; - is standard output.", type=_PATH),
    _option("--audit-log-format", "json", "How.", type=click.Choice(("legacy", "json"))),
    _option("--audit-log-mode", "blocking", "Whether requests wait for that.", type=_MODES),
    _option("--audit-log-maxage", 366, "Days to keep old audit logs; 0: for ever."),
    _option("--audit-log-maxbackup", 100, "Old audit logs to keep; 0: all."),
    _option("--audit-log-maxsize", 100, "Megabytes of an audit log; 0: no limit."),
    _option("--audit-log-compress", False, "Compress old audit logs.", is_flag=True),
    _option("--audit-webhook-config-file", None, "Kubeconfig of a webhook that gets the events.", type=_FILE),
    _option("--audit-webhook-mode", "batch", "Whether requests wait for it.", type=_MODES),
    _option("--audit-webhook-initial-backoff", "10s", "Before the second of five attempts.", callback=duration),
    _option("--audit-webhook-batch-buffer-size", 10_000, "Events that may wait to be sent."),
    _option("--audit-webhook-batch-max-size", 400, "Events sent together."),
    _option("--audit-webhook-batch-max-wait", "30s", "How long a batch is waited for.", callback=duration),
    _option("--audit-webhook-batch-throttle-qps", 10.0, "Batches a second; 0: one after the other."),
    _option("--audit-webhook-batch-throttle-burst", 15, "Batches sent at once."),
)


def audit_options(command: F) -> F:
    """Adds the options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def audit_config(given: dict[str, Any]) -> AuditConfig | None:
    """What the options ask for; takes them out of `given`. Raises click.UsageError if nothing would be recorded."""
    stated = {name.removeprefix("audit_"): given.pop(name) for name in list(given) if name.startswith("audit_")}
    policy, log, webhook = stated["policy_file"], stated["log_path"], stated["webhook_config_file"]
    if policy is None and log is None and webhook is None:
        return None
    if policy is None or (log is None and webhook is None):
        places = "--audit-log-path or --audit-webhook-config-file"
        raise click.UsageError(f"--audit-policy-file goes with {places}: nothing is recorded without both")
    return AuditConfig(
        policy_file=policy,
        log_path=log,
        log_format=stated["log_format"],
        log_mode=stated["log_mode"],
        max_age_days=stated["log_maxage"],
        max_backups=stated["log_maxbackup"],
        max_size_megabytes=stated["log_maxsize"],
        compress=stated["log_compress"],
        webhook_config_file=webhook,
        webhook_mode=stated["webhook_mode"],
        webhook_initial_backoff=stated["webhook_initial_backoff"],
        webhook_batch=AuditBatchConfig(
            buffer_size=stated["webhook_batch_buffer_size"],
            max_size=stated["webhook_batch_max_size"],
            max_wait=stated["webhook_batch_max_wait"],
            throttle_qps=stated["webhook_batch_throttle_qps"],
            throttle_burst=stated["webhook_batch_throttle_burst"],
        ),
    )
