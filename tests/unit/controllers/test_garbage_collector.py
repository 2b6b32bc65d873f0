"""What nobody owns goes; foreground, background and orphaning deletions end as the API says."""

import pytest

from kfast.api.apps.deployment import KIND as DEPLOYMENTS
from kfast.api.apps.replica_set import KIND as REPLICA_SETS
from kfast.api.core.config_map import KIND as CONFIG_MAPS
from kfast.api.core.pod import KIND as PODS
from kfast.controllers.garbage_collector import Owners, Plan, plan
from kfast.controllers.garbage_collector.graph import Node
from kfast.runtime import Informer


def reference(obj, **more):
    return {"apiVersion": obj.api_version, "kind": obj.kind, "name": obj.name, "uid": obj.uid, **more}


async def config_map(cluster, name, *owners, namespace="default", **metadata):
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace, "ownerReferences": list(owners), **metadata},
    }
    return await cluster.client.create(CONFIG_MAPS, body)


async def names(cluster, namespace="default"):
    found = (await cluster.client.list(CONFIG_MAPS, namespace)).objects
    return [o.name for o in found if o.name != "kube-root-ca.crt"]


def own(uid):
    return {"apiVersion": "v1", "kind": "ConfigMap", "name": uid, "uid": uid}


DEPENDENT = Node(CONFIG_MAPS, "default", "d", "d")
WAITING_DEPENDENT = Node(CONFIG_MAPS, "default", "d", "d", waits_for_dependents=True)


@pytest.mark.parametrize(
    ("owners", "finalizers", "dependents", "verdict"),
    [
        (Owners(solid=(own("a"),)), (), (), Plan()),
        (Owners(solid=(own("a"),), dangling=(own("b"),), waiting=(own("c"),)), (), (), Plan(drop=("b", "c"))),
        (Owners(dangling=(own("a"),)), (), (), Plan(delete="Background")),
        (Owners(dangling=(own("a"),)), ("orphan",), (), Plan(delete="Orphan")),
        (Owners(dangling=(own("a"),)), ("foregroundDeletion",), (), Plan(delete="Foreground")),
        (Owners(waiting=(own("a"),)), (), (), Plan(delete="Background")),
        (Owners(waiting=(own("a"),)), (), (DEPENDENT,), Plan(delete="Foreground")),
        (Owners(waiting=(own("a"),)), (), (WAITING_DEPENDENT,), Plan(delete="Foreground", unblock=True)),
    ],
)
def test_the_verdict_follows_from_the_owners(owners, finalizers, dependents, verdict):
    assert plan(owners, finalizers, dependents) == verdict


def test_background_deletion_takes_the_whole_tree(virtual):
    async def scenario(cluster):
        await cluster.deploy(replicas=3)
        await cluster.settle()
        await cluster.client.delete(DEPLOYMENTS, "web", "default", propagation="Background")
        assert not await cluster.exists(DEPLOYMENTS, "web")
        await cluster.settle(2)
        assert await cluster.sizes() == {}
        assert await cluster.pods() == []

    virtual(scenario)


def test_foreground_deletion_takes_the_owner_last(virtual):
    async def scenario(cluster):
        await cluster.deploy(replicas=3)
        await cluster.settle()
        gone = []
        for kind in (PODS, REPLICA_SETS, DEPLOYMENTS):
            informer = Informer(cluster.client, kind)
            informer.add_handler(on_delete=lambda o: gone.append(o.kind))
            informer.start()
            await informer.synced()
        await cluster.client.delete(DEPLOYMENTS, "web", "default", propagation="Foreground")
        assert await cluster.exists(DEPLOYMENTS, "web")
        await cluster.settle(5)
        assert gone == ["Pod"] * 3 + ["ReplicaSet", "Deployment"]

    virtual(scenario)


def test_orphans_stay_without_the_owner(virtual):
    async def scenario(cluster):
        owner = await config_map(cluster, "owner")
        await config_map(cluster, "child", reference(owner))
        await cluster.settle()
        await cluster.client.delete(CONFIG_MAPS, "owner", "default", propagation="Orphan")
        await cluster.settle()
        assert await names(cluster) == ["child"]
        child = await cluster.client.get(CONFIG_MAPS, "child", "default")
        assert not child.get("metadata", "ownerReferences")

    virtual(scenario)


def test_an_object_of_an_absent_owner_goes(virtual):
    async def scenario(cluster):
        absent = {"apiVersion": "v1", "kind": "ConfigMap", "name": "never", "uid": "00000000-no-such"}
        await config_map(cluster, "child", absent)
        await cluster.settle()
        assert await names(cluster) == []

    virtual(scenario)


def test_an_owner_of_the_same_name_but_another_uid_is_absent(virtual):
    async def scenario(cluster):
        owner = await config_map(cluster, "owner")
        await config_map(cluster, "child", reference(owner) | {"uid": "another"})
        await cluster.settle()
        assert await names(cluster) == ["owner"]

    virtual(scenario)


def test_one_living_owner_is_enough(virtual):
    async def scenario(cluster):
        one, two = await config_map(cluster, "one"), await config_map(cluster, "two")
        await config_map(cluster, "child", reference(one), reference(two))
        await cluster.settle()
        await cluster.client.delete(CONFIG_MAPS, "one", "default")
        await cluster.settle()
        child = await cluster.client.get(CONFIG_MAPS, "child", "default")
        assert [o["name"] for o in child.get("metadata", "ownerReferences")] == ["two"]

    virtual(scenario)


def test_of_two_owners_one_waiting_only_that_reference_is_dropped(virtual):
    async def scenario(cluster):
        one, two = await config_map(cluster, "one"), await config_map(cluster, "two")
        await config_map(cluster, "child", reference(one, blockOwnerDeletion=True), reference(two))
        await cluster.settle()
        await cluster.client.delete(CONFIG_MAPS, "one", "default", propagation="Foreground")
        await cluster.settle(2)
        assert await names(cluster) == ["child", "two"]

    virtual(scenario)


@pytest.mark.parametrize("propagation", ["Background", "Foreground"])
def test_a_cycle_does_not_hold_itself_up(virtual, propagation):
    async def scenario(cluster):
        one = await config_map(cluster, "one")
        two = await config_map(cluster, "two", reference(one, blockOwnerDeletion=True))
        three = await config_map(cluster, "three", reference(two, blockOwnerDeletion=True))
        patch = {"metadata": {"ownerReferences": [reference(three, blockOwnerDeletion=True)]}}
        await cluster.client.patch(CONFIG_MAPS, "one", patch, "default")
        await cluster.settle()
        await cluster.client.delete(CONFIG_MAPS, "one", "default", propagation=propagation)
        await cluster.settle(10)
        assert await names(cluster) == []

    virtual(scenario)


def test_an_owner_in_another_namespace_is_none(virtual):
    async def scenario(cluster):
        await cluster.add_namespace("other")
        owner = await config_map(cluster, "owner", namespace="other")
        await cluster.settle()
        await config_map(cluster, "child", reference(owner))
        await cluster.settle()
        assert await names(cluster) == []
        text = (
            f"ownerRef [v1/ConfigMap, namespace: default, name: owner, uid: {owner.uid}]"
            ' does not exist in namespace "default"'
        )
        assert ("OwnerRefInvalidNamespace", text) in await cluster.events()

    virtual(scenario)


def test_what_does_not_block_is_not_waited_for(virtual):
    async def scenario(cluster):
        owner = await config_map(cluster, "owner")
        await config_map(cluster, "child", reference(owner), finalizers=["example.com/hold"])
        await cluster.settle()
        await cluster.client.delete(CONFIG_MAPS, "owner", "default", propagation="Foreground")
        await cluster.settle(2)
        assert await names(cluster) == ["child"]
        child = await cluster.client.get(CONFIG_MAPS, "child", "default")
        assert child.deleting

    virtual(scenario)


def test_a_blocking_dependent_is_waited_for(virtual):
    async def scenario(cluster):
        owner = await config_map(cluster, "owner")
        await config_map(cluster, "child", reference(owner, blockOwnerDeletion=True), finalizers=["example.com/hold"])
        await cluster.settle()
        await cluster.client.delete(CONFIG_MAPS, "owner", "default", propagation="Foreground")
        await cluster.settle(5)
        assert await names(cluster) == ["child", "owner"]
        await cluster.client.patch(CONFIG_MAPS, "child", {"metadata": {"finalizers": None}}, "default")
        await cluster.settle(2)
        assert await names(cluster) == []

    virtual(scenario)
