"""The composition root: the only file that knows every component and puts a cluster together."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kfast.api.catalog import default_catalog
from kfast.apiserver.app import APIServer
from kfast.apiserver.pki import PKI
from kfast.apiserver.server import HTTPSServer
from kfast.client.client import Client
from kfast.client.sync import LoopThread, SyncClient
from kfast.client.transports.local import LocalTransport
from kfast.clock import Clock, SystemClock
from kfast.config import ClusterConfig
from kfast.controllers.catalog import CONTROLLERS
from kfast.errors import KfastError
from kfast.http.certificates import server_context
from kfast.meta.exchange import User
from kfast.meta.kubeconfig import Connection, config_for
from kfast.node.simulated import SimulatedNodes
from kfast.node.simulation import Program
from kfast.runtime.controller import ControllerConfig
from kfast.runtime.manager import Manager
from kfast.scheduler.configuration import load
from kfast.scheduler.plugins import Plugin
from kfast.scheduler.service import Scheduler
from kfast.store.embedded import EmbeddedStore

_MASTERS = ("system:masters", "system:authenticated")


class ControlPlane:
    """A whole cluster on the running event loop: store, API server, controllers, scheduler and simulated nodes.

    `plugins` are scheduler plugins in Python, `programs` commands that simulated containers have.
    """

    def __init__(
        self,
        config: ClusterConfig | None = None,
        clock: Clock | None = None,
        plugins: Iterable[Plugin | type[Plugin]] = (),
        programs: Mapping[str, Program] | None = None,
    ) -> None:
        self.config = config or ClusterConfig()
        self.clock: Clock = clock or SystemClock()
        directory = self.config.data_dir
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)
        self._pki = PKI(directory / "pki" if directory else None, self.clock.now())
        self.store = EmbeddedStore(str(directory / "kfast.db") if directory else None)
        self.catalog = default_catalog()
        disabled = self.config.disable_admission_plugins
        self.api = APIServer(
            self.store,
            self.catalog,
            self.clock,
            pki=self._pki,
            disable_admission_plugins=disabled,
            enable_admission_plugins=self.config.enable_admission_plugins,
            admission_control_config_file=self.config.admission_control_config_file,
            audit=self.config.audit,
            event_ttl=self.config.event_ttl,
            compaction_interval=self.config.etcd_compaction_interval,
        )
        self._server: HTTPSServer | None = None
        self.client = self._client("kubernetes-admin")
        self._manager = Manager(
            self._client("system:kube-controller-manager"),
            self.clock,
            CONTROLLERS,
            catalog=self.catalog,
            config=ControllerConfig(root_ca_pem=self._pki.ca.certificate.decode()),
        )
        scheduling = self.config.scheduler_config
        self.scheduler = Scheduler(
            self._client("system:kube-scheduler"),
            self.clock,
            configuration=load(scheduling) if scheduling else None,
            plugins=plugins,
            seed=self.config.seed,
        )
        self.nodes = SimulatedNodes(
            self._client("system:simulated-nodes"),
            self.clock,
            self.config.nodes,
            capacity=dict(self.config.node_capacity),
            programs=programs,
            listen=self._kubelet_door(),
        )
        if "scheduler" not in self.config.without:
            self.api.backend.components.runs_here("scheduler", lambda: self.scheduler.running)
        if "controllers" not in self.config.without:
            self.api.backend.components.runs_here("controller-manager", lambda: self._manager.running)
        self.api.backend.nodes.local = lambda name: self.nodes.server.handler(name) if self.nodes.alive(name) else None

    def _kubelet_door(self) -> tuple[int, ssl.SSLContext] | None:
        """Where and how the nodes serve."""
        if self.config.kubelet_port is None:
            return None
        server = self._pki.kubelet_server()
        return self.config.kubelet_port, server_context(server, self._pki.ca.certificate)

    def _client(self, user: str) -> Client:
        return Client(
            LocalTransport(self.api.handle, User(user, groups=_MASTERS), self.api.handle_many), self.clock, user
        )

    async def start(self) -> None:
        """Returns when the API serves, informers have synced and every node is registered."""
        await self.api.start()
        if self.config.port is not None:
            self._server = HTTPSServer(self.api, self._pki, self.config.host, self.config.port)
            await self._server.start()
        await asyncio.gather(*(part.start() for part in self._parts()))

    def _parts(self) -> list[Manager | Scheduler | SimulatedNodes]:
        parts: dict[str, Manager | Scheduler | SimulatedNodes] = {
            "controllers": self._manager,
            "scheduler": self.scheduler,
            "nodes": self.nodes,
        }
        return [part for name, part in parts.items() if name not in self.config.without]

    async def stop(self) -> None:
        """Stops in reverse order; every acknowledged write is on disk afterwards. Idempotent."""
        for part in reversed(self._parts()):
            await part.stop()
        if self._server is not None:
            await self._server.stop()
        await self.api.stop()
        await self.store.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """Where HTTPS is served. Raises KfastError if it is not."""
        if self._server is None:
            raise KfastError("the cluster serves no HTTPS: give it a port (0 takes a free one)")
        return f"https://{self.config.host}:{self._server.port}"

    def connection(self) -> Connection:
        """How the admin reaches the cluster over HTTPS."""
        return _admin_connection(self._pki, self.url)

    def kubeconfig(self) -> dict[str, Any]:
        """The admin's kubeconfig, decoded."""
        return config_for("kfast", self.connection())


def admin_kubeconfig(data_dir: Path, server: str) -> dict[str, Any]:
    """The kubeconfig of a cluster that lives (or will live) in `data_dir`."""
    pki = PKI(data_dir / "pki", SystemClock().now())
    return config_for("kfast", _admin_connection(pki, server))


def _admin_connection(pki: PKI, server: str) -> Connection:
    admin = pki.admin()
    return Connection(
        server=server,
        ca_pem=pki.ca.certificate.decode(),
        certificate_pem=admin.certificate.decode(),
        key_pem=admin.key.decode(),
    )


class Cluster:
    """A cluster on a thread of its own, for code without an event loop.

    `with Cluster(nodes=3) as cluster: cluster.client.list(...)`. `plugins` are scheduler
    plugins in Python; the other options are those of `ClusterConfig`.
    """

    def __init__(
        self, *, clock: Clock | None = None, plugins: Iterable[Plugin | type[Plugin]] = (), **options: Any
    ) -> None:
        self._config = ClusterConfig(**options)
        self._clock = clock
        self._plugins = tuple(plugins)
        self._loop: LoopThread | None = None
        self._plane: ControlPlane | None = None

    def start(self) -> Self:
        """Returns when the cluster is ready. Raises what kept it from starting."""
        self._loop = LoopThread()
        try:
            self._plane = self._loop.run(self._start())
        except BaseException:
            self._loop.stop()
            self._loop = None
            raise
        return self

    async def _start(self) -> ControlPlane:
        plane = ControlPlane(self._config, self._clock, self._plugins)
        try:
            await plane.start()
        except BaseException:
            await plane.stop()
            raise
        return plane

    def stop(self) -> None:
        """Stops everything; idempotent."""
        if self._loop is None or self._plane is None:
            return
        self._loop.run(self._plane.stop())
        self._loop.stop()
        self._loop = self._plane = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def plane(self) -> ControlPlane:
        """The running cluster. Raises KfastError before the start and after the stop."""
        if self._plane is None:
            raise KfastError("the cluster is not running: use it in a with block, or call start()")
        return self._plane

    @property
    def client(self) -> SyncClient:
        """The admin's in-process client."""
        plane = self.plane
        assert self._loop is not None
        return SyncClient(plane.client, self._loop)

    def https_client(self) -> SyncClient:
        """An admin's client over HTTPS with a loop of its own; the caller closes it."""
        from kfast.client.transports.https import HTTPSTransport  # aiohttp is slow to import

        return SyncClient(Client(HTTPSTransport(self.plane.connection())), LoopThread())

    @property
    def url(self) -> str:
        """Where HTTPS is served. Raises KfastError if it is not."""
        return self.plane.url

    def kubeconfig(self) -> dict[str, Any]:
        """The admin's kubeconfig, decoded. Raises KfastError if there is no HTTPS."""
        return self.plane.kubeconfig()
