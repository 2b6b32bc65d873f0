"""Other stock clients: the official Python client and a kopf operator."""

import kopf
import kubernetes
import pytest
from kopf_operator import operating, wait_until
from kubernetes.client.rest import ApiException


@pytest.fixture
def api(kubectl):
    client = kubernetes.config.new_client_from_config(str(kubectl.cluster.kubeconfig))
    yield client
    client.close()


def test_official_client_creates_lists_patches_and_deletes(api, kubectl):
    core = kubernetes.client.CoreV1Api(api)
    namespace = kubectl.namespace
    body = kubernetes.client.V1ConfigMap(metadata=kubernetes.client.V1ObjectMeta(name="c"), data={"a": "1"})
    created = core.create_namespaced_config_map(namespace, body)
    assert created.metadata.uid
    core.patch_namespaced_config_map("c", namespace, {"data": {"b": "2"}})
    read = core.read_namespaced_config_map("c", namespace)
    assert read.data == {"a": "1", "b": "2"}
    read.data = {"z": "3"}
    replaced = core.replace_namespaced_config_map("c", namespace, read)
    with pytest.raises(ApiException) as conflict:
        core.replace_namespaced_config_map("c", namespace, read)
    assert conflict.value.status == 409
    listed = core.list_namespaced_config_map(namespace, field_selector="metadata.name=c")
    assert [i.metadata.resource_version for i in listed.items] == [replaced.metadata.resource_version]
    core.delete_namespaced_config_map("c", namespace)
    with pytest.raises(ApiException) as missing:
        core.read_namespaced_config_map("c", namespace)
    assert missing.value.status == 404


def test_official_client_watches_a_deployment_roll_out(api, kubectl):
    kubectl("create", "deployment", "web", "--image=nginx", "--replicas=3")
    apps = kubernetes.client.AppsV1Api(api)
    watch = kubernetes.watch.Watch()
    ready = 0
    for event in watch.stream(apps.list_namespaced_deployment, kubectl.namespace, timeout_seconds=60):
        ready = event["object"].status.ready_replicas or 0
        if ready == 3:
            watch.stop()
    assert ready == 3


def test_official_dynamic_client_discovers_kinds(api, kubectl):
    dynamic = kubernetes.dynamic.DynamicClient(api)
    services = dynamic.resources.get(api_version="v1", kind="Service")
    assert "kubernetes" in [s.metadata.name for s in services.get(namespace="default").items]


def test_kopf_operator_handles_finalizes_and_ticks(kubectl):
    seen: dict[str, int] = {"create": 0, "delete": 0, "tick": 0}
    registry = kopf.OperatorRegistry()
    chosen = {"operated": "yes"}

    @kopf.on.create("configmaps", registry=registry, labels=chosen)
    def created(patch, **_):
        seen["create"] += 1
        patch.metadata.annotations["greeting"] = "hello"

    @kopf.on.delete("configmaps", registry=registry, labels=chosen)
    def deleted(**_):
        seen["delete"] += 1

    @kopf.timer("configmaps", registry=registry, labels=chosen, interval=0.2)
    def tick(**_):
        seen["tick"] += 1

    settings = kopf.OperatorSettings()
    settings.posting.enabled = True
    with operating(registry, kubectl, settings=settings):
        kubectl("create", "configmap", "c")
        kubectl("label", "configmap", "c", "operated=yes")
        wait_until(lambda: seen["create"] == 1 and seen["tick"] >= 3)
        found = kubectl.json("get", "configmap", "c")["metadata"]
        assert found["annotations"]["greeting"] == "hello"
        assert found["finalizers"] == ["kopf.zalando.org/KopfFinalizerMarker"]
        kubectl("delete", "configmap", "c", "--timeout=30s")
        assert seen["delete"] == 1
        assert "NotFound" in kubectl.fails("get", "configmap", "c")
