"""Services as objects of the API, the one of the API server among them, and the addresses they take theirs from."""

from __future__ import annotations

import ssl

import pytest
from exam import conformance
from kube import STRATEGIC

services, server = conformance("sig-network", "Services"), conformance("sig-network", "API Server")
HTTP = [{"name": "http", "port": 80, "protocol": "TCP"}]


@services("should find a service from listing all namespaces")
def test_the_service_of_the_api_server_is_listed(kube):
    found = kube("Service", namespace="").list(field_selector="metadata.name=kubernetes")["items"]
    assert [service["metadata"]["namespace"] for service in found] == ["default"]


@server("should provide secure master service")
def test_the_service_of_the_api_server_is_secure(kube):
    (port,) = kube("Service", namespace="default").get("kubernetes")["spec"]["ports"]
    assert (port["name"], port["port"], port["protocol"]) == ("https", 443, "TCP")


@server("should have Endpoints and EndpointSlices pointing to API Server")
def test_the_service_of_the_api_server_leads_there(kube, cluster):
    endpoints = kube("Endpoints", namespace="default").get("kubernetes")
    slices = kube("EndpointSlice", "discovery.k8s.io/v1", namespace="default").list(
        label_selector="kubernetes.io/service-name=kubernetes"
    )["items"]
    (subset,), (piece,) = endpoints["subsets"], slices
    ips = [address["ip"] for address in subset["addresses"]]
    assert [address for endpoint in piece["endpoints"] for address in endpoint["addresses"]] == ips
    assert [port["port"] for port in piece["ports"]] == [port["port"] for port in subset["ports"]]
    assert str(subset["ports"][0]["port"]) == cluster.server.rpartition(":")[2]
    authority = kube("ConfigMap").wait("kube-root-ca.crt", lambda _: True)["data"]["ca.crt"]
    assert ssl.PEM_cert_to_DER_cert(authority)


@services("should complete a service status lifecycle")
def test_a_status_is_written_apart(kube):
    things = kube("Service")
    labels = {"life": kube.namespace}
    spec = {"type": "LoadBalancer", "ports": HTTP, "loadBalancerClass": "example.com/inside"}
    watch = things.watch(labelSelector=f"life={kube.namespace}")
    things.create("s", metadata={"labels": labels}, spec=spec)
    assert things.get("s", "status")["status"] == {"loadBalancer": {}}
    ingress = {"ingress": [{"ip": "203.0.113.1", "ipMode": "VIP"}]}
    patch = {"metadata": {"annotations": {"patched": "yes"}}, "status": {"loadBalancer": ingress}}
    assert things.patch("s", patch, "status")["status"]["loadBalancer"] == ingress
    condition = {"type": "Updated", "status": "True", "reason": "Test", "message": "set",
                 "lastTransitionTime": "2026-01-01T00:00:00Z"}  # fmt: skip
    things.change("s", lambda body: body["status"].update(conditions=[condition]), "status")
    things.patch("s", {"metadata": {"labels": {"more": "yes"}}}, content_type=STRATEGIC)
    last = watch.until(lambda _, service: "more" in service["metadata"]["labels"])
    assert last["status"] == {"loadBalancer": ingress, "conditions": [condition]}
    things.delete("s")
    watch.until(lambda kind, _: kind == "DELETED")
    watch.close()


@services("should delete a collection of services")
def test_a_collection_goes_by_label(kube):
    things = kube("Service")
    for name in ("a", "b"):
        things.create(name, metadata={"labels": {"set": "one"}}, spec={"ports": HTTP})
    things.create("c", metadata={"labels": {"set": "two"}}, spec={"ports": HTTP})
    things.delete_all(label_selector="set=one")
    assert things.names() == ["c"]


@conformance("sig-network", "ServiceCIDR and IPAddress API")("should support ServiceCIDR API operations")
def test_the_range_of_service_addresses(kube):
    ranges = kube("ServiceCIDR", "networking.k8s.io/v1")
    default = ranges.get("kubernetes")
    assert default["spec"]["cidrs"]
    status = ranges.get("kubernetes", "status")
    assert (status["kind"], status["metadata"]["uid"]) == ("ServiceCIDR", default["metadata"]["uid"])
    assert "kubernetes" in ranges.names()
    watch = ranges.watch()
    assert watch.next()[0] == "ADDED"
    watch.close()


@pytest.mark.parametrize(
    ("kind", "version"),
    [
        pytest.param("EndpointSlice", "discovery.k8s.io/v1", marks=conformance("sig-network", "EndpointSlice")(
            "should create and delete EndpointSlices for a Service with a selector that matches no pods")),
        pytest.param("Endpoints", "v1", marks=conformance("sig-network", "EndpointsController")(
            "should create and delete Endpoints for a Service with a selector that matches no pods")),
    ],
)  # fmt: skip
def test_a_service_without_pods_has_empty_endpoints(kube, kind, version):
    things, selector = kube(kind, version), "kubernetes.io/service-name=s" if kind == "EndpointSlice" else ""
    watch = things.watch(**({"labelSelector": selector} if selector else {}))
    kube("Service").create("s", spec={"selector": {"no": "pods"}, "ports": HTTP})
    made = watch.until(lambda event, _: event == "ADDED")
    assert not made.get("endpoints")
    assert not any(subset.get("addresses") for subset in made.get("subsets") or ())
    kube("Service").delete("s")
    watch.until(lambda event, _: event == "DELETED")
    watch.close()
