"""The controllers need nothing but the API: apart from it, over TLS, they do the same."""

import asyncio

from kfast.api.apps.deployment import KIND as DEPLOYMENTS
from kfast.api.catalog import default_catalog
from kfast.api.core.config_map import KIND as CONFIG_MAPS
from kfast.api.core.pod import KIND as PODS
from kfast.apiserver.app import APIServer
from kfast.apiserver.pki import PKI
from kfast.apiserver.server import HTTPSServer
from kfast.client import Client, Connection, HTTPSTransport
from kfast.clock import SystemClock
from kfast.config import LEAN_ON_CONTROLLERS
from kfast.controllers.catalog import CONTROLLERS
from kfast.runtime import ControllerConfig, LeaderElector, Manager
from kfast.store.embedded import EmbeddedStore


async def until(condition):
    """Asks the server again until the condition holds."""
    for _ in range(1000):
        if await condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{condition.__name__} did not come true")


async def test_controllers_work_over_the_network():
    clock, catalog, store = SystemClock(), default_catalog(), EmbeddedStore(None)
    pki = PKI(None, clock.now())
    api = APIServer(store, catalog, clock, pki=pki, disable_admission_plugins=LEAN_ON_CONTROLLERS)
    await api.start()
    server = HTTPSServer(api, pki, "127.0.0.1", 0)
    await server.start()
    admin = pki.admin()
    client = Client(
        HTTPSTransport(
            Connection(
                server=f"https://127.0.0.1:{server.port}",
                ca_pem=pki.ca.certificate.decode(),
                certificate_pem=admin.certificate.decode(),
                key_pem=admin.key.decode(),
            )
        )
    )
    manager = Manager(client, clock, CONTROLLERS, catalog=catalog, config=ControllerConfig(root_ca_pem="PEM"))
    leading = asyncio.Event()

    async def lead():
        await manager.start()
        leading.set()
        await asyncio.Event().wait()

    elector = LeaderElector(client, clock, "kube-controller-manager", "me")
    leader = asyncio.ensure_future(elector.run(lead))
    await asyncio.wait_for(leading.wait(), 20)
    assert elector.is_leader

    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "v1"}]}}
    spec = {"replicas": 5, "selector": {"matchLabels": labels}, "template": template}
    metadata = {"name": "web", "namespace": "default"}
    await client.create(
        DEPLOYMENTS, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}
    )

    async def pods():
        return len((await client.list(PODS, "default")).objects)

    async def has_pods():
        return await pods() == 5

    async def has_none():
        return await pods() == 0

    async def is_published():
        published = (await client.list(CONFIG_MAPS, "default", field_selector="metadata.name=kube-root-ca.crt")).objects
        return [o.get("data") for o in published] == [{"ca.crt": "PEM"}]

    await until(has_pods)
    await until(is_published)
    await client.delete(DEPLOYMENTS, "web", "default", propagation="Foreground")
    await until(has_none)

    leader.cancel()
    await asyncio.gather(leader, return_exceptions=True)
    assert not elector.is_leader
    await manager.stop()
    await client.close()
    await server.stop()
    await api.stop()
    await store.close()
