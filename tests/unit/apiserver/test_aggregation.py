"""APIServices: those of what is served here, and a remote API server behind ours."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from api_server import running
from sample_apiserver import GROUP, VERSION, SampleServer

from kfast.api.kind import Kind
from kfast.apiserver.kubernetes_service import advertised_address
from kfast.apiserver.pki import PKI
from kfast.client import Client
from kfast.client.transports.local import LocalTransport
from kfast.meta.exchange import Request, Stream, User

SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
NAME = f"{VERSION}.{GROUP}"
FLUNDERS = f"/apis/{GROUP}/{VERSION}/namespaces/default/flunders"
AGGREGATED = {"Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}


@pytest.fixture
async def pki():
    return PKI(None, time.time())


@pytest.fixture
async def api(pki):
    async with running(pki=pki, disable_admission_plugins=()) as server:
        yield server


@pytest.fixture
async def sample(pki):
    if advertised_address("0.0.0.0") is None:
        pytest.skip("this machine has no address but its loopback, which endpoints may not have")
    server = SampleServer("wardle.default.svc", pki.front_proxy_ca, time.time())
    await server.start()
    yield server
    await server.stop()


def api_service(**spec: Any) -> dict[str, Any]:
    reference = {"namespace": "default", "name": "wardle"}
    spec = {
        "group": GROUP,
        "version": VERSION,
        "groupPriorityMinimum": 2000,
        "versionPriority": 200,
        "service": reference,
        **spec,
    }
    return {"metadata": {"name": NAME}, "spec": spec}


async def until(call: Any, path: str, holds: Callable[[Any], bool], headers: dict[str, str] | None = None) -> Any:
    """The answer once it is as wanted."""
    for _ in range(1000):
        answer = await call("GET", path, headers=headers)
        if holds(answer):
            return answer.body
        await asyncio.sleep(0.02)
    return pytest.fail(f"{path}: {answer.body}")


def available(body: dict[str, Any]) -> dict[str, Any]:
    return next(iter((body.get("status") or {}).get("conditions") or [{}]))


async def condition(call: Any, reason: str) -> dict[str, Any]:
    """The condition Available once it has that reason."""
    body = await until(call, f"{SERVICES}/{NAME}", lambda answer: available(answer.body).get("reason") == reason)
    return available(body)


def shown(groups: dict[str, Any]) -> dict[str, Any]:
    """Our group in the aggregated document."""
    return next((i for i in groups["items"] if i["metadata"]["name"] == GROUP), {})


def current(answer: Any) -> bool:
    return bool(shown(answer.body)) and shown(answer.body)["versions"][0]["freshness"] == "Current"


async def serve_it(call: Any, sample: SampleServer) -> None:
    """A service and endpoints that lead to the sample server."""
    service = {"metadata": {"name": "wardle"}, "spec": {"ports": [{"port": 443}]}}
    await call.ok("POST", "/api/v1/namespaces/default/services", service)
    piece = {
        "metadata": {"name": "wardle-1", "labels": {"kubernetes.io/service-name": "wardle"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [advertised_address("0.0.0.0")]}],
        "ports": [{"name": "", "port": sample.port}],
    }
    await call.ok("POST", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", piece)


async def test_what_is_served_here_has_local_services(call):
    listed = await call.ok("GET", SERVICES)
    found = {item["metadata"]["name"]: item for item in listed["items"]}
    assert found["v1.apps"]["spec"] == {
        "group": "apps",
        "version": "v1",
        "groupPriorityMinimum": 17800,
        "versionPriority": 15,
    }
    assert found["v1."]["spec"] == {"version": "v1", "groupPriorityMinimum": 18000, "versionPriority": 1}
    local = found["v2.autoscaling"]["status"]["conditions"][0]
    assert local["lastTransitionTime"]
    assert (local["type"], local["status"], local["reason"], local["message"]) == (
        "Available",
        "True",
        "Local",
        "Local APIServices are always available",
    )
    groups = {f"{v['version']}.{g['name']}" for g in (await call.ok("GET", "/apis"))["groups"] for v in g["versions"]}
    assert found.keys() == groups | {"v1."}


async def test_custom_resources_have_one_while_they_are_served(call):
    crd = {
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
            ],
        },
    }
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    await call.ok("POST", definitions, crd)
    found = await until(call, f"{SERVICES}/v1.example.com", lambda answer: answer.code == 200)
    assert found["metadata"]["labels"] == {"kube-aggregator.kubernetes.io/automanaged": "true"}
    assert (found["spec"]["groupPriorityMinimum"], found["spec"]["versionPriority"]) == (1000, 100)
    await call.ok("DELETE", f"{definitions}/widgets.example.com")
    await until(call, f"{SERVICES}/v1.example.com", lambda answer: answer.code == 404)


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        ({"version": "V1"}, [("metadata.name", "must be `spec.version"), ("spec.version", "Invalid value")]),
        ({"groupPriorityMinimum": 0}, [("spec.groupPriorityMinimum", "must be positive and less than 20000")]),
        ({"versionPriority": 1001}, [("spec.versionPriority", "must be positive and less than 1000")]),
        ({"service": {"name": "x"}}, [("spec.service.namespace", "Required value")]),
        (
            {"service": None, "caBundle": "YWJj", "insecureSkipTLSVerify": True},
            [("spec.caBundle", '"3 bytes": local'), ("spec.insecureSkipTLSVerify", "local APIServices may not")],
        ),
        (
            {"caBundle": "YWJj", "insecureSkipTLSVerify": True},
            [("spec.insecureSkipTLSVerify", "may not be true if caBundle is present")],
        ),
    ],
)
async def test_validation(call, spec, errors):
    answer = await call("POST", SERVICES, api_service(**spec))
    assert answer.code == 422, answer.body
    causes = [(cause["field"], cause["message"]) for cause in answer.body["details"]["causes"]]
    assert [path for path, _ in causes] == [path for path, _ in errors]
    for (_, told), (_, expected) in zip(causes, errors, strict=True):
        assert expected in told


async def test_the_condition_says_what_is_missing(call, sample):
    ca = base64.b64encode(sample.ca).decode()
    await call.ok("POST", SERVICES, api_service(caBundle=ca))
    assert (await condition(call, "ServiceNotFound"))["message"] == 'service/wardle in "default" is not present'
    refused = await call("GET", FLUNDERS)
    assert (refused.code, refused.raw) == (503, b"service unavailable\n")
    await call.ok(
        "POST",
        "/api/v1/namespaces/default/services",
        {"metadata": {"name": "wardle"}, "spec": {"ports": [{"port": 80}]}},
    )
    told = (await condition(call, "ServicePortError"))["message"]
    assert told == 'service/wardle in "default" is not listening on port 443'
    await call.ok("DELETE", "/api/v1/namespaces/default/services/wardle")
    await condition(call, "ServiceNotFound")
    await serve_it(call, sample)
    assert (await condition(call, "Passed"))["message"] == "all checks passed"
    await sample.stop()
    service = await call.ok("GET", f"{SERVICES}/{NAME}")
    service["spec"]["versionPriority"] = 100
    await call.ok("PUT", f"{SERVICES}/{NAME}", service)
    told = (await condition(call, "FailedDiscoveryCheck"))["message"]
    assert told.startswith("failing or missing response from https://")
    assert told.endswith("connect: connection refused")


async def test_requests_are_passed_on_as_their_user(call, sample):
    await serve_it(call, sample)
    await call.ok("POST", SERVICES, api_service(caBundle=base64.b64encode(sample.ca).decode()))
    await condition(call, "Passed")
    flunder = {"apiVersion": f"{GROUP}/{VERSION}", "kind": "Flunder", "metadata": {"name": "f", "namespace": "default"}}
    made = await call("POST", FLUNDERS, flunder, {"X-Remote-User": "mallory", "X-Remote-Group": "system:masters"})
    assert (made.code, made.body["metadata"]["uid"]) == (201, "1")
    assert (await call.ok("GET", f"{FLUNDERS}/f"))["metadata"]["name"] == "f"
    assert len((await call.ok("GET", FLUNDERS))["items"]) == 1
    assert (await call("GET", f"{FLUNDERS}/g")).body["message"] == f'flunders.{GROUP} "g" not found'
    someone = User("jane", groups=("a", "system:masters"), extra={"example.com/scope": ["x", "y"]})
    await type(call)(call.api, someone).ok("GET", FLUNDERS)
    assert sample.users[0][:2] == (call.user.name, call.user.groups)
    assert sample.users[-1] == ("jane", ("a", "system:masters"), {"example.com/scope": ["x", "y"]})
    watch = await call.api.handle(call.request("GET", f"{FLUNDERS}?watch=true"))
    assert isinstance(watch.payload, Stream)
    event = msgspec.json.decode(await anext(watch.payload.chunks))
    assert (event["type"], event["object"]["metadata"]["name"]) == ("ADDED", "f")
    await watch.payload.chunks.aclose()
    nobody = await type(call)(call.api, User("joe", groups=("system:authenticated",)))("GET", FLUNDERS)
    assert nobody.code == 403


async def test_a_client_in_the_same_process_lists_and_watches_it(call, sample):
    await serve_it(call, sample)
    await call.ok("POST", SERVICES, api_service(caBundle=base64.b64encode(sample.ca).decode()))
    await condition(call, "Passed")
    client = Client(LocalTransport(call.api.handle, call.user), call.api.clock)
    kind = Kind(group=GROUP, version=VERSION, kind="Flunder", plural="flunders")
    assert (await client.list(kind, "default")).objects == []
    watch = client.open_watch(kind, "default", resource_version="1")
    seen: list[tuple[str, str]] = []

    async def follow() -> None:
        async for events in watch:
            seen.extend((event, obj.name) for event, obj in events)

    task = asyncio.create_task(follow())
    for name in ("a", "b"):
        flunder = {"apiVersion": f"{GROUP}/{VERSION}", "kind": "Flunder", "metadata": {"name": name}}
        await call.ok("POST", FLUNDERS, flunder)
        async with asyncio.timeout(20):
            while ("ADDED", name) not in seen:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    watch.close()
    async with asyncio.timeout(20):
        await task
    assert seen == [("ADDED", "a"), ("ADDED", "b")]


async def test_discovery_and_openapi_show_it(call, sample):
    await serve_it(call, sample)
    await call.ok("POST", SERVICES, api_service(caBundle=base64.b64encode(sample.ca).decode()))
    item = shown(await until(call, "/apis", current, AGGREGATED))
    (resource,) = item["versions"][0]["resources"]
    assert resource["responseKind"] == {"group": GROUP, "version": VERSION, "kind": "Flunder"}
    assert (resource["resource"], resource["scope"], resource["shortNames"]) == ("flunders", "Namespaced", ["fl"])
    names = [group["name"] for group in (await call.ok("GET", "/apis"))["groups"]]
    assert names.index("flowcontrol.apiserver.k8s.io") < names.index(GROUP)
    assert (await call.ok("GET", f"/apis/{GROUP}"))["preferredVersion"]["version"] == VERSION
    assert (await call.ok("GET", f"/apis/{GROUP}/{VERSION}"))["resources"][0]["name"] == "flunders"
    entry = (await call.ok("GET", "/openapi/v3"))["paths"][f"apis/{GROUP}/{VERSION}"]
    assert (await call.ok("GET", entry["serverRelativeURL"]))["info"]["title"] == "wardle"
    merged = await call.ok("GET", "/openapi/v2")
    flunders = merged["paths"][f"/apis/{GROUP}/{VERSION}/flunders"]["get"]["responses"]["200"]
    assert flunders["schema"]["$ref"] == "#/definitions/wardle.Flunder"
    metadata = merged["definitions"]["wardle.Flunder"]["properties"]["metadata"]["$ref"].rpartition("/")[2]
    assert metadata == "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta_v2"
    assert merged["definitions"][metadata]["description"] == "Another."
    assert "Info" not in merged["definitions"]
    assert "/api/v1/pods" in merged["paths"]
    await call.ok("DELETE", f"{SERVICES}/{NAME}")
    await until(call, "/apis", lambda answer: GROUP not in [group["name"] for group in answer.body["groups"]])


@pytest.mark.parametrize("document", [[], {"paths": 1}, {"definitions": {"A": {"type": {}}}}])
async def test_a_bad_openapi_document_spoils_nothing_else(call, sample, document):
    sample.swagger = document
    await serve_it(call, sample)
    await call.ok("POST", SERVICES, api_service(caBundle=base64.b64encode(sample.ca).decode()))
    await until(call, "/apis", current, AGGREGATED)
    assert f"apis/{GROUP}/{VERSION}" in (await call.ok("GET", "/openapi/v3"))["paths"]
    assert "/api/v1/pods" in (await call.ok("GET", "/openapi/v2"))["paths"]


async def test_a_front_proxy_names_the_user(api, pki):
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    def der(pem: bytes) -> bytes:
        return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)

    headers = {
        "x-remote-user": "jane",
        "x-remote-group": "a, b",
        "x-remote-extra-example.com%2fscope": "x, y",
        "x-remote-uid": "u",
    }
    proxy = der(pki.front_proxy_client().certificate)
    found = api.authentication.authenticate(Request("GET", "/", headers=headers, peer_certificate=proxy))
    assert found == User("jane", "u", ("a", "b", "system:authenticated"), {"example.com/scope": ["x", "y"]})
    alone = api.authentication.authenticate(Request("GET", "/", peer_certificate=proxy))
    assert alone.name == "system:anonymous"
    other = api.authentication.authenticate(
        Request("GET", "/", headers=headers, peer_certificate=der(pki.admin().certificate))
    )
    assert other.name == "kubernetes-admin"


async def test_what_aggregated_servers_have_to_know(call, pki):
    trust = await call.ok("GET", "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication")
    assert trust["data"]["requestheader-client-ca-file"] == pki.front_proxy_ca.decode()
    assert trust["data"]["client-ca-file"] == pki.ca.certificate.decode()
    assert trust["data"]["requestheader-allowed-names"] == '["front-proxy-client"]'
    role = "/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/roles/extension-apiserver-authentication-reader"
    assert (await call.ok("GET", role))["rules"][0]["resourceNames"] == ["extension-apiserver-authentication"]
