"""The public fixtures: the context manager, virtual time, the pytest plugin."""

import asyncio
import time

from kfast.api.catalog import kind
from kfast.testing import cluster, run_cluster

pytest_plugins = ["pytester"]


def test_a_cluster_of_its_own():
    with cluster() as running:
        assert [n.name for n in running.client.list(kind("Node")).objects] == ["node-0"]


def test_hours_of_a_cluster_pass_at_once():
    async def scenario(plane) -> float:
        before = plane.clock.now()
        await asyncio.sleep(7200)
        assert (await plane.client.get(kind("Node"), "node-0")).name == "node-0"
        return plane.clock.now() - before

    started = time.monotonic()
    assert 7200 <= run_cluster(scenario) < 7201
    assert time.monotonic() - started < 60


def test_the_fixtures_of_the_plugin(pytester):
    pytester.makeconftest('pytest_plugins = ["kfast.testing.pytest_plugin"]')
    pytester.makepyfile(
        """
        import pytest
        from kfast.api.catalog import kind
        from kfast.meta import kubeconfig

        NAMESPACE = {"metadata": {"name": "mine"}}

        @pytest.mark.parametrize("n", [1, 2])
        def test_each_has_a_fresh_cluster(kfast_cluster, n):
            kfast_cluster.client.create(kind("Namespace"), NAMESPACE)
            assert len(kfast_cluster.client.list(kind("Node")).objects) == 1

        @pytest.mark.kfast(nodes=3)
        def test_options(kfast_cluster):
            assert len(kfast_cluster.client.list(kind("Node")).objects) == 3

        def test_kubeconfig(kfast_cluster, kfast_kubeconfig):
            assert kubeconfig.load(kfast_kubeconfig).server == kfast_cluster.url
        """
    )
    options = ("--strict-markers", "-p", "no:cacheprovider", "-o", "asyncio_default_fixture_loop_scope=function")
    pytester.runpytest(*options).assert_outcomes(passed=4)
