"""Namespaces get what every one has, and take everything with them."""

from kfast.api.apps.deployment import KIND as DEPLOYMENTS
from kfast.api.core.config_map import KIND as CONFIG_MAPS
from kfast.api.core.namespace import KIND as NAMESPACES
from kfast.api.core.pod import KIND as PODS
from kfast.api.core.secret import KIND as SECRETS
from kfast.api.core.service_account import KIND as SERVICE_ACCOUNTS


async def conditions(cluster, name):
    namespace = await cluster.client.get(NAMESPACES, name)
    return {c["type"]: (c["status"], c["message"]) for c in namespace.get("status", "conditions") or ()}


def test_every_namespace_has_an_account_and_the_root_certificate(virtual):
    async def scenario(cluster):
        await cluster.add_namespace("team")
        await cluster.settle()
        for namespace in ("team", "default", "kube-system"):
            assert await cluster.exists(SERVICE_ACCOUNTS, "default", namespace)
            published = await cluster.client.get(CONFIG_MAPS, "kube-root-ca.crt", namespace)
            assert published.get("data") == {"ca.crt": "PEM"}
            assert "kubernetes.io/description" in published.get("metadata", "annotations")

    virtual(scenario)


def test_what_is_deleted_or_changed_comes_back(virtual):
    async def scenario(cluster):
        old = await cluster.client.get(SERVICE_ACCOUNTS, "default", "default")
        await cluster.client.delete(SERVICE_ACCOUNTS, "default", "default")
        await cluster.client.patch(CONFIG_MAPS, "kube-root-ca.crt", {"data": {"ca.crt": "forged"}}, "default")
        await cluster.settle()
        assert (await cluster.client.get(SERVICE_ACCOUNTS, "default", "default")).uid != old.uid
        published = await cluster.client.get(CONFIG_MAPS, "kube-root-ca.crt", "default")
        assert published.get("data") == {"ca.crt": "PEM"}
        await cluster.client.delete(CONFIG_MAPS, "kube-root-ca.crt", "default")
        await cluster.settle()
        assert await cluster.exists(CONFIG_MAPS, "kube-root-ca.crt", "default")

    virtual(scenario)


def test_a_deleted_namespace_takes_its_content_along(virtual):
    async def scenario(cluster):
        await cluster.add_namespace("team")
        await cluster.settle()
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "team"}}
        await cluster.client.create(SECRETS, secret)
        await cluster.add_pod("p", "team")
        await cluster.settle()
        await cluster.client.delete(NAMESPACES, "team")
        await cluster.settle(5)
        assert not await cluster.exists(NAMESPACES, "team", "")
        for kind in (PODS, SECRETS, CONFIG_MAPS, SERVICE_ACCOUNTS):
            assert (await cluster.client.list(kind, "team")).objects == []

    virtual(scenario)


def test_pods_go_before_everything_else(virtual):
    async def scenario(cluster):
        await cluster.add_node("node")
        await cluster.add_namespace("team")
        await cluster.settle()
        await cluster.add_pod("p", "team", node="node")
        await cluster.client.delete(NAMESPACES, "team")
        await cluster.settle(5)
        # The pod's node has not confirmed its end.
        assert (await cluster.client.get(PODS, "p", "team")).deleting
        assert await cluster.exists(SERVICE_ACCOUNTS, "default", "team")
        found = await conditions(cluster, "team")
        remaining = "Some resources are remaining: pods. has 1 resource instances"
        assert found["NamespaceContentRemaining"] == ("True", remaining)
        await cluster.client.delete(PODS, "p", "team", grace_seconds=0)
        await cluster.settle(2)
        assert not await cluster.exists(NAMESPACES, "team", "")

    virtual(scenario)


def test_finalizers_of_others_are_waited_for_and_told(virtual):
    async def scenario(cluster):
        await cluster.add_namespace("team")
        await cluster.settle()
        held = {"name": "held", "namespace": "team", "finalizers": ["example.com/hold"]}
        await cluster.client.create(CONFIG_MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": held})
        await cluster.client.delete(NAMESPACES, "team")
        await cluster.settle(5)
        namespace = await cluster.client.get(NAMESPACES, "team")
        assert namespace.get("status", "phase") == "Terminating"
        found = await conditions(cluster, "team")
        assert found["NamespaceFinalizersRemaining"] == (
            "True",
            "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
        )
        assert found["NamespaceDeletionContentFailure"][0] == "False"
        await cluster.client.patch(CONFIG_MAPS, "held", {"metadata": {"finalizers": None}}, "team")
        await cluster.settle(20)
        assert not await cluster.exists(NAMESPACES, "team", "")

    virtual(scenario)


def test_a_running_deployment_does_not_fight_the_end(virtual):
    async def scenario(cluster):
        await cluster.deploy(replicas=3)
        await cluster.add_namespace("team")
        await cluster.settle()
        body = (await cluster.deployment()).to_dict()
        body["metadata"] = {"name": "web", "namespace": "team"}
        del body["status"]
        await cluster.client.create(DEPLOYMENTS, body)
        await cluster.settle()
        assert len(await cluster.pods("team")) == 3
        await cluster.client.delete(NAMESPACES, "team")
        await cluster.settle(30)
        assert not await cluster.exists(NAMESPACES, "team", "")
        assert len(await cluster.pods()) == 3

    virtual(scenario)
