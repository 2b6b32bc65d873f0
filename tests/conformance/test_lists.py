"""Lists in pages, as tables, and what discovery says can be listed."""

from __future__ import annotations

import re
import time

from exam import conformance

chunking = conformance("sig-api-machinery", "Servers with support for API chunking")
discovery = conformance("sig-api-machinery", "Discovery")
aggregated = conformance("sig-api-machinery", "AggregatedDiscovery")
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
FOUND = [
    ("", "v1", "namespaces"),
    ("", "v1", "pods"),
    ("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations"),
    ("apiextensions.k8s.io", "v1", "customresourcedefinitions"),
    ("apiregistration.k8s.io", "v1", "apiservices"),
    ("apps", "v1", "deployments"),
    ("authentication.k8s.io", "v1", "tokenreviews"),
    ("authorization.k8s.io", "v1", "selfsubjectaccessreviews"),
    ("autoscaling", "v1", "horizontalpodautoscalers"),
    ("autoscaling", "v2", "horizontalpodautoscalers"),
    ("batch", "v1", "jobs"),
    ("certificates.k8s.io", "v1", "certificatesigningrequests"),
    ("coordination.k8s.io", "v1", "leases"),
    ("discovery.k8s.io", "v1", "endpointslices"),
    ("events.k8s.io", "v1", "events"),
    ("flowcontrol.apiserver.k8s.io", "v1", "flowschemas"),
    ("networking.k8s.io", "v1", "ingresses"),
    ("node.k8s.io", "v1", "runtimeclasses"),
    ("policy", "v1", "poddisruptionbudgets"),
    ("rbac.authorization.k8s.io", "v1", "roles"),
    ("scheduling.k8s.io", "v1", "priorityclasses"),
    ("storage.k8s.io", "v1", "csinodes"),
]
"""A resource of every group that is part of Kubernetes."""


def root(group: str, version: str) -> str:
    return f"/apis/{group}/{version}" if group else f"/api/{version}"


@chunking("should return chunks of results for list calls")
def test_pages_are_one_consistent_list(kube):
    templates = kube("PodTemplate")
    spec = {"containers": [{"name": "c", "image": "i"}]}
    for number in range(40):
        templates.create(f"t{number:04}", template={"spec": spec})
    for _ in range(2):
        names: list[str] = []
        pages = [templates.list(limit=7)]
        templates.create(f"z{len(templates.names())}", template={"spec": spec})
        while token := pages[-1]["metadata"].get("continue"):
            names += [item["metadata"]["name"] for item in pages[-1]["items"]]
            left = pages[-1]["metadata"]["remainingItemCount"]
            assert left + len(names) == len(templates.names()) - 1
            pages.append(templates.list(limit=7, _continue=token))
        assert "remainingItemCount" not in pages[-1]["metadata"]
        names += [item["metadata"]["name"] for item in pages[-1]["items"]]
        assert len({page["metadata"]["resourceVersion"] for page in pages}) == 1
        assert all(len(page["items"]) <= 7 for page in pages)
        assert names == sorted(templates.names())[:-1]
    whole = templates.list(limit=1000)
    assert (len(whole["items"]), whole["metadata"].get("continue")) == (42, None)


@chunking(
    "should support continue listing from the last key if the original version has been compacted away, though the "
    "list is inconsistent [Slow]"
)
def test_pages_of_a_version_that_is_gone(kube):
    maps, total = kube("ConfigMap"), 20
    maps.wait("kube-root-ca.crt", lambda _: True)
    for number in range(total):
        maps.create(f"m{number:02}")
    first = maps.list(limit=5)
    query = {"limit": "5", "continue": first["metadata"]["continue"]}
    names = [item["metadata"]["name"] for item in first["items"]]
    maps.create("zz")  # so that the present version is another
    while (answer := kube.send("GET", maps.path(), query=query)).status == 200:
        time.sleep(0.2)
    assert (answer.status, answer.json["reason"]) == (410, "Expired")
    query["continue"] = answer.json["metadata"]["continue"]
    versions = set()
    while query["continue"]:
        page = kube.send("GET", maps.path(), query=query).json
        names += [item["metadata"]["name"] for item in page["items"]]
        versions.add(page["metadata"]["resourceVersion"])
        left = page["metadata"].get("remainingItemCount", 0)
        assert left + len(names) == total + 2
        query["continue"] = page["metadata"].get("continue", "")
    assert len(versions) == 1
    assert versions != {first["metadata"]["resourceVersion"]}
    assert names == sorted(maps.names())


@conformance("sig-api-machinery", "Servers with support for Table transformation")(
    "should return a 406 for a backend which does not implement metadata"
)
def test_reviews_are_no_tables(kube):
    review = {"spec": {"resourceAttributes": {"namespace": "default", "verb": "get", "resource": "pods"}}}
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    answer = kube.send("POST", path, review, accept=TABLE)
    assert (answer.status, answer.json["reason"]) == (406, "NotAcceptable")


@conformance("sig-api-machinery", "server version")("should find the server version")
def test_version(kube):
    version = kube.send("GET", "/version").json
    assert version["major"] == "1"
    assert re.fullmatch(r"\d+\+?", version["minor"])
    assert version["gitVersion"].startswith("v1.")


@discovery("should validate PreferredVersion for each APIGroup")
def test_the_preferred_version_is_one_of_the_group(kube):
    groups = kube.send("GET", "/apis").json["groups"]
    assert len(groups) > 15
    for group in groups:
        alone = kube.send("GET", f"/apis/{group['name']}").json
        assert alone["preferredVersion"] in alone["versions"]
        assert alone["versions"] == group["versions"]


@discovery("should locate the groupVersion and a resource within each APIGroup")
def test_every_group_has_its_resources(kube):
    for group, version, resource in FOUND:
        document = kube.send("GET", root(group, version)).json
        assert document["groupVersion"] == (f"{group}/{version}" if group else version)
        assert resource in [found["name"] for found in document["resources"]], group


def resources_of(kube, path: str) -> set[tuple[str, str, str]]:
    """What the aggregated document at `path` lists."""
    answer = kube.send("GET", path, accept=AGGREGATED)
    assert answer.headers["content-type"] == AGGREGATED
    assert (answer.json["kind"], answer.json["apiVersion"]) == ("APIGroupDiscoveryList", "apidiscovery.k8s.io/v2")
    return {
        (group["metadata"].get("name", ""), version["version"], resource["resource"])
        for group in answer.json["items"]
        for version in group["versions"]
        for resource in version["resources"]
    }


@aggregated("should support raw aggregated discovery endpoint Accept headers")
def test_aggregated_documents_list_everything(kube):
    groups, core = resources_of(kube, "/apis"), resources_of(kube, "/api")
    assert {found for found in FOUND if found[0]} <= groups
    assert {found for found in FOUND if not found[0]} <= core


@aggregated("should support aggregated discovery interface")
def test_aggregated_and_single_documents_agree(kube):
    listed = resources_of(kube, "/apis") | resources_of(kube, "/api")
    single = {
        (group, version, resource["name"])
        for group, version in {(group, version) for group, version, _ in listed}
        for resource in kube.send("GET", root(group, version)).json["resources"]
        if "/" not in resource["name"]
    }
    assert listed == single
    assert listed >= set(FOUND)
