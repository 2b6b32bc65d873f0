"""`kfast up`: a cluster in the foreground."""

from __future__ import annotations

import asyncio
import gc
import signal
import time
from pathlib import Path

import click

from kfast.config import ADMISSION_PLUGINS, COMPONENTS, OFF_BY_DEFAULT, SECURE_PORT, AuditConfig, ClusterConfig
from kfast.errors import KfastError
from kfast.http.event_loop import runner, soft_limit_to_hard
from kfast.meta.configuration import ConfigurationError, Duration

_PORT = click.IntRange(0, 65535)


def _plugins(_context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]) -> frozenset[str]:
    """Admission plugins of lists with commas."""
    names = frozenset(name for text in texts for name in text.split(","))
    if unknown := sorted(names.difference(ADMISSION_PLUGINS)):
        raise click.BadParameter(f"{', '.join(unknown)}: there are {', '.join(ADMISSION_PLUGINS)}")
    return names


def _duration(_context: click.Context, _parameter: click.Parameter, text: str) -> float:
    """Seconds of a duration as Go writes it: 1h30m, 45s, 0."""
    try:
        seconds = Duration.parse(text)
    except ConfigurationError:
        seconds = Duration(-1)
    if seconds < 0:
        raise click.BadParameter(f"{text!r} is no duration such as 1h30m or 45s")
    return seconds


@click.command()
@click.option("--nodes", default=3, type=click.IntRange(0), show_default=True, help="Simulated nodes.")
@click.option(
    "--kubelet-port", type=_PORT, help="Port of the nodes' own servers, at loopback addresses; 0 takes a free one."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve on.")
@click.option("--port", default=SECURE_PORT, type=_PORT, show_default=True, help="HTTPS port; 0 takes a free one.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Keep the cluster here; in memory without it.")
@click.option("--kubeconfig", type=click.Path(path_type=Path), help="Written when ready. [default: kfast.kubeconfig]")
@click.option("--scheduler-config", type=click.Path(path_type=Path, exists=True), help="A KubeSchedulerConfiguration.")
@click.option("--without", multiple=True, type=click.Choice(COMPONENTS), help="Leave this out.")
@click.option(
    "--disable-admission-plugins",
    multiple=True,
    metavar="PLUGIN,...",
    callback=_plugins,
    help="Leave these plugins out.",
)
@click.option(
    "--event-ttl", default="1h0m0s", show_default=True, callback=_duration, help="How long events stay; 0: for ever."
)
@click.option(
    "--etcd-compaction-interval",
    default="5m0s",
    show_default=True,
    callback=_duration,
    help="History is kept for once to twice this long.",
)
@click.option(
    "--enable-admission-plugins",
    multiple=True,
    metavar="PLUGIN,...",
    callback=_plugins,
    help=f"Run these too; off by default are {', '.join(sorted(OFF_BY_DEFAULT))}.",
)
@click.option("--admission-control-config-file", type=click.Path(path_type=Path), help="An AdmissionConfiguration.")
@click.option("--audit-policy-file", type=click.Path(path_type=Path, exists=True), help="Which requests to record.")
@click.option("--audit-log-path", type=click.Path(path_type=Path), help="Where to record them; - is standard output.")
@click.option("--audit-log-maxage", default=366, show_default=True, help="Days to keep old audit logs; 0: for ever.")
@click.option("--audit-log-maxbackup", default=100, show_default=True, help="Old audit logs to keep; 0: all.")
@click.option("--audit-log-maxsize", default=100, show_default=True, help="Megabytes of an audit log; 0: no limit.")
@click.option("--audit-log-compress", is_flag=True, help="Compress old audit logs.")
def command(
    nodes: int,
    kubelet_port: int | None,
    host: str,
    port: int,
    data_dir: Path | None,
    kubeconfig: Path | None,
    scheduler_config: Path | None,
    without: tuple[str, ...],
    disable_admission_plugins: frozenset[str],
    event_ttl: float,
    etcd_compaction_interval: float,
    enable_admission_plugins: frozenset[str],
    admission_control_config_file: Path | None,
    audit_policy_file: Path | None,
    audit_log_path: Path | None,
    audit_log_maxage: int,
    audit_log_maxbackup: int,
    audit_log_maxsize: int,
    audit_log_compress: bool,
) -> None:
    """Run a cluster until Ctrl-C."""
    target = kubeconfig or Path("kfast.kubeconfig")
    audit = None
    if audit_policy_file is not None and audit_log_path is not None:
        audit = AuditConfig(
            policy_file=audit_policy_file,
            log_path=audit_log_path,
            max_age_days=audit_log_maxage,
            max_backups=audit_log_maxbackup,
            max_size_megabytes=audit_log_maxsize,
            compress=audit_log_compress,
        )
    elif (audit_policy_file is None) != (audit_log_path is None):
        raise click.UsageError("--audit-policy-file and --audit-log-path go together: nothing is recorded without both")
    config = ClusterConfig(
        nodes=nodes,
        kubelet_port=kubelet_port,
        host=host,
        port=port,
        data_dir=data_dir,
        scheduler_config=scheduler_config,
        without=frozenset(without),
        disable_admission_plugins=disable_admission_plugins,
        enable_admission_plugins=enable_admission_plugins,
        admission_control_config_file=admission_control_config_file,
        audit=audit,
        event_ttl=event_ttl,
        etcd_compaction_interval=etcd_compaction_interval,
    )
    soft_limit_to_hard()
    try:
        with runner() as run:
            run.run(_serve(config, target))
    except KfastError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else f"cannot serve on {host}:{port}: {error}"
        raise click.ClickException(what) from error


def _keep() -> None:
    """What is there stays: the collector need not look at it again, and seldom at what comes, which has few cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


async def _serve(config: ClusterConfig, kubeconfig: Path) -> None:
    from kfast.cluster import ControlPlane
    from kfast.meta.kubeconfig import write

    started = time.perf_counter()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    cluster = ControlPlane(config)
    await cluster.start()
    try:
        write(kubeconfig, cluster.kubeconfig())
        took = time.perf_counter() - started
        click.echo(f"kfast is ready at {cluster.url} in {took:.2f} s, kubeconfig {kubeconfig}")
        _keep()
        await stop.wait()
    finally:
        await cluster.stop()
