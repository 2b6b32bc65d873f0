"""`kfast scheduler start`."""

from __future__ import annotations

import asyncio
import signal
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import click
import yaml

from kfast.http.event_loop import runner, soft_limit_to_hard

if TYPE_CHECKING:
    from kfast.scheduler.configuration import KubeSchedulerConfiguration
    from kfast.scheduler.configuration.types import ClientConnectionConfiguration

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_ELECTION = {
    "leader_elect_lease_duration": "lease_duration",
    "leader_elect_renew_deadline": "renew_deadline",
    "leader_elect_retry_period": "retry_period",
    "leader_elect_resource_name": "resource_name",
    "leader_elect_resource_namespace": "resource_namespace",
}


@click.command()
@click.option("--config", type=_FILE, help="A KubeSchedulerConfiguration; flags override what it says.")
@click.option("--kubeconfig", type=_FILE, help="The cluster to schedule; by default that of kubectl.")
@click.option("--master", default="", help="Another URL than the kubeconfig's.")
@click.option("--bind-address", default="0.0.0.0", show_default=True, help="Address of the HTTPS port.")
@click.option("--secure-port", default=10259, show_default=True, help="HTTPS port; 0 serves none.")
@click.option("--tls-cert-file", type=_FILE, help="Its certificate; self-signed without it.")
@click.option("--tls-private-key-file", type=_FILE, help="The certificate's key.")
@click.option("--leader-elect/--no-leader-elect", default=None, help="Compete for a lease first. [default: yes]")
@click.option("--leader-elect-lease-duration", help="How long others wait for a silent leader. [default: 15s]")
@click.option("--leader-elect-renew-deadline", help="How long the leader tries to renew. [default: 10s]")
@click.option("--leader-elect-retry-period", help="How often it does. [default: 2s]")
@click.option("--leader-elect-resource-name", help="The lease. [default: kube-scheduler]")
@click.option("--leader-elect-resource-namespace", help="Its namespace. [default: kube-system]")
@click.option("--write-config-to", type=click.Path(path_type=Path), help="Write the complete configuration, and exit.")
@click.option("--seed", default=0, show_default=True, help="Decides between equally good nodes.")
def command(
    config: Path | None,
    kubeconfig: Path | None,
    master: str,
    bind_address: str,
    secure_port: int,
    tls_cert_file: Path | None,
    tls_private_key_file: Path | None,
    leader_elect: bool | None,
    write_config_to: Path | None,
    seed: int,
    **election: str | None,
) -> None:
    """Run the scheduler as a process of its own until Ctrl-C."""
    from kfast.client import KubeconfigError
    from kfast.runtime.leader_election import LeadershipLostError
    from kfast.scheduler.configuration import ConfigurationError
    from kfast.scheduler.plugins.plugin import PluginError

    soft_limit_to_hard()
    try:
        configuration = _configuration(config, leader_elect, election)
        if write_config_to:
            write_config_to.write_text(_dumped(configuration))
            return
        context = _context(tls_cert_file, tls_private_key_file, bind_address)
        named = configuration.client_connection.kubeconfig
        kubeconfig = kubeconfig or (Path(named) if named else None)
        address = (bind_address, secure_port or None)
        with runner() as run:
            run.run(_serve(kubeconfig, master, configuration, context, address, seed, _stated(config)))
    except LeadershipLostError as error:
        raise click.ClickException(f"leaderelection lost: {error}") from error
    except (ConfigurationError, PluginError, KubeconfigError, OSError) as error:
        raise click.ClickException(str(error)) from error


def _configuration(
    file: Path | None, leader_elect: bool | None, election: dict[str, str | None]
) -> KubeSchedulerConfiguration:
    from kfast.meta.configuration import Duration
    from kfast.scheduler.configuration import ConfigurationError, default_configuration, load
    from kfast.scheduler.configuration.validation import validate

    configuration = load(file) if file else default_configuration()
    chosen = configuration.leader_election
    if leader_elect is not None:
        chosen.leader_elect = leader_elect
    for flag, field in _ELECTION.items():
        if (value := election[flag]) is not None:
            setattr(chosen, field, value if field.startswith("resource") else Duration.parse(value))
    for error in validate(configuration):
        raise ConfigurationError(f"{error.path}: {error.message}")
    return configuration


def _stated(file: Path | None) -> ClientConnectionConfiguration:
    """What the file itself says of the connection: defaults do not slow requests down."""
    from kfast.scheduler.configuration.load import decode
    from kfast.scheduler.configuration.types import ClientConnectionConfiguration

    return decode(file.read_text()).client_connection if file else ClientConnectionConfiguration()


def _dumped(configuration: KubeSchedulerConfiguration) -> str:
    from kfast.scheduler.configuration import encode

    text: str = yaml.safe_dump(encode(configuration), sort_keys=False)
    return text


def _context(certificate: Path | None, key: Path | None, host: str) -> ssl.SSLContext:
    if certificate and key:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context
    from kfast.apiserver.pki import PKI
    from kfast.clock import SystemClock
    from kfast.http.certificates import server_context

    pki = PKI(None, SystemClock().now())
    return server_context(pki.server([host]), pki.ca.certificate)


async def _serve(
    kubeconfig: Path | None,
    master: str,
    configuration: KubeSchedulerConfiguration,
    context: ssl.SSLContext,
    address: tuple[str, int | None],
    seed: int,
    stated: ClientConnectionConfiguration,
) -> None:
    from dataclasses import replace

    from kfast.client import Client
    from kfast.client.transports.https import HTTPSTransport
    from kfast.meta.kubeconfig import load
    from kfast.scheduler.process import SchedulerProcess
    from kfast.scheduler.throttle import throttled

    connection = load(kubeconfig)
    client = Client(HTTPSTransport(replace(connection, server=master) if master else connection))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        host, port = address
        writer = Client(throttled(client.transport, stated, client.clock), client.clock)
        process = SchedulerProcess(client, configuration, context, host=host, port=port, seed=seed, writer=writer)
        work, stopped = asyncio.ensure_future(process.run()), asyncio.ensure_future(stop.wait())
        await asyncio.wait((work, stopped), return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            work.result()
        work.cancel()
        stopped.cancel()
        await asyncio.gather(work, stopped, return_exceptions=True)
    finally:
        await client.close()
