"""Limit ranges and resource quotas."""

from __future__ import annotations

import pytest
from exam import conformance
from kube import STRATEGIC
from kubernetes.client import ApiException

limits, quotas = conformance("sig-scheduling", "LimitRange"), conformance("sig-api-machinery", "ResourceQuota")
RANGE = {
    "type": "Container",
    "min": {"cpu": "50m", "memory": "100Mi"},
    "max": {"cpu": "500m", "memory": "500Mi"},
    "default": {"cpu": "500m", "memory": "500Mi"},
    "defaultRequest": {"cpu": "100m", "memory": "200Mi"},
}
HTTP = [{"port": 80}]


def pod(requests: dict | None = None, limit: dict | None = None, **spec) -> dict:
    resources = {"requests": requests or {}, "limits": limit or {}}
    return {"containers": [{"name": "c", "image": "i", "resources": resources}], **spec}


@limits("should create a LimitRange with defaults and ensure pod has those defaults applied.")
def test_a_range_fills_in_and_refuses(kube):
    ranges, pods = kube("LimitRange"), kube("Pod")
    ranges.create("r", spec={"limits": [RANGE]})
    assert ranges.get("r")["spec"]["limits"] == [RANGE]

    def resources(name: str, **stated) -> dict:
        return pods.create(name, spec=pod(**stated))["spec"]["containers"][0]["resources"]

    assert resources("nothing") == {"requests": RANGE["defaultRequest"], "limits": RANGE["default"]}
    assert resources("some", requests={"memory": "150Mi"}, limit={"cpu": "300m"}) == {
        "requests": {"cpu": "300m", "memory": "150Mi"},
        "limits": {"cpu": "300m", "memory": "500Mi"},
    }
    small, large = {"cpu": "10m", "memory": "50Mi"}, {"cpu": "600m", "memory": "600Mi"}
    for size, code in ((small, 403), (large, 422)):  # beyond its default limit, the larger is not even valid
        with pytest.raises(ApiException) as refused:
            resources("refused", requests=size)
        assert refused.value.status == code
    lower = {"cpu": "9m", "memory": "49Mi"}
    ranges.change("r", lambda body: body["spec"]["limits"][0].update(min=lower))
    resources("small", requests=small)
    with pytest.raises(ApiException):
        resources("refused", requests=large)
    ranges.delete("r")
    ranges.wait_gone("r")
    assert resources("large", requests=large) == {"requests": large}


@limits("should list, patch and delete a LimitRange by collection")
def test_ranges_as_objects(kube):
    mine, other = kube("LimitRange"), kube("LimitRange", namespace="default")
    name = f"r-{kube.namespace}"
    labels = {"labels": {"test": kube.namespace, "state": "created"}}
    for things in (mine, other):
        things.create(name, metadata=labels, spec={"limits": [RANGE]})
    everywhere = kube("LimitRange", namespace="")
    assert everywhere.names(label_selector=f"test={kube.namespace}") == [name, name]
    lower = {**RANGE, "min": {"cpu": "9m", "memory": "49Mi"}}
    patch = {"metadata": {"labels": {"state": "patched"}}, "spec": {"limits": [lower]}}
    assert mine.patch(name, patch, content_type=STRATEGIC)["spec"]["limits"] == [lower]
    mine.delete_all(label_selector="state=patched")
    assert everywhere.names(label_selector=f"test={kube.namespace}") == [name]
    other.delete(name)


@quotas("should be able to update and delete ResourceQuota.")
def test_a_quota_changes_and_goes(kube):
    things = kube("ResourceQuota")
    hard = {"cpu": "1", "memory": "500Mi"}
    things.create("q", spec={"hard": hard})
    assert things.get("q")["spec"]["hard"] == hard
    things.change("q", lambda body: body["spec"].update(hard={"cpu": "2", "memory": "1Gi"}))
    assert things.get("q")["spec"]["hard"] == {"cpu": "2", "memory": "1Gi"}
    things.delete("q")
    assert things.names() == []


@quotas("should manage the lifecycle of a ResourceQuota")
def test_quotas_as_objects(kube):
    things = kube("ResourceQuota")
    made = things.create("q", metadata={"labels": {"set": kube.namespace}}, spec={"hard": {"memory": "500Mi"}})
    selector = f"set={kube.namespace}"
    assert kube("ResourceQuota", namespace="").names(label_selector=selector) == ["q"]
    patch = {"metadata": {"labels": {"patched": "yes"}}, "spec": {"hard": {"memory": "750Mi"}}}
    patched = things.patch("q", patch, content_type=STRATEGIC)
    assert patched["spec"]["hard"] == {"memory": "750Mi"}
    assert int(patched["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])
    things.delete_all(label_selector=selector)
    assert things.names() == []


@quotas("should create a ResourceQuota and ensure its status is promptly calculated.")
def test_a_quota_counts_from_the_start(kube):
    things = kube("ResourceQuota")
    things.create("q", spec={"hard": {"pods": "5", "services": "10", "count/configmaps": "5"}})
    status = things.wait("q", lambda body: len(body["status"].get("used", {})) == 3)["status"]
    assert status["hard"] == {"pods": "5", "services": "10", "count/configmaps": "5"}
    assert (status["used"]["pods"], status["used"]["services"]) == ("0", "0")


LABELS = {"a": "b"}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
COUNTED = [
    ("configMap", "ConfigMap", "v1", "configmaps", {"data": {"a": "b"}}),
    ("secret", "Secret", "v1", "secrets", {"stringData": {"a": "b"}}),
    ("service", "Service", "v1", "services", {"spec": {"ports": HTTP}}),
    ("replication controller", "ReplicationController", "v1", "replicationcontrollers",
     {"spec": {"replicas": 0, "selector": LABELS, "template": TEMPLATE}}),
    ("replica set", "ReplicaSet", "apps/v1", "count/replicasets.apps",
     {"spec": {"replicas": 0, "selector": {"matchLabels": LABELS}, "template": TEMPLATE}}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "version", "resource", "fields"),
    [
        pytest.param(*rest, id=name, marks=quotas(f"should create a ResourceQuota and capture the life of a {name}."))
        for name, *rest in COUNTED
    ],
)
def test_a_quota_follows_what_it_counts(kube, kind, version, resource, fields):
    if kind == "ConfigMap":
        kube("ConfigMap").wait("kube-root-ca.crt", lambda _: True)
    things, quota = kube(kind, version), kube("ResourceQuota")
    before = len(things.names())
    quota.create("q", spec={"hard": {resource: str(before + 1)}})

    def used(count: int) -> None:
        quota.wait("q", lambda body: body["status"].get("used", {}).get(resource) == str(count))

    used(before)
    things.create("one", **fields)
    used(before + 1)
    with pytest.raises(ApiException) as refused:
        things.create("two", **fields)
    assert refused.value.status == 403
    assert "exceeded quota: q, requested: " in refused.value.body
    things.delete("one")
    used(before)


@quotas("should create a ResourceQuota and capture the life of a pod.")
def test_a_quota_of_pods_and_their_requests(kube):
    pods, quota = kube("Pod"), kube("ResourceQuota")
    quota.create("q", spec={"hard": {"pods": "2", "cpu": "1", "memory": "500Mi", "requests.example.com/gpu": "2"}})

    def used(**expected: str) -> None:
        quota.wait("q", lambda body: all(body["status"].get("used", {}).get(k) == v for k, v in expected.items()))

    used(pods="0", cpu="0")
    size = {"cpu": "500m", "memory": "252Mi", "example.com/gpu": "2"}
    pods.create("one", spec=pod(requests=size, limit={"example.com/gpu": "2"}))
    used(pods="1", cpu="500m", memory="252Mi")
    for beyond in ({"cpu": "600m", "memory": "100Mi"}, {"cpu": "1m", "memory": "1Mi", "example.com/gpu": "1"}):
        gpu = {key: value for key, value in beyond.items() if "/" in key}
        with pytest.raises(ApiException) as refused:
            pods.create("two", spec=pod(requests=beyond, limit=gpu))
        assert refused.value.status == 403
    pods.delete("one", gracePeriodSeconds=0)
    used(pods="0", cpu="0", memory="0")


@pytest.mark.parametrize(
    ("selected", "other", "inside", "outside"),
    [
        pytest.param("BestEffort", "NotBestEffort", pod(), pod(limit={"cpu": "500m", "memory": "200Mi"}),
                     marks=quotas("should verify ResourceQuota with best effort scope."), id="BestEffort"),
        pytest.param("Terminating", "NotTerminating", pod(limit={"cpu": "1"}, activeDeadlineSeconds=3600),
                     pod(limit={"cpu": "1"}), marks=quotas("should verify ResourceQuota with terminating scopes."),
                     id="Terminating"),
    ],
)  # fmt: skip
def test_a_quota_of_a_scope_counts_what_is_in_it(kube, selected, other, inside, outside):
    pods, quota = kube("Pod"), kube("ResourceQuota")
    for scope in (selected, other):
        quota.create(scope.lower(), spec={"hard": {"pods": "5"}, "scopes": [scope]})

    def used(first: str, second: str) -> None:
        for scope, count in ((selected, first), (other, second)):
            quota.wait(scope.lower(), lambda body, count=count: body["status"].get("used", {}).get("pods") == count)

    used("0", "0")
    for spec, counts in ((inside, ("1", "0")), (outside, ("0", "1"))):
        pods.create("p", spec=spec)
        used(*counts)
        pods.delete("p", gracePeriodSeconds=0)
        used("0", "0")


@quotas("should apply changes to a resourcequota status")
def test_the_status_of_a_quota(kube):
    things = kube("ResourceQuota")
    hard = {"cpu": "500m", "memory": "500Mi"}
    things.create("q", metadata={"labels": {"a": "b"}}, spec={"hard": hard})
    things.wait("q", lambda body: body["status"].get("hard") == hard)
    watch = things.watch("q", resourceVersion=things.get("q")["metadata"]["resourceVersion"])
    things.change("q", lambda body: body["status"].update(hard={"cpu": "1", "memory": "1Gi"}), "status")
    watch.until(lambda _, body: body["status"]["hard"] == {"cpu": "1", "memory": "1Gi"})
    patch = {"metadata": {"annotations": {"patched": "yes"}}, "status": {"hard": {"cpu": "2", "memory": "2Gi"}}}
    things.patch("q", patch, "status")
    watch.until(lambda _, body: body["status"]["hard"] == {"cpu": "2", "memory": "2Gi"})
    watch.close()
    # A resync puts it right after five minutes: tests/unit/controllers/test_resource_quota.py.
