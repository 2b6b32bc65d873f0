"""Requests and the answers upstream v1.36.2 gives to them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import msgspec
import pytest
from api_server import running

from kfast.apiserver.app import APIServer
from kfast.meta.exchange import Request, User

ADMIN = User("admin", groups=("system:masters", "system:authenticated"))
MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
CONTAINERS = {"containers": [{"name": "c", "image": "nginx"}]}
TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": CONTAINERS}
NOT_ALLOWED = "the server does not allow this method on the requested resource"
NO_RESOURCE = "the server could not find the requested resource"
REJECTED = "the server rejected our request due to an error in our request"
OTHER_NAMESPACE = "the namespace of the provided object does not match the namespace sent on the request"
NO_NAME = "the name of the object (there based on URL) was undeterminable: name must be provided"
MERGE, STRATEGIC, JSON_PATCH = (
    f"application/{kind}+json" for kind in ("merge-patch", "strategic-merge-patch", "json-patch")
)


@dataclass
class Answer:
    code: int
    body: Any
    warnings: list[str]


class Caller:
    """Sends requests as the administrator."""

    def __init__(self, api: APIServer) -> None:
        self.api = api

    async def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        path, _, query = path.partition("?")
        data = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        request = Request(method, path, parse_qs(query, keep_blank_values=True), sent, data, user=ADMIN)
        response = await self.api.handle(request)
        payload: Any = response.payload
        plain = isinstance(payload, bytes) and response.content_type.startswith("application/json")
        return Answer(response.status, msgspec.json.decode(payload) if plain else payload, response.warnings)


@pytest.fixture
async def call() -> Any:
    async with running() as api:
        yield Caller(api)


@pytest.fixture
async def there(call: Any) -> Any:
    """A server that has a config map and a deployment named `there`."""
    await call("POST", MAPS, {"metadata": {"name": "there"}})
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": TEMPLATE}
    answer = await call("POST", DEPLOYMENTS, {"metadata": {"name": "there"}, "spec": spec})
    assert answer.code == 201, answer.body
    return call


REFUSED_BODIES = [
    (b"", 400, "BadRequest", "json parse error: unexpected end of JSON input (<empty>)"),
    (
        {"kind": "ConfigMap", "apiVersion": "v2"},
        400,
        "BadRequest",
        'no kind "ConfigMap" is registered for version "v2"',
    ),
    ({"kind": "Unicorn", "apiVersion": "v1"}, 400, "BadRequest", 'no kind "Unicorn" is registered for version "v1"'),
    (
        {"kind": "Deployment", "apiVersion": "apps/v1"},
        400,
        "BadRequest",
        "converting (v1.Deployment) to (core.ConfigMap)",
    ),
    (
        {"kind": "ConfigMapList", "apiVersion": "v1"},
        400,
        "BadRequest",
        "converting (v1.ConfigMapList) to (core.ConfigMap)",
    ),
    ({}, 422, "Invalid", "metadata.name: Required value: name or generateName is required"),
    ({"metadata": {"name": "a", "namespace": "b"}}, 400, "BadRequest", OTHER_NAMESPACE),
    (
        {"metadata": {"name": "a", "resourceVersion": "5"}},
        500,
        None,
        "resourceVersion should not be set on objects to be",
    ),
    ({"metadata": {"name": "A", "resourceVersion": "5"}}, 422, "Invalid", "a lowercase RFC 1123 subdomain"),
    ({"metadata": {"name": "a", "finalizers": ["x"]}}, 422, "Invalid", "name is neither a standard finalizer name nor"),
]


@pytest.mark.parametrize(("body", "code", "reason", "message"), REFUSED_BODIES)
async def test_bodies_refused_on_create(call, body, code, reason, message):
    answer = await call("POST", MAPS, body)
    assert (answer.code, answer.body.get("reason")) == (code, reason)
    assert message in answer.body["message"]


async def test_creates_that_succeed_all_the_same(call):
    for name, version in (("zero", "0"), ("word", "x")):
        made = await call("POST", MAPS, {"metadata": {"name": name, "resourceVersion": version}})
        assert (made.code, made.body["metadata"]["resourceVersion"].isdigit()) == (201, True)
    tried = await call("POST", f"{MAPS}?dryRun=All", {"metadata": {"name": "a", "resourceVersion": "5"}})
    assert (tried.code, tried.body["metadata"]["resourceVersion"]) == (201, "5")
    node = await call("POST", "/api/v1/nodes", {"metadata": {"name": "n", "namespace": "default"}})
    assert node.code == 201
    assert "namespace" not in node.body["metadata"]
    assert (await call("DELETE", "/api/v1/nodes/n")).body["details"].keys() == {"name", "kind", "uid"}


async def test_repeated_owners_are_dropped_with_a_warning(call):
    owner = {"apiVersion": "v1", "kind": "Pod", "name": "x", "uid": "u"}
    answer = await call("POST", MAPS, {"metadata": {"name": "a", "ownerReferences": [owner, owner]}})
    assert answer.body["metadata"]["ownerReferences"] == [owner]
    assert answer.warnings[0].endswith("please fix your requests; duplicate UID(s) observed: u")


@pytest.mark.parametrize(
    ("method", "path", "code", "message"),
    [
        ("POST", "/api/v1/configmaps", 405, NOT_ALLOWED),
        ("POST", f"{MAPS}/there", 405, NOT_ALLOWED),
        ("PUT", MAPS, 405, NOT_ALLOWED),
        ("DELETE", "/api/v1/configmaps", 405, NOT_ALLOWED),
        ("DELETE", f"{DEPLOYMENTS}/there/scale", 405, NOT_ALLOWED),
        ("POST", "/version", 405, NOT_ALLOWED),
        ("GET", "/api/v1/unicorns", 404, NO_RESOURCE),
        ("GET", "/apis/apps/v9/deployments", 404, NO_RESOURCE),
    ],
)
async def test_paths_without_such_a_method_or_at_all(there, method, path, code, message):
    answer = await there(method, path)
    assert (answer.code, answer.body["message"], answer.body["details"]) == (code, message, {})


@pytest.mark.parametrize(
    ("path", "body", "key"),
    [
        ("/api/v1/nodes", {}, "minions/there"),
        (
            "/apis/apiregistration.k8s.io/v1/apiservices",
            {"spec": {"group": "b.c", "version": "v1", "groupPriorityMinimum": 1, "versionPriority": 1}},
            "apiregistration.k8s.io/apiservices/v1.b.c",
        ),
    ],
)
async def test_messages_name_the_keys_of_upstream(call, path, body, key):
    name = key.rpartition("/")[2]
    made = await call("POST", path, {**body, "metadata": {"name": name}})
    assert made.code == 201
    made.body["metadata"]["uid"] = "x"
    answer = await call("PUT", f"{path}/{name}", made.body)
    assert (answer.code, f"Key: /registry/{key}, " in answer.body["message"]) == (409, True)


@pytest.mark.parametrize(
    ("metadata", "code", "message"),
    [
        ({"resourceVersion": "5"}, 201, ""),
        ({"resourceVersion": "x"}, 500, 'strconv.ParseUint: parsing "x": invalid syntax'),
        (
            {"uid": "x", "resourceVersion": "x"},
            409,
            "Precondition failed: UID in precondition: x, UID in object meta: ",
        ),
    ],
)
async def test_a_put_that_creates(call, metadata, code, message):
    path = "/apis/coordination.k8s.io/v1/namespaces/default/leases/new"
    answer = await call("PUT", path, {"metadata": {"name": "new", **metadata}})
    assert answer.code == code
    assert message in answer.body.get("message", "")


@pytest.mark.parametrize(
    ("path", "code", "message"),
    [
        ("configmaps/%", 400, "Name parameter invalid: \"%\": may not contain '%'"),
        ("configmaps/%?resourceVersion=x", 400, "Name parameter invalid: \"%\": may not contain '%'"),
        ("configmaps/x?resourceVersion=x", 500, 'resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x"'),
        ("events/x?resourceVersion=x", 400, 'invalid resource version: resourceVersion: Invalid value: "x": strconv'),
    ],
)
async def test_objects_that_cannot_be(call, path, code, message):
    answer = await call("GET", f"/api/v1/namespaces/default/{path}")
    assert answer.code == code
    assert answer.body["message"].startswith(message)


@pytest.mark.parametrize(
    ("method", "path", "body", "code", "message"),
    [
        ("PUT", "/api/v1/namespaces/default/bindings/b", {}, 404, NO_RESOURCE),
        ("GET", "/apis/authorization.k8s.io/v1/subjectaccessreviews/b", None, 404, NO_RESOURCE),
        ("GET", f"{MAPS}?limit=", None, 400, 'strconv.ParseInt: parsing "": invalid syntax'),
        ("GET", f"{MAPS}?sendInitialEvents=1&fieldSelector=a=b", None, 422, "sendInitialEvents is forbidden for list"),
        ("DELETE", f"{MAPS}/there", {"apiVersion": "x/y/z"}, 400, "unexpected GroupVersion string: x/y/z"),
        ("DELETE", f"{MAPS}/there", {"kind": "Pod"}, 400, 'no kind "Pod" is registered for version "meta.k8s.io/v1"'),
        ("PUT", f"{MAPS}/there", {"metadata": {"name": "x", "namespace": "x"}}, 400, OTHER_NAMESPACE),
        ("PUT", f"{MAPS}/there", {"metadata": {"name": "there", "uid": "x", "resourceVersion": "x"}}, 409, "UID in"),
    ],
)
async def test_what_is_looked_at_first(there, method, path, body, code, message):
    answer = await there(method, path, body)
    assert answer.code == code
    assert message in answer.body["message"]


@pytest.mark.parametrize(
    ("metadata", "code", "message"),
    [
        ({"uid": "x"}, 422, 'metadata.uid: Invalid value: "x": field is immutable'),
        ({"uid": "x", "resourceVersion": "x"}, 500, 'strconv.ParseUint: parsing "x": invalid syntax'),
        ({"uid": "x", "resourceVersion": "1"}, 409, "the object has been modified"),
        ({"uid": "x", "resourceVersion": "x", "namespace": "x", "name": "x"}, 400, OTHER_NAMESPACE),
    ],
)
async def test_what_is_looked_at_first_in_a_patch(there, metadata, code, message):
    answer = await there("PATCH", f"{MAPS}/there", {"metadata": metadata}, content_type=MERGE)
    assert answer.code == code
    assert message in answer.body["message"]


async def test_health_has_named_checks(call):
    for path in ("/livez/etcd", "/readyz/etcd", "/healthz/ping"):
        assert (await call("GET", path)).body == b"ok"
        assert path in (await call("GET", "/")).body["paths"]


async def test_a_group_is_shown_whatever_the_method(call):
    assert (await call("POST", "/apis/apps", {})).code == 200
    assert (await call("POST", "/apis/apiregistration.k8s.io", {})).code == 405


@pytest.mark.parametrize("path", ["/nowhere", "/apis/none", "/apis/none/v1/things", "/healthz/", "/metrics/x"])
async def test_paths_outside_all_groups_have_no_status(call, path):
    answer = await call("GET", path)
    assert (answer.code, answer.body) == (404, b"404 page not found\n")


@pytest.mark.parametrize(
    ("body", "code", "reason", "message"),
    [
        ({"data": {}}, 400, "BadRequest", NO_NAME),
        (
            {"metadata": {"name": "x"}},
            400,
            "BadRequest",
            "the name of the object (x) does not match the name on the URL",
        ),
        ({"metadata": {"name": "there", "namespace": "x"}}, 400, "BadRequest", OTHER_NAMESPACE),
        (
            {"metadata": {"name": "there", "uid": "x"}},
            409,
            "Conflict",
            "StorageError: invalid object, Code: 4, Key: /registry/configmaps/default/there, ResourceVersion: 0, "
            "AdditionalErrorMsg: Precondition failed: UID in precondition: x, UID in object meta: ",
        ),
        ({"metadata": {"name": "there", "resourceVersion": "x"}}, 500, None, 'strconv.ParseUint: parsing "x": invalid'),
        ({"metadata": {"name": "there", "resourceVersion": "999999"}}, 409, "Conflict", "the object has been modified"),
        (
            {"metadata": {"name": "there", "deletionTimestamp": "2001-01-01T00:00:00Z"}},
            422,
            "Invalid",
            'metadata.deletionTimestamp: Invalid value: "2001-01-01T00:00:00Z": field is immutable',
        ),
        (
            {"metadata": {"name": "there", "deletionGracePeriodSeconds": 5}},
            422,
            "Invalid",
            "metadata.deletionGracePeriodSeconds: Invalid value: 5: field is immutable",
        ),
    ],
)
async def test_updates_refused(there, body, code, reason, message):
    answer = await there("PUT", f"{MAPS}/there", body)
    assert (answer.code, answer.body.get("reason")) == (code, reason)
    assert message in answer.body["message"]


async def test_a_kind_that_wants_a_version_is_named_by_its_resource(call):
    path = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
    await call("POST", path, {"metadata": {"name": "l"}})
    answer = await call("PUT", f"{path}/l", {"metadata": {"name": "l"}})
    why = "metadata.resourceVersion: Invalid value: 0: must be specified for an update"
    assert answer.body["message"] == f'leases.coordination.k8s.io "l" is invalid: {why}'
    assert answer.body["details"]["kind"] == "leases"


@pytest.mark.parametrize(
    ("media_type", "body", "code", "message", "details"),
    [
        (JSON_PATCH, [{"op": "test", "path": "/spec/replicas", "value": 9}], 422, REJECTED, {}),
        (JSON_PATCH, [{"op": "remove", "path": "/spec/none"}], 422, REJECTED, {}),
        (JSON_PATCH, [{"op": "remove", "path": "/metadata"}], 400, NO_NAME, None),
        (STRATEGIC, {"$patch": "bogus"}, 500, "unknown patch type: bogus in map: map[$patch:bogus]", None),
        (MERGE, {"metadata": None}, 400, NO_NAME, None),
        (MERGE, {"metadata": {"namespace": "x"}}, 400, OTHER_NAMESPACE, None),
        ("text/plain", {}, 415, "415: Unsupported Media Type", {}),
    ],
)
async def test_patches_refused(there, media_type, body, code, message, details):
    answer = await there("PATCH", f"{DEPLOYMENTS}/there", body, content_type=media_type)
    assert (answer.code, answer.body["message"], answer.body.get("details")) == (code, message, details)


async def test_a_patch_of_the_wrong_type_names_no_object(there):
    answer = await there("PATCH", f"{DEPLOYMENTS}/there", {"spec": {"replicas": "x"}}, content_type=MERGE)
    assert answer.code == 422
    assert answer.body["message"].startswith(' "" is invalid: patch: Invalid value: ')
    reason = "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"
    assert answer.body["message"].endswith(reason)
    assert answer.body["details"].keys() == {"causes"}


@pytest.mark.parametrize(("media_type", "patch"), [(MERGE, {"kind": None}), (STRATEGIC, {"kind": "Pod"})])
async def test_kind_is_that_of_the_path(there, media_type, patch):
    answer = await there("PATCH", f"{DEPLOYMENTS}/there", patch, content_type=media_type)
    assert (answer.code, answer.body["kind"]) == (200, "Deployment")


async def test_generation_of_a_deployment_counts_annotations_and_spec_but_no_labels(there):
    async def after(patch: dict[str, Any]) -> int:
        answer = await there("PATCH", f"{DEPLOYMENTS}/there", patch, content_type=MERGE)
        return int(answer.body["metadata"]["generation"])

    assert await after({"metadata": {"labels": {"x": "y"}}}) == 1
    assert await after({"metadata": {"annotations": {"x": "y"}}}) == 2
    assert await after({"spec": {"replicas": 3}}) == 3


async def test_binding_is_no_new_generation(call):
    await call("POST", PODS, {"metadata": {"name": "p"}, "spec": CONTAINERS})
    answer = await call("POST", f"{PODS}/p/binding", {"metadata": {"name": "p"}, "target": {"name": "n"}})
    assert (answer.code, answer.body["code"]) == (201, 201)
    pod = (await call("GET", f"{PODS}/p")).body
    assert (pod["spec"]["nodeName"], pod["metadata"]["generation"]) == ("n", 1)


async def test_an_unscheduled_pod_goes_at_once_and_shows_its_mark(call):
    await call("POST", PODS, {"metadata": {"name": "p"}, "spec": CONTAINERS})
    metadata = (await call("DELETE", f"{PODS}/p")).body["metadata"]
    assert (metadata["deletionGracePeriodSeconds"], metadata["generation"]) == (0, 2)
    assert "deletionTimestamp" in metadata
    assert (await call("GET", f"{PODS}/p")).code == 404


async def test_delete_preconditions_name_the_kind(there):
    answer = await there("DELETE", f"{MAPS}/there", {"preconditions": {"uid": "x"}})
    assert answer.code == 409
    start = 'Operation cannot be fulfilled on ConfigMap "there": the UID in the precondition (x) does not match'
    assert answer.body["message"].startswith(start)
    assert answer.body["details"] == {"name": "there", "kind": "ConfigMap"}


async def test_a_name_is_taken_while_finalizers_hold_its_object(call):
    held = {"metadata": {"name": "held", "finalizers": ["a.io/b"]}}
    await call("POST", MAPS, held)
    await call("DELETE", f"{MAPS}/held")
    answer = await call("POST", MAPS, held)
    assert answer.body["message"] == 'object is being deleted: configmaps "held" already exists'
    released = await call("PUT", f"{MAPS}/held", {"metadata": {"name": "held"}, "data": {"last": "word"}})
    assert (released.code, released.body["data"]) == (200, {"last": "word"})
    assert "finalizers" not in released.body["metadata"]
    assert (await call("GET", f"{MAPS}/held")).code == 404


async def test_deleting_a_service_answers_with_it(call):
    path = "/api/v1/namespaces/default/services"
    await call("POST", path, {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}})
    assert (await call("DELETE", f"{path}/s")).body["kind"] == "Service"


async def test_a_job_keeps_its_pods_unless_told_otherwise(call):
    path = "/apis/batch/v1/namespaces/default/jobs"
    spec = {"template": {"spec": {**CONTAINERS, "restartPolicy": "Never"}}}
    job = (await call("POST", path, {"metadata": {"name": "j"}, "spec": spec})).body
    assert job["metadata"]["labels"] == job["spec"]["template"]["metadata"]["labels"]
    assert (await call("DELETE", f"{path}/none?propagationPolicy=Background")).warnings == []
    silent = await call("DELETE", f"{path}/none")
    assert (silent.code, len(silent.warnings)) == (404, 1)
    assert silent.warnings[0].startswith("child pods are preserved by default when jobs are deleted")


async def test_every_answer_about_endpoints_warns(call):
    path = "/api/v1/namespaces/default/endpoints"
    for answer in (await call("GET", path), await call("GET", f"{path}/none"), await call("POST", path, {})):
        assert answer.warnings == ["v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"]
    assert (await call("GET", f"{path}/none/status")).warnings == []


@pytest.mark.parametrize("plural", ["flowschemas", "prioritylevelconfigurations"])
async def test_a_write_of_this_status_leaves_the_metadata_alone(call, plural):
    path = f"/apis/flowcontrol.apiserver.k8s.io/v1/{plural}/exempt"
    found = await call("GET", path)
    found.body["metadata"]["labels"] = {"a": "b"}
    answer = await call("PUT", f"{path}/status", found.body)
    assert (answer.code, "labels" in answer.body["metadata"]) == (200, False)


async def test_a_refused_create_still_warns_of_unknown_fields(call):
    answer = await call("POST", "/api/v1/namespaces/default/podtemplates", {"metadata": {"name": "p"}, "spec": {}})
    assert (answer.code, answer.warnings) == (422, ['unknown field "spec"'])


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("resourceVersion=x", 400, 'invalid resource version: resourceVersion: Invalid value: "x": strconv.ParseUint'),
        ("watch=1&resourceVersion=x", 500, 'resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x"'),
        ("continue=!!", 400, "invalid continue token: continue key is not valid"),
        (
            "fieldSelector=data=x",
            400,
            '"data" is not a known field selector: only "metadata.name", "metadata.namespace"',
        ),
        ("watch=1&continue=x", 422, "resourceVersionMatch is forbidden when continue is provided"),
        ("watch=1&sendInitialEvents=1", 422, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"),
    ],
)
async def test_list_options_refused(call, query, code, message):
    answer = await call("GET", f"{MAPS}?{query}")
    assert answer.code == code
    assert message in answer.body["message"]


@pytest.mark.parametrize(
    ("resource", "selector", "message"),
    [
        ("/api/v1/pods", "x=y", "field label not supported: x"),
        ("/apis/batch/v1/jobs", "x=y", 'field label "x" not supported for Job'),
        ("/apis/events.k8s.io/v1/events", "involvedObject.name=y", "field label not supported: involvedObject.name"),
        ("/apis/events.k8s.io/v1/events", "regarding.name=y,reportingController=z", None),
    ],
)
async def test_field_labels(call, resource, selector, message):
    answer = await call("GET", f"{resource}?fieldSelector={selector.replace('=', '%3D').replace(',', '%2C')}")
    assert answer.body.get("message") == message
    assert answer.code == (400 if message else 200)


async def test_invalid_dry_run_shows_the_list(call):
    answer = await call("POST", f"{MAPS}?dryRun=some", {"metadata": {"name": "a"}})
    assert answer.body["message"].endswith('dryRun: Unsupported value: ["some"]: supported values: "All"')


async def test_a_terminating_pod_is_seen_before_it_goes(call):
    await call("POST", PODS, {"metadata": {"name": "p"}, "spec": CONTAINERS})
    request = Request("GET", PODS, {"watch": ["1"], "resourceVersion": ["0"]}, user=ADMIN, native=True)
    events: Any = (await call.api.handle(request)).payload
    await call("DELETE", f"{PODS}/p")
    seen: list[str] = []
    async with asyncio.timeout(5):
        async for batch in events:
            seen += [kind for kind, _ in batch]
            if "DELETED" in seen:
                break
    assert seen == ["ADDED", "MODIFIED", "DELETED"]


async def test_an_evicted_pod_says_why_it_goes(call):
    await call("POST", PODS, {"metadata": {"name": "p"}, "spec": {**CONTAINERS, "nodeName": "n"}})
    eviction = {"metadata": {"name": "p"}, "deleteOptions": {"preconditions": {"uid": "x"}}}
    refused = await call("POST", f"{PODS}/p/eviction", eviction)
    assert (refused.code, refused.body["details"]) == (409, {"name": "p", "kind": "Pod"})
    assert (await call("POST", f"{PODS}/p/eviction", {"metadata": {"name": "p"}})).body["code"] == 201
    pod = (await call("GET", f"{PODS}/p")).body
    assert pod["metadata"]["deletionGracePeriodSeconds"] == 30
    condition = pod["status"]["conditions"][-1]
    assert condition.pop("lastTransitionTime")
    assert condition == {
        "type": "DisruptionTarget",
        "status": "True",
        "lastProbeTime": None,
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
    }


async def test_a_binding_to_an_older_version_is_a_conflict(call):
    await call("POST", PODS, {"metadata": {"name": "p"}, "spec": CONTAINERS})
    binding = {"metadata": {"name": "p", "resourceVersion": "1"}, "target": {"name": "n"}}
    answer = await call("POST", f"{PODS}/p/binding", binding)
    assert (answer.code, answer.body["details"]) == (409, {"name": "p", "kind": "pods"})
    assert (
        "Precondition failed: ResourceVersion in precondition: 1, ResourceVersion in object" in answer.body["message"]
    )


async def test_a_collection_is_deleted_in_the_form_and_pages_of_a_list(call):
    for name in "abc":
        await call("POST", MAPS, {"metadata": {"name": name}})
    first = await call("DELETE", f"{MAPS}?limit=1")
    assert [item["metadata"]["name"] for item in first.body["items"]] == ["a"]
    assert first.body["metadata"]["continue"]
    rest = await call("DELETE", MAPS, accept="application/json;as=Table;v=v1;g=meta.k8s.io")
    assert [row["cells"][0] for row in rest.body["rows"]] == ["b", "c"]


PATCH_REFUSALS = [
    (STRATEGIC, b'{"metadata":{"labels":{"a":1},"g\xff":7}}', "cannot convert int64 to string"),
    (MERGE, b'{"metadata":{"labels":{"a":1},"g\xff":7}}', "json: cannot unmarshal number into Go struct field"),
    (MERGE, {"metadata": {"uid": "abc"}}, 'metadata.uid: Invalid value: "abc": field is immutable'),
    (
        STRATEGIC,
        {"metadata": {"labels": {"a": 1}}},
        '"map[metadata:map[labels:map[a:1]]]": cannot convert int64 to string',
    ),
    (STRATEGIC, {"metadata": {"labels": "x"}}, '"map[metadata:map[labels:x]]": cannot restore map from string'),
    (STRATEGIC, {"metadata": []}, '"map[metadata:[]]": cannot restore struct from: slice'),
    (
        MERGE,
        {"metadata": {"labels": {"a": 1}, "creationTimestamp": None, "uid": None, "resourceVersion": None}},
        '"{\\"apiVersion\\":\\"v1\\",\\"kind\\":\\"ConfigMap\\",\\"metadata\\":{\\"labels\\":{\\"a\\":1},'
        '\\"name\\":\\"there\\",\\"namespace\\":\\"default\\"}}": '
        "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
    ),
    (
        STRATEGIC,
        {"foo": None, "bar": [True, 1.5]},
        '"map[bar:[true 1.5] foo:<nil>]": strict decoding error: unknown field',
    ),
]


@pytest.mark.parametrize(("media_type", "patch", "message"), PATCH_REFUSALS)
async def test_patches_that_do_not_fit(there: Any, media_type: str, patch: Any, message: str) -> None:
    answer = await there("PATCH", f"{MAPS}/there?fieldValidation=Strict", patch, content_type=media_type)
    assert (answer.code, answer.body["reason"]) == (422, "Invalid")
    assert message in answer.body["message"]


DELETE_REFUSALS = [
    (b"{bad", "couldn't get version/kind; json parse error: invalid character 'b' looking for beginning of object key"),
    ({"kind": "Pod", "apiVersion": "v1"}, 'no kind "Pod" is registered for version "v1" in scheme "pkg/runtime/'),
    (
        {"gracePeriodSeconds": "x"},
        "json: cannot unmarshal string into Go struct field DeleteOptions.gracePeriodSeconds",
    ),
]


@pytest.mark.parametrize(("body", "message"), DELETE_REFUSALS)
async def test_delete_options_that_are_none(there: Any, body: Any, message: str) -> None:
    answer = await there("DELETE", f"{MAPS}/there", body)
    assert answer.code == 400
    assert answer.body["message"].startswith(message)
    assert (await there("GET", f"{MAPS}/there")).code == 200


async def test_errors_and_discovery_speak_the_language_asked_for(call: Any) -> None:
    missing = await call("GET", f"{MAPS}/gone", accept="application/yaml")
    assert missing.body.startswith(b"apiVersion: v1\ncode: 404\n")
    groups = await call("GET", "/apis/apps", accept="application/vnd.kubernetes.protobuf")
    assert groups.body.startswith(b"k8s\x00")
    watch = await call("GET", f"{MAPS}?watch=1", accept="application/yaml")
    assert (watch.code, b"application/json;stream=watch" in watch.body) == (406, True)


async def test_a_watch_may_start_in_the_future(there: Any) -> None:
    answer = await there("GET", f"{MAPS}?watch=1&resourceVersion=99999999")
    assert answer.code == 200
    answer.body.close()


async def test_a_scale_as_table(there: Any) -> None:
    accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
    answer = await there("GET", f"{DEPLOYMENTS}/there/scale", accept=accept)
    assert answer.body["rows"][0]["cells"][:3] == ["there", 1, 0]
