"""The Service `kubernetes`: made once, kept right, advertised at an address peers can use."""

from __future__ import annotations

import ipaddress

import pytest

from kfast.apiserver.kubernetes_service import EndpointReconciler, advertised_address


@pytest.fixture
def reconciler(api):
    return EndpointReconciler(api.handle, api.clock, "192.0.2.7", 8443)


SERVICE = "/api/v1/namespaces/default/services/kubernetes"
ENDPOINTS = "/api/v1/namespaces/default/endpoints/kubernetes"
SLICE = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes"


async def test_service_and_endpoints_lead_to_the_server(api, call, reconciler):
    await reconciler.reconcile()
    spec = (await call.ok("GET", SERVICE))["spec"]
    assert spec["clusterIP"] == "10.96.0.1"
    assert spec["ports"] == [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 8443}]
    subset = (await call.ok("GET", ENDPOINTS))["subsets"][0]
    assert (subset["addresses"][0]["ip"], subset["ports"][0]["port"]) == ("192.0.2.7", 8443)
    piece = await call.ok("GET", SLICE)
    assert piece["endpoints"][0]["addresses"] == ["192.0.2.7"]
    assert piece["metadata"]["labels"] == {"kubernetes.io/service-name": "kubernetes"}


async def test_a_second_look_writes_nothing_and_damage_is_mended(api, call, reconciler):
    await reconciler.reconcile()
    before = [(await call.ok("GET", path))["metadata"]["resourceVersion"] for path in (SERVICE, ENDPOINTS, SLICE)]
    await reconciler.reconcile()
    assert before == [
        (await call.ok("GET", path))["metadata"]["resourceVersion"] for path in (SERVICE, ENDPOINTS, SLICE)
    ]
    for path in (SERVICE, SLICE):
        await call.ok("DELETE", path)
    moved = EndpointReconciler(api.handle, api.clock, "192.0.2.8", 9443)
    await moved.reconcile()
    assert (await call.ok("GET", SERVICE))["spec"]["clusterIP"] == "10.96.0.1"
    assert (await call.ok("GET", ENDPOINTS))["subsets"][0]["addresses"] == [{"ip": "192.0.2.8"}]
    assert (await call.ok("GET", SLICE))["ports"][0]["port"] == 9443


def test_no_loopback_address_is_advertised():
    assert advertised_address("192.0.2.9") == "192.0.2.9"
    for host in ("127.0.0.1", "0.0.0.0", "localhost"):
        found = advertised_address(host)
        assert found is None or not ipaddress.ip_address(found).is_loopback
