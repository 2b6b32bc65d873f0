"""`kfast up`: a cluster in the foreground."""

from __future__ import annotations

import asyncio
import gc
import signal
import time
from pathlib import Path
from typing import Any

import click

from kfast.cli.audit_options import audit_config, audit_options, duration
from kfast.config import ADMISSION_PLUGINS, COMPONENTS, OFF_BY_DEFAULT, SECURE_PORT, ClusterConfig
from kfast.errors import KfastError
from kfast.http.event_loop import runner, soft_limit_to_hard

_PORT = click.IntRange(0, 65535)


def _plugins(_context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]) -> frozenset[str]:
    """Admission plugins of lists with commas."""
    names = frozenset(name for text in texts for name in text.split(","))
    if unknown := sorted(names.difference(ADMISSION_PLUGINS)):
        raise click.BadParameter(f"{', '.join(unknown)}: there are {', '.join(ADMISSION_PLUGINS)}")
    return names


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
    "--event-ttl", default="1h0m0s", show_default=True, callback=duration, help="How long events stay; 0: for ever."
)
@click.option(
    "--etcd-compaction-interval",
    default="5m0s",
    show_default=True,
    callback=duration,
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
@audit_options
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
    **audit: Any,
) -> None:
    """Run a cluster until Ctrl-C."""
    target = kubeconfig or Path("kfast.kubeconfig")
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
        audit=audit_config(audit),
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
