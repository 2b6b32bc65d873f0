"""The protection controllers: what is deleted goes once nobody uses it."""

from kfast.api.core.persistent_volume import KIND as VOLUMES
from kfast.api.core.persistent_volume_claim import KIND as CLAIMS
from kfast.api.core.pod import KIND as PODS
from kfast.api.storage.volume_attributes_class import KIND as CLASSES


def claim(name, **spec):
    resources = {"requests": {"storage": "1Gi"}}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": resources, **spec}
    return {"metadata": {"name": name, "namespace": "default"}, "spec": spec}


def pod(node):
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": "used"}}
    spec = {"containers": [{"name": "c", "image": "i"}], "volumes": [volume], **({"nodeName": node} if node else {})}
    return {"metadata": {"name": "p", "namespace": "default"}, "spec": spec}


def test_claims_wait_for_pods_on_nodes(virtual):
    async def scenario(cluster):
        client = cluster.client
        for name in ("used", "free"):
            await client.create(CLAIMS, claim(name))
        await client.create(PODS, pod("node"))
        await cluster.settle()
        assert (await client.get(CLAIMS, "used", "default")).get("metadata", "finalizers") == [
            "kubernetes.io/pvc-protection"
        ]
        for name in ("used", "free"):
            await client.delete(CLAIMS, name, "default")
        await cluster.settle()
        assert not await cluster.exists(CLAIMS, "free")
        assert await cluster.exists(CLAIMS, "used")
        await client.delete(PODS, "p", "default", grace_seconds=0)
        await cluster.settle()
        assert not await cluster.exists(CLAIMS, "used")

    virtual(scenario)


def test_a_pod_without_a_node_holds_nothing(virtual):
    async def scenario(cluster):
        await cluster.client.create(CLAIMS, claim("used"))
        await cluster.client.create(PODS, pod(""))
        await cluster.client.delete(CLAIMS, "used", "default")
        await cluster.settle()
        assert not await cluster.exists(CLAIMS, "used")

    virtual(scenario)


def test_volumes_wait_for_their_claims(virtual):
    async def scenario(cluster):
        client = cluster.client
        spec = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x"}}
        for name, phase in (("bound", "Bound"), ("free", "Available")):
            await client.create(VOLUMES, {"metadata": {"name": name}, "spec": spec})
            await client.patch(VOLUMES, name, {"status": {"phase": phase}}, subresource="status")
            await cluster.settle()
            await client.delete(VOLUMES, name)
        await cluster.settle()
        assert not await cluster.exists(VOLUMES, "free", "")
        await client.patch(VOLUMES, "bound", {"status": {"phase": "Released"}}, subresource="status")
        await cluster.settle()
        assert not await cluster.exists(VOLUMES, "bound", "")

    virtual(scenario)


def test_classes_wait_for_claims_that_name_them(virtual):
    async def scenario(cluster):
        client = cluster.client
        for name in ("used", "free"):
            await client.create(CLASSES, {"metadata": {"name": name}, "driverName": "x", "parameters": {"a": "b"}})
        await client.create(CLAIMS, claim("c", volumeAttributesClassName="used"))
        await cluster.settle()
        for name in ("used", "free"):
            await client.delete(CLASSES, name)
        await cluster.settle()
        assert [await cluster.exists(CLASSES, name, "") for name in ("used", "free")] == [True, False]
        await client.delete(CLAIMS, "c", "default")
        await cluster.settle()
        assert not await cluster.exists(CLASSES, "used", "")

    virtual(scenario)
