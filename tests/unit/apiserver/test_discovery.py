"""Discovery in both shapes, from a small catalog."""

from __future__ import annotations

import msgspec
import pytest

from kfast.api.kind import SCALE, STATUS, Kind, Subresource
from kfast.apiserver.discovery import AGGREGATED, Discovery
from kfast.apiserver.discovery_documents import storage_version_hash
from kfast.meta.exchange import Request
from kfast.meta.versions import version_rank

EVICTION = Subresource("eviction", ("create",), "Eviction", "policy/v1")
KINDS = [
    Kind(
        group="",
        version="v1",
        kind="Pod",
        plural="pods",
        short_names=("po",),
        categories=("all",),
        subresources=(STATUS, EVICTION),
    ),
    Kind(group="", version="v1", kind="Binding", plural="bindings", verbs=("create",)),
    Kind(group="zeta.test", version="v1", kind="Zeta", plural="zetas", namespaced=False),
    Kind(group="autoscaling", version="v1", kind="H", plural="hs", storage="autoscaling/v2"),
    Kind(group="autoscaling", version="v2", kind="H", plural="hs"),
    Kind(group="apps", version="v1", kind="Deployment", plural="deployments", subresources=(SCALE, STATUS)),
]


@pytest.fixture
def discovery():
    return Discovery(lambda: KINDS, "10.0.0.1:6443")


def get(discovery, path: str, accept: str = "", **headers):
    return discovery.respond(Request("GET", path, headers={"accept": accept} | headers))


def document(response):
    return msgspec.json.decode(response.payload)


def test_core_resources(discovery):
    found = document(get(discovery, "/api/v1"))
    assert found["groupVersion"] == "v1"
    assert [r["name"] for r in found["resources"]] == ["bindings", "pods", "pods/eviction", "pods/status"]
    binding, pod, eviction, status = found["resources"]
    assert binding["verbs"] == ["create"]
    assert "storageVersionHash" not in binding
    assert pod["storageVersionHash"] == "xPOwRZ+Yhw8="  # what every cluster shows
    assert (pod["shortNames"], pod["categories"], pod["singularName"]) == (["po"], ["all"], "pod")
    assert (eviction["group"], eviction["version"], eviction["kind"]) == ("policy", "v1", "Eviction")
    assert status["verbs"] == ["get", "patch", "update"]


def test_groups_come_by_priority_and_versions_newest_stable_first(discovery):
    groups = document(get(discovery, "/apis"))["groups"]
    assert [g["name"] for g in groups] == ["apps", "autoscaling", "zeta.test"]
    assert [v["version"] for v in groups[1]["versions"]] == ["v2", "v1"]
    assert groups[1]["preferredVersion"]["groupVersion"] == "autoscaling/v2"
    assert document(get(discovery, "/apis/apps"))["kind"] == "APIGroup"
    assert document(get(discovery, "/api"))["versions"] == ["v1"]
    assert get(discovery, "/apis/none") is None
    versions = ["v1alpha1", "v1", "v2beta1", "foo", "v10", "v2beta2", "v2"]
    assert sorted(versions, key=version_rank) == ["v10", "v2", "v1", "v2beta2", "v2beta1", "v1alpha1", "foo"]


def test_storage_version_hash_is_of_the_stored_version(discovery):
    hashes = {
        r["storageVersionHash"]
        for v in ("v1", "v2")
        for r in document(get(discovery, f"/apis/autoscaling/{v}"))["resources"]
    }
    assert hashes == {storage_version_hash("autoscaling", "v2", "H")}
    definitions = storage_version_hash("apiextensions.k8s.io", "v1", "CustomResourceDefinition")
    assert definitions == "jfWCUB31mvA="  # what every cluster shows: upstream stores them in v1beta1 still


def test_aggregated(discovery):
    response = get(discovery, "/apis", f"{AGGREGATED},application/json")
    assert response.content_type == AGGREGATED
    assert response.headers["Vary"] == "Accept"
    items = document(response)["items"]
    assert [i["metadata"]["name"] for i in items] == ["apps", "autoscaling", "zeta.test"]
    deployment = items[0]["versions"][0]["resources"][0]
    assert deployment["responseKind"] == {"group": "", "version": "", "kind": "Deployment"}
    assert deployment["scope"] == "Namespaced"
    assert [s["subresource"] for s in deployment["subresources"]] == ["scale", "status"]
    assert deployment["subresources"][0]["responseKind"] == {"group": "autoscaling", "version": "v1", "kind": "Scale"}
    assert items[2]["versions"][0]["resources"][0]["scope"] == "Cluster"
    core = document(get(discovery, "/api", AGGREGATED))["items"]
    assert [r["resource"] for r in core[0]["versions"][0]["resources"]] == ["bindings", "pods"]


def test_etag_saves_a_second_answer_until_the_catalog_changes(discovery):
    etag = get(discovery, "/api", AGGREGATED).headers["ETag"]
    again = get(discovery, "/api", AGGREGATED, **{"if-none-match": etag})
    assert (again.status, again.payload) == (304, b"")
    assert get(discovery, "/api", "application/json", **{"if-none-match": etag}).status == 200
    extra = Kind(group="", version="v1", kind="X", plural="xs")
    KINDS.append(extra)
    try:
        discovery.changed()
        assert get(discovery, "/api", AGGREGATED, **{"if-none-match": etag}).status == 200
    finally:
        KINDS.remove(extra)


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "application/json",
        "application/json;as=APIGroupDiscoveryList;v=v2beta1;g=apidiscovery.k8s.io,application/json",
        f"{AGGREGATED};q=0.1,application/json",
    ],
)
def test_anything_else_gets_the_legacy_document(discovery, accept):
    response = get(discovery, "/apis", accept)
    assert (response.content_type, document(response)["kind"]) == ("application/json", "APIGroupList")
