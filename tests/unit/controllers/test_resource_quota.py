"""The quota controller: what is enforced, what is used, and when it is counted anew."""

import pytest

from kfast.api.core.config_map import KIND as CONFIG_MAPS
from kfast.api.core.namespace import KIND as NAMESPACES
from kfast.api.core.pod import KIND as PODS
from kfast.api.core.resource_quota import KIND as QUOTAS
from kfast.api.core.service import KIND as SERVICES
from kfast.controllers.resource_quota import RESYNC_SECONDS, plan
from kfast.meta.quantity import parse


@pytest.mark.parametrize(
    ("hard", "status", "counted", "wanted"),
    [
        ({"pods": "2"}, {}, {"pods": "1"}, {"hard": {"pods": "2"}, "used": {"pods": "1"}}),
        ({"pods": "2"}, {"hard": {"pods": "2"}, "used": {"pods": "1"}}, {"pods": "1"}, None),
        ({"cpu": "1"}, {"hard": {"cpu": "1000m"}, "used": {"cpu": "500m"}}, {"cpu": "0.5"}, None),
        (
            {"pods": "3"},
            {"hard": {"pods": "2"}, "used": {"pods": "1", "secrets": "4"}},
            {"pods": "1"},
            {"hard": {"pods": "3"}, "used": {"pods": "1"}},
        ),
        (
            {"pods": "1", "count/x.y": "1"},
            {},
            {"pods": "0"},
            {"hard": {"pods": "1", "count/x.y": "1"}, "used": {"pods": "0"}},
        ),
        ({}, {}, {}, {"hard": {}, "used": {}}),
    ],
)
def test_plan(hard, status, counted, wanted):
    def count(name):
        return {name: parse(counted[name])} if name in counted else None

    assert plan({"spec": {"hard": hard}, "status": status}, count) == wanted


def quota(**hard):
    names = {name.replace("__", "/").replace("_", "."): amount for name, amount in hard.items()}
    return {"metadata": {"name": "q", "namespace": "n"}, "spec": {"hard": names}}


async def used(cluster):
    return (await cluster.client.get(QUOTAS, "q", "n")).get("status", "used")


def body(name, **spec):
    return {"metadata": {"name": name, "namespace": "n"}, **spec}


def pod(name, cpu="100m"):
    resources = {"requests": {"cpu": cpu}}
    return body(name, spec={"containers": [{"name": "c", "image": "i", "resources": resources}]})


def test_what_goes_is_given_back(virtual):
    async def scenario(cluster):
        client = cluster.client
        await client.create(NAMESPACES, {"metadata": {"name": "n"}})
        await client.create(PODS, pod("before"))
        await cluster.settle()
        await client.create(QUOTAS, quota(pods="5", requests_cpu="1", count__configmaps="5", services="5"))
        await cluster.settle()
        # The authority's certificate is a config map, too.
        assert await used(cluster) == {"count/configmaps": "1", "pods": "1", "requests.cpu": "100m", "services": "0"}
        await client.create(PODS, pod("after", "200m"))
        await client.create(CONFIG_MAPS, body("c"))
        await client.create(SERVICES, body("s", spec={"ports": [{"port": 80}]}))
        assert await used(cluster) == {"count/configmaps": "2", "pods": "2", "requests.cpu": "300m", "services": "1"}
        for kind, name in ((PODS, "before"), (CONFIG_MAPS, "c"), (SERVICES, "s")):
            await client.delete(kind, name, "n", grace_seconds=0)
        await cluster.settle()
        assert await used(cluster) == {"count/configmaps": "1", "pods": "1", "requests.cpu": "200m", "services": "0"}
        await cluster.set_pod_status(await client.get(PODS, "after", "n"), {"phase": "Succeeded"})
        await cluster.settle()
        assert await used(cluster) == {"count/configmaps": "1", "pods": "0", "requests.cpu": "0", "services": "0"}

    virtual(scenario)


def test_a_changed_quota_is_counted_at_once(virtual):
    async def scenario(cluster):
        await cluster.client.create(NAMESPACES, {"metadata": {"name": "n"}})
        await cluster.client.create(QUOTAS, quota(pods="5"))
        await cluster.client.create(PODS, pod("p"))
        await cluster.settle()
        await cluster.client.patch(QUOTAS, "q", {"spec": {"hard": {"pods": None, "cpu": "1"}}}, "n")
        await cluster.settle()
        status = (await cluster.client.get(QUOTAS, "q", "n")).get("status")
        assert status == {"hard": {"cpu": "1"}, "used": {"cpu": "100m"}}

    virtual(scenario)


def test_scopes_decide_what_is_counted(virtual):
    async def scenario(cluster):
        await cluster.client.create(NAMESPACES, {"metadata": {"name": "n"}})
        for name, spec in (("a", {}), ("b", {"activeDeadlineSeconds": 9}), ("c", {"activeDeadlineSeconds": 9})):
            made = pod(name)
            made["spec"] |= spec
            await cluster.client.create(PODS, made)
        wanted = quota(pods="5")
        wanted["spec"]["scopes"] = ["Terminating"]
        await cluster.client.create(QUOTAS, wanted)
        await cluster.settle()
        assert await used(cluster) == {"pods": "2"}

    virtual(scenario)


def test_a_resync_puts_a_status_right(virtual):
    async def scenario(cluster):
        await cluster.client.create(NAMESPACES, {"metadata": {"name": "n"}})
        await cluster.client.create(QUOTAS, quota(pods="5"))
        await cluster.settle()
        wrong = {"status": {"hard": {"pods": "9"}, "used": {"pods": "7"}}}
        await cluster.client.patch(QUOTAS, "q", wrong, "n", subresource="status")
        await cluster.settle(100)
        assert await used(cluster) == {"pods": "7"}
        await cluster.settle(RESYNC_SECONDS)
        status = (await cluster.client.get(QUOTAS, "q", "n")).get("status")
        assert status == {"hard": {"pods": "5"}, "used": {"pods": "0"}}

    virtual(scenario)
