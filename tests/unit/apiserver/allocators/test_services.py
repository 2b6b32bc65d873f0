"""Cluster IPs and node ports: inferred, taken, kept, given back, refused in upstream's words."""

from __future__ import annotations

import copy
import ipaddress
import random
from types import SimpleNamespace

import msgspec
import pytest

from kfast._core import Object
from kfast.api.core.service import KIND as SERVICE
from kfast.apiserver.allocators.services import ServiceAllocator
from kfast.errors import StatusError


def service(kind: str = "ClusterIP", *ports: dict, **spec) -> dict:
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "d"}}
    return body | {"spec": {"type": kind, "selector": {"a": "b"}, "ports": list(ports) or [{"port": 80}]} | spec}


def allocator(*stored: dict, **options) -> ServiceAllocator:
    objects = [Object.parse(msgspec.json.encode(body)) for body in stored]
    store = SimpleNamespace(list=lambda resource: SimpleNamespace(objects=objects))
    return ServiceAllocator(store, random.Random(1), **options)


def create(owner: ServiceAllocator, body: dict) -> dict:
    owner.begin_create(body, False)(True)
    return body["spec"]


def refused(call) -> StatusError:
    with pytest.raises(StatusError) as error:
        call()
    return error.value


def test_create_gets_an_address_of_the_dynamic_band():
    owner = allocator()
    spec = create(owner, service())
    address = ipaddress.ip_address(spec["clusterIP"])
    assert address in ipaddress.ip_network("10.96.0.0/12")
    assert address > ipaddress.ip_address("10.96.1.0")
    assert spec["clusterIPs"] == [spec["clusterIP"]]
    assert (spec["ipFamilies"], spec["ipFamilyPolicy"]) == (["IPv4"], "SingleStack")
    assert "nodePort" not in spec["ports"][0]


def test_given_address_is_taken_once():
    owner = allocator()
    assert create(owner, service(clusterIP="10.96.0.10"))["clusterIPs"] == ["10.96.0.10"]
    error = refused(lambda: create(owner, service(clusterIP="10.96.0.10")))
    assert error.code == 422
    assert error.message == (
        'Service "s" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.10"]: '
        "failed to allocate IP 10.96.0.10: provided IP is already allocated"
    )
    error = refused(lambda: create(owner, service(clusterIP="10.200.0.1")))
    assert "the provided network does not match the current range" in error.message


def test_a_small_range_is_used_up_static_band_last_then_full():
    owner = allocator(cidr="10.0.0.0/27")
    given = [create(owner, service())["clusterIP"] for _ in range(30)]
    assert sorted(map(ipaddress.ip_address, given)) == [ipaddress.ip_address(f"10.0.0.{i}") for i in range(1, 31)]
    assert all(int(a.rsplit(".")[-1]) > 16 for a in given[:14])
    error = refused(lambda: create(owner, service()))
    assert error.code == 500
    assert error.message == "Internal error occurred: failed to allocate a serviceIP: range is full"
    owner.after_delete(service(clusterIP="10.0.0.7", clusterIPs=["10.0.0.7"]))
    assert create(owner, service())["clusterIP"] == "10.0.0.7"


def test_headless_and_external_name_take_nothing():
    owner = allocator()
    headless = create(owner, service(clusterIP="None"))
    assert headless["clusterIPs"] == ["None"]
    assert (headless["ipFamilies"], headless["ipFamilyPolicy"]) == (["IPv4"], "SingleStack")
    bare = create(owner, service(clusterIP="None", selector=None))
    assert (bare["ipFamilies"], bare["ipFamilyPolicy"]) == (["IPv4", "IPv6"], "RequireDualStack")
    external = create(owner, service("ExternalName", externalName="x.test"))
    assert "clusterIP" not in external
    assert "ipFamilies" not in external


def test_dual_stack_is_refused():
    error = refused(lambda: create(allocator(), service(ipFamilyPolicy="RequireDualStack")))
    assert "this cluster is not configured for dual-stack services" in error.message
    error = refused(lambda: create(allocator(), service(ipFamilies=["IPv6"])))
    assert 'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster' in error.message
    assert create(allocator(), service(ipFamilyPolicy="PreferDualStack"))["ipFamilies"] == ["IPv4"]


def test_node_ports_are_shared_by_protocols_and_taken_once():
    owner = allocator()
    spec = create(
        owner, service("NodePort", {"port": 53, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}, {"port": 80})
    )
    first, second, third = (port["nodePort"] for port in spec["ports"])
    assert first == second != third
    assert all(30086 <= port <= 32767 for port in (first, third))
    assert create(owner, service("NodePort", {"port": 80, "nodePort": 30080}))["ports"][0]["nodePort"] == 30080
    error = refused(lambda: create(owner, service("NodePort", {"port": 80, "nodePort": 30080})))
    assert error.message == (
        'Service "s" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated'
    )
    error = refused(lambda: create(owner, service("NodePort", {"port": 80, "nodePort": 80})))
    assert error.message.endswith("provided port is not in the valid range. The range of valid ports is 30000-32767")


def test_failure_and_dry_run_leave_nothing_taken():
    owner = allocator()
    owner.begin_create(service("NodePort", {"port": 1, "nodePort": 30001}, clusterIP="10.96.0.9"), True)(False)
    assert 30001 not in owner.ports
    assert "10.96.0.9" not in owner.ips
    create(owner, service("NodePort", {"port": 1, "nodePort": 30002}))
    refused(lambda: create(owner, service("NodePort", {"port": 1, "nodePort": 30002}, clusterIP="10.96.0.9")))
    assert "10.96.0.9" not in owner.ips


def update(owner: ServiceAllocator, old: dict, **changes) -> dict:
    new = copy.deepcopy(old)
    for key, value in changes.items():
        if value is None:
            new["spec"].pop(key, None)
        else:
            new["spec"][key] = value
    SERVICE.prepare_update(new, old)
    owner.begin_update(new, old, False)(True)
    return new


def test_update_keeps_what_it_does_not_name_and_changes_with_the_type():
    owner = allocator()
    first = service("NodePort", {"port": 80, "name": "a"})
    create(owner, first)
    address, port = first["spec"]["clusterIP"], first["spec"]["ports"][0]["nodePort"]
    second = update(
        owner, first, clusterIP=None, clusterIPs=None, ports=[{"port": 81, "name": "a"}, {"port": 9, "name": "b"}]
    )
    assert second["spec"]["clusterIPs"] == [address]
    assert second["spec"]["ports"][0]["nodePort"] == port
    added = second["spec"]["ports"][1]["nodePort"]
    third = update(owner, second, type="ClusterIP")
    assert all("nodePort" not in p for p in third["spec"]["ports"])
    assert port not in owner.ports
    assert added not in owner.ports
    fourth = update(owner, third, type="ExternalName", externalName="x.test")
    assert "clusterIP" not in fourth["spec"]
    assert address not in owner.ips
    assert update(owner, fourth, type="ClusterIP")["spec"]["clusterIP"] in owner.ips


def test_load_balancer_health_check_port():
    owner = allocator()
    body = service("LoadBalancer", {"port": 80}, externalTrafficPolicy="Local")
    create(owner, body)
    port = body["spec"]["healthCheckNodePort"]
    assert port in owner.ports
    changed = update(owner, body, externalTrafficPolicy="Cluster")
    assert "healthCheckNodePort" not in changed["spec"]
    assert port not in owner.ports
    quiet = create(owner, service("LoadBalancer", {"port": 80}, allocateLoadBalancerNodePorts=False))
    assert "nodePort" not in quiet["ports"][0]


def test_stored_services_hold_what_they_have():
    stored = service("NodePort", {"port": 80, "nodePort": 30080}, clusterIP="10.96.0.7", clusterIPs=["10.96.0.7"])
    owner = allocator(stored)
    refused(lambda: create(owner, service(clusterIP="10.96.0.7")))
    refused(lambda: create(owner, service("NodePort", {"port": 1, "nodePort": 30080})))
    owner.after_delete(stored)
    assert create(owner, service("NodePort", {"port": 1, "nodePort": 30080}, clusterIP="10.96.0.7"))
