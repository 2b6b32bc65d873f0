"""Pod addresses: unique, stable, released, reclaimed."""

import pytest

from kfast.errors import KfastError
from kfast.node.pod_network import PodNetwork
from kfast.node.simulated import host_ip, pod_network


def test_addresses_are_unique_and_stable():
    network = PodNetwork("10.244.1")
    found = [network.address(str(i)) for i in range(253)]
    assert len(set(found)) == 253
    assert found[0] == "10.244.1.2"
    assert network.address("7") == found[7]
    assert network.address("one too many") == ""


def test_released_addresses_come_back_last():
    network = PodNetwork("10.244.1")
    first = network.address("a")
    network.release("a")
    network.release("a")
    assert network.address("b") != first
    assert first in [network.address(str(i)) for i in range(252)]


def test_claimed_addresses_are_not_given_again():
    network = PodNetwork("10.244.1")
    network.claim("old", "10.244.1.2")
    network.claim("foreign", "10.9.9.9")
    assert network.address("new") == "10.244.1.3"
    assert network.address("old") == "10.244.1.2"


def test_networks_of_many_nodes_are_distinct():
    assert pod_network(3, 10) == "10.244.3"
    assert len({pod_network(i, 5000) for i in range(5000)}) == 5000
    assert len({host_ip(i) for i in range(5000)}) == 5000
    with pytest.raises(KfastError, match="at most 32768"):
        pod_network(0, 40_000)
