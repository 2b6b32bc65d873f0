"""What every cluster holds from the start, and that a restart changes nothing of it."""

from __future__ import annotations

import time

import pytest

from kfast.api.catalog import default_catalog
from kfast.apiserver.app import APIServer
from kfast.apiserver.pki import PKI
from kfast.config import LEAN_ON_CONTROLLERS
from kfast.meta.exchange import Request, User
from kfast.store.embedded import EmbeddedStore

ADMIN = User("admin", groups=("system:masters",))
PATHS = (
    "/api/v1/namespaces/default",
    "/api/v1/namespaces/kube-system",
    "/api/v1/namespaces/kube-public",
    "/api/v1/namespaces/kube-node-lease",
    "/apis/scheduling.k8s.io/v1/priorityclasses/system-node-critical",
    "/apis/scheduling.k8s.io/v1/priorityclasses/system-cluster-critical",
    "/apis/networking.k8s.io/v1/servicecidrs/kubernetes",
    "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication",
    "/api/v1/namespaces/default/services/kubernetes",
)


@pytest.fixture
async def store():
    store = EmbeddedStore(None)
    yield store
    await store.close()


async def test_system_objects_exist_and_stay(store, clock):
    pki = PKI(None, time.time())
    found = []
    for _ in range(2):
        server = APIServer(store, default_catalog(), clock, pki=pki, disable_admission_plugins=LEAN_ON_CONTROLLERS)
        await server.start()
        answers = [await server.handle(Request("GET", path, user=ADMIN, native=True)) for path in PATHS]
        found.append([answer.payload.resource_version for answer in answers])
        await server.stop()
    assert found[0] == found[1]
    service = answers[-1].payload
    assert service.get("spec", "clusterIP") == "10.96.0.1"
    assert answers[-2].payload.get("data", "client-ca-file") == pki.ca.certificate.decode()
    assert answers[4].payload.get("value") == 2000001000
