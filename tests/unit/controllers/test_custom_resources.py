"""Kinds that come at run time are collected, and emptied with their namespaces, like the others."""

from kfast.api.apiextensions.custom_resource_definition import KIND as DEFINITIONS
from kfast.api.core.config_map import KIND as CONFIG_MAPS
from kfast.api.core.namespace import KIND as NAMESPACES


def definition(scope="Namespaced"):
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": scope,
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }


async def establish(cluster):
    await cluster.client.create(DEFINITIONS, definition())
    await cluster.settle()
    return cluster.catalog.by_gvk("example.com", "v1", "Widget")


def widget(name, namespace="default", *owners):
    references = [
        {"apiVersion": o.api_version, "kind": o.kind, "name": o.name, "uid": o.uid, "blockOwnerDeletion": True}
        for o in owners
    ]
    metadata = {"name": name, "namespace": namespace, "ownerReferences": references}
    return {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": metadata}


def test_dependents_go_with_an_owner_that_is_a_custom_resource(virtual):
    async def scenario(cluster):
        widgets = await establish(cluster)
        owner = await cluster.client.create(widgets, widget("owner"))
        await cluster.client.create(widgets, widget("child", "default", owner))
        config = {**widget("config", "default", owner), "apiVersion": "v1", "kind": "ConfigMap"}
        await cluster.client.create(CONFIG_MAPS, config)
        await cluster.settle()
        await cluster.client.delete(widgets, "owner", "default", propagation="Foreground")
        await cluster.settle(5)
        assert (await cluster.client.list(widgets, "default")).objects == []
        assert not await cluster.exists(CONFIG_MAPS, "config")

    virtual(scenario)


def test_a_namespace_takes_its_custom_resources_along(virtual):
    async def scenario(cluster):
        widgets = await establish(cluster)
        await cluster.add_namespace("team")
        await cluster.client.create(widgets, widget("a", "team"))
        await cluster.client.create(widgets, widget("b"))
        await cluster.client.delete(NAMESPACES, "team")
        await cluster.settle(5)
        assert not await cluster.exists(NAMESPACES, "team", "")
        assert [o.name for o in (await cluster.client.list(widgets)).objects] == ["b"]

    virtual(scenario)


def test_a_definition_that_comes_again_is_followed_again(virtual):
    async def scenario(cluster):
        await establish(cluster)
        await cluster.client.delete(DEFINITIONS, "widgets.example.com")
        await cluster.settle(5)
        widgets = await establish(cluster)
        owner = await cluster.client.create(widgets, widget("owner"))
        await cluster.client.create(widgets, widget("child", "default", owner))
        await cluster.settle()
        await cluster.client.delete(widgets, "owner", "default")
        await cluster.settle(5)
        assert (await cluster.client.list(widgets, "default")).objects == []

    virtual(scenario)
