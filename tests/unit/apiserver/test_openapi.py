"""The OpenAPI documents hold what kubectl reads in them."""

from __future__ import annotations

import re
import time

import pytest
from api_server import running

from kfast.apiserver.pki import PKI

APPS = "/openapi/v3/apis/apps/v1"


async def document(call, path: str):
    answer = await call("GET", path)
    assert answer.code == 200
    return answer.body


async def test_index_leads_to_documents_by_hash(call):
    paths = (await document(call, "/openapi/v3"))["paths"]
    assert {"api/v1", "apis/apps/v1", "apis/batch/v1"} <= paths.keys()
    url = paths["apis/apps/v1"]["serverRelativeURL"]
    assert re.fullmatch(r"/openapi/v3/apis/apps/v1\?hash=[0-9A-F]{128}", url)
    answer = await call("GET", url)
    assert answer.headers["Cache-Control"] == "public, immutable"
    stale = await call.native("GET", f"{APPS}?hash=0")
    assert (stale.status, stale.headers["Location"]) == (301, url)
    fresh = await call.api.handle(call.request("GET", APPS, headers={"If-None-Match": answer.headers["ETag"]}))
    assert fresh.status == 304


async def test_patch_operations_tell_kubectl_what_the_server_can(call):
    found = await document(call, APPS)
    patch = found["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    gvk = {"group": "apps", "version": "v1", "kind": "Deployment"}
    assert patch["x-kubernetes-group-version-kind"] == gvk
    assert {"fieldValidation", "dryRun"} <= {parameter["name"] for parameter in patch["parameters"]}
    assert "application/strategic-merge-patch+json" in patch["requestBody"]["content"]
    scale = found["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale"]["get"]
    assert scale["x-kubernetes-group-version-kind"]["kind"] == "Scale"


def schema_of(document: dict, kind: str) -> dict:
    for schema in document["components"]["schemas"].values():
        if any(gvk["kind"] == kind for gvk in schema.get("x-kubernetes-group-version-kind", ())):
            return schema
    raise AssertionError(kind)


async def test_schemas_carry_kinds_and_merge_keys(call):
    found = await document(call, APPS)
    schemas = found["components"]["schemas"]
    assert schema_of(found, "Deployment")["x-kubernetes-group-version-kind"][0]["group"] == "apps"
    containers = schemas["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"]
    assert containers["x-kubernetes-patch-merge-key"] == "name"
    assert containers["x-kubernetes-patch-strategy"] == "merge"
    assert containers["x-kubernetes-list-type"] == "map"


@pytest.mark.parametrize("path", ["api/v1", "apis/apps/v1", "apis/networking.k8s.io/v1", "apis/policy/v1"])
async def test_every_reference_leads_somewhere(call, path):
    found = await document(call, f"/openapi/v3/{path}")
    names = set(
        re.findall(r'"\$ref":"#/components/schemas/([^"]+)"', (await call("GET", f"/openapi/v3/{path}")).raw.decode())
    )
    assert names
    assert names <= found["components"]["schemas"].keys()


async def test_v2_is_one_document_with_its_own_references(call):
    found = await document(call, "/openapi/v2")
    assert found["swagger"] == "2.0"
    assert found["security"] == [{name: [] for name in found["securityDefinitions"]}]
    text = (await call("GET", "/openapi/v2")).raw.decode()
    names = set(re.findall(r'"\$ref":"#/definitions/([^"]+)"', text))
    assert names <= found["definitions"].keys()
    assert "#/components" not in text
    patch = found["paths"]["/api/v1/namespaces/{namespace}/pods/{name}"]["patch"]
    assert "application/strategic-merge-patch+json" in patch["consumes"]
    exec_get = found["paths"]["/api/v1/namespaces/{namespace}/pods/{name}/exec"]["get"]
    assert (exec_get["operationId"], exec_get["x-kubernetes-action"]) == (
        "connectCoreV1GetNamespacedPodExec",
        "connect",
    )
    assert "head" in found["paths"]["/api/v1/nodes/{name}/proxy/{path}"]
    watch = found["paths"]["/api/v1/watch/namespaces/{namespace}/configmaps"]["get"]
    assert (watch["operationId"], watch["x-kubernetes-action"]) == ("watchCoreV1NamespacedConfigMapList", "watchlist")
    answer = found["paths"]["/api/v1/namespaces/{namespace}/pods/{name}"]["delete"]["responses"]["200"]
    assert answer["schema"]["$ref"] == "#/definitions/io.k8s.api.core.v1.Pod"


async def ask_v2(call, **headers: str):
    return await call.api.handle(call.request("GET", "/openapi/v2", headers=headers))


@pytest.mark.parametrize("mark", "@.")
async def test_v2_in_protobuf(call, mark):
    plain = await ask_v2(call)
    packed = await ask_v2(call, Accept=f"application/com.github.proto-openapi.spec.v2{mark}v1.0+protobuf")
    assert (packed.status, packed.content_type) == (
        200,
        "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
    )
    assert packed.payload[:5] == b"\n\x032.0"
    assert packed.headers["ETag"] == plain.headers["ETag"]
    again = await ask_v2(call, Accept="application/*", **{"If-None-Match": packed.headers["ETag"]})
    assert again.status == 304
    assert (await ask_v2(call, Accept="application/xml")).status == 406


FIXED = {
    "api": ("/api/", "getCoreAPIVersions", "APIVersions"),
    "apis": ("/apis/", "getAPIVersions", "APIGroupList"),
    "apis/rbac.authorization.k8s.io": (
        "/apis/rbac.authorization.k8s.io/",
        "getRbacAuthorizationAPIGroup",
        "APIGroup",
    ),
    "apis/apps/v1": ("/apis/apps/v1/", "getAppsV1APIResources", "APIResourceList"),
    "api/v1": ("/api/v1/", "getCoreV1APIResources", "APIResourceList"),
    "version": ("/version/", "getCodeVersion", "Info"),
}


@pytest.mark.parametrize("key", FIXED)
async def test_discovery_and_version_are_told_of(call, key):
    path, operation_id, answer = FIXED[key]
    told = (await document(call, f"/openapi/v3/{key}"))["paths"][path]["get"]
    assert told["operationId"] == operation_id
    reference = told["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    assert reference.rpartition(".")[2] == answer
    v2 = await document(call, "/openapi/v2")
    assert v2["paths"][path]["get"]["operationId"] == operation_id
    reference = v2["paths"][path]["get"]["responses"]["200"]["schema"]["$ref"]
    assert reference.removeprefix("#/definitions/") in v2["definitions"]
    assert (await call("GET", path)).code == 200


async def test_only_who_issues_tokens_tells_of_the_issuer(call):
    issuer = ".well-known/openid-configuration"
    assert issuer not in (await document(call, "/openapi/v3"))["paths"]
    async with running(pki=PKI(None, time.time())) as api:
        asking = type(call)(api)
        told = (await document(asking, f"/openapi/v3/{issuer}"))["paths"][f"/{issuer}/"]["get"]
        assert told["responses"]["200"]["content"] == {"application/json": {"schema": {"type": "string"}}}
        assert {f"/{issuer}/", "/openid/v1/jwks/"} <= (await document(asking, "/openapi/v2"))["paths"].keys()
        for path in (f"/{issuer}/", "/openid/v1/jwks/"):
            assert (await asking("GET", path)).code == 200
