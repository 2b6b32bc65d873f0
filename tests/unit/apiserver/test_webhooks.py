"""Admission webhooks against a real HTTPS server: who is asked, what is sent, what comes of the answers."""

from __future__ import annotations

import asyncio
import base64
import threading
import time
from typing import Any

import msgspec
import pytest
from webhook_server import WebhookServer, allowed, patched

from kfast.cluster import ControlPlane
from kfast.testing import run_cluster

GROUP = "/apis/admissionregistration.k8s.io/v1"
MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
EVERYTHING = {"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"]}
MERGE = {"Content-Type": "application/merge-patch+json"}


def rule(resources: str, operations: str = "*", group: str = "", version: str = "v1", **more: Any) -> dict[str, Any]:
    return {
        "operations": [operations],
        "apiGroups": [group],
        "apiVersions": [version],
        "resources": [resources],
    } | more


def config_map(name: str = "c", **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name} | metadata, "data": {"a": "b"}}


def pod(name: str = "p") -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    }


def behave(path: str, review: dict[str, Any]) -> Any:
    """Answers by the last segment of the path; `/x/label/y` sets a label."""
    words = path.strip("/").split("/")
    match words[-1] if len(words) < 2 else words[-2]:
        case "deny":
            return allowed(review, False, status={"message": "not today", "code": 403, "reason": "Forbidden"})
        case "warn":
            return allowed(review, warnings=["mind the gap"], auditAnnotations={"seen": "yes"})
        case "fail":
            return (500, "text/plain", b"boom")
        case "label":
            labels = (review["request"]["object"]["metadata"].get("labels") or {}) | {words[-1]: "yes"}
            return patched(review, {"op": "add", "path": "/metadata/labels", "value": labels})
        case "sidecar":
            if len(review["request"]["object"]["spec"]["containers"]) > 1:
                return allowed(review)
            return patched(review, {"op": "add", "path": "/spec/containers/-", "value": {"name": "s", "image": "i:1"}})
        case "fails-pod":
            return patched(review, {"op": "add", "path": "/status", "value": {"phase": "Failed"}})
        case "other-uid":
            return patched(review, {"op": "add", "path": "/metadata/uid", "value": "other"})
        case "slow":
            time.sleep(0.4)
    return allowed(review)


@pytest.fixture
def server():
    with WebhookServer(behave) as server:
        yield server


@pytest.fixture
def configure(call, server):
    async def configure(kind: str, *hooks: dict[str, Any], name: str = "c") -> None:
        made = [
            {
                "name": f"h{number}.example.com",
                "clientConfig": server.config("/" + hook.pop("path", "allow")),
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
                "rules": [EVERYTHING],
            }
            | hook
            for number, hook in enumerate(hooks)
        ]
        body = {"metadata": {"name": name}, "webhooks": made}
        await call.ok("POST", f"{GROUP}/{kind}webhookconfigurations", body)

    return configure


def asked(server: WebhookServer) -> list[str]:
    return [path.partition("?")[0].strip("/") for path, _ in server.reviews]


async def test_a_denial_is_the_answer(call, configure, server) -> None:
    await configure("validating", {"path": "deny"})
    answer = await call("POST", MAPS, config_map())
    why = 'admission webhook "h0.example.com" denied the request: not today'
    assert (answer.code, answer.body["message"], answer.body["reason"]) == (403, why, "Forbidden")
    (path, review) = server.reviews[0]
    assert path == "/deny?timeout=10s"
    request = review["request"]
    assert request["kind"] == request["requestKind"] == {"group": "", "version": "v1", "kind": "ConfigMap"}
    assert request["resource"] == {"group": "", "version": "v1", "resource": "configmaps"}
    assert (request["operation"], request["namespace"], request["name"]) == ("CREATE", "default", "c")
    assert request["object"]["metadata"]["uid"]
    assert request["object"]["data"] == {"a": "b"}
    assert request["oldObject"] is None
    assert request["dryRun"] is False
    assert request["options"] == {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"}
    assert request["userInfo"] == {"username": "admin", "groups": ["system:masters", "system:authenticated"]}


async def test_configurations_cannot_be_stopped(call, configure, server) -> None:
    for kind in ("validating", "mutating"):
        await configure(kind, {"path": "deny"})
    for kind in ("validating", "mutating"):
        await call.ok("DELETE", f"{GROUP}/{kind}webhookconfigurations/c")
    assert not server.reviews
    await call.ok("POST", MAPS, config_map())


async def test_failures_close_or_open(call, configure) -> None:
    await configure("mutating", {"path": "fail", "failurePolicy": "Ignore"})
    await call.ok("POST", MAPS, config_map())
    await configure("validating", {"path": "fail"})
    answer = await call("POST", MAPS, config_map("d"))
    assert (answer.code, answer.body["reason"]) == (500, "InternalError")
    assert answer.body["message"] == (
        'Internal error occurred: failed calling webhook "h0.example.com": failed to call webhook: '
        'an error on the server ("boom") has prevented the request from succeeding'
    )


async def test_patches_add_up_and_get_defaults(call, configure, server) -> None:
    await configure("mutating", {"path": "label/a"}, {"path": "label/b"}, {"path": "sidecar", "rules": [rule("pods")]})
    await configure("validating", {"path": "allow"})
    made = await call.ok("POST", PODS, pod())
    assert made["metadata"]["labels"] == {"a": "yes", "b": "yes"}
    added = made["spec"]["containers"][1]
    assert (added["name"], added["imagePullPolicy"]) == ("s", "IfNotPresent")
    assert asked(server) == ["label/a", "label/b", "sidecar", "allow"]
    first, last = server.reviews[0][1]["request"]["object"], server.reviews[-1][1]["request"]["object"]
    assert "uid" not in first["metadata"]
    assert last["metadata"]["labels"] == {"a": "yes", "b": "yes"}
    assert last["metadata"]["uid"] == made["metadata"]["uid"]


async def test_mutation_sees_what_was_sent_and_validation_what_is_stored(call, configure, server) -> None:
    made = await call.ok("POST", PODS, pod())
    await call.ok("PATCH", f"{PODS}/p/status", {"status": {"phase": "Running"}}, MERGE)
    for kind in ("mutating", "validating"):
        await configure(kind, {"path": kind})

    async def seen(path: str, body: dict[str, Any]) -> list[tuple[Any, ...]]:
        server.reviews.clear()
        await call.ok("PUT", path, body)
        objects = [review["request"]["object"] for _, review in server.reviews]
        return [(o["metadata"].get("uid"), o["status"].get("phase"), o["spec"].get("dnsPolicy")) for o in objects]

    uid = made["metadata"]["uid"]
    stated = await call.ok("GET", f"{PODS}/p")
    sent = {**stated, "metadata": {"name": "p", "labels": {"a": "b"}}, "status": {"phase": "Failed"}}
    filled = "ClusterFirst"
    assert await seen(f"{PODS}/p", sent) == [(None, "Failed", filled), (uid, "Running", filled)]
    sent = pod() | {"status": {"phase": "Failed"}}
    assert await seen(f"{PODS}/p/status", sent) == [(None, "Failed", filled), (uid, "Failed", filled)]


async def test_mutation_of_what_a_write_may_not_touch(call, configure, server) -> None:
    made = await call.ok("POST", PODS, pod())
    await configure(
        "mutating", {"path": "fails-pod"}, {"path": "other-uid", "objectSelector": {"matchLabels": {"a": "b"}}}
    )
    changed = await call.ok("PUT", f"{PODS}/p", made | {"metadata": {"name": "p"}})
    assert changed["status"]["phase"] == "Pending"
    answer = await call("PUT", f"{PODS}/p", made | {"metadata": {"name": "p", "labels": {"a": "b"}}})
    assert (answer.code, answer.body["reason"]) == (422, "Invalid")
    assert answer.body["details"]["causes"][0]["field"] == "metadata.uid"


@pytest.mark.parametrize(("policy", "times"), [("Never", 1), ("IfNeeded", 2)])
async def test_a_later_change_calls_again_if_needed(call, configure, server, policy: str, times: int) -> None:
    hooks = [{"path": "allow"}, {"path": "sidecar"}, {"path": "slow"}]
    await configure("mutating", *({**hook, "reinvocationPolicy": policy, "rules": [rule("pods")]} for hook in hooks))
    await call.ok("POST", PODS, pod())
    called = asked(server)
    assert [called.count(path) for path in ("allow", "sidecar", "slow")] == [times, 1, 1]


async def test_selectors_rules_and_scopes_choose(call, configure, server) -> None:
    await call.ok("POST", "/api/v1/namespaces", {"metadata": {"name": "away", "labels": {"team": "x"}}})
    cases = {
        "namespace": {"namespaceSelector": {"matchLabels": {"team": "x"}}},
        "object": {"objectSelector": {"matchLabels": {"pick": "me"}}},
        "secrets": {"rules": [rule("secrets")]},
        "updates": {"rules": [rule("configmaps", "UPDATE")]},
        "cluster": {"rules": [EVERYTHING | {"scope": "Cluster"}]},
        "namespaced": {"rules": [EVERYTHING | {"scope": "Namespaced"}]},
        "status": {"rules": [rule("*/status")]},
        "all": {"rules": [rule("*")]},
    }
    await configure("validating", *({"path": path, **hook} for path, hook in cases.items()))

    async def asks(*arguments: Any) -> set[str]:
        server.reviews.clear()
        await call.ok(*arguments)
        return set(asked(server))

    assert await asks("POST", MAPS, config_map()) == {"namespaced", "all"}
    assert await asks("POST", MAPS, config_map("d", labels={"pick": "me"})) == {"object", "namespaced", "all"}
    assert await asks("POST", MAPS.replace("default", "away"), config_map()) == {"namespace", "namespaced", "all"}
    assert await asks("PATCH", f"{MAPS}/c", {"data": {"x": "y"}}, MERGE) == {"namespaced", "all", "updates"}
    # An object that was selected still is.
    unlabelled = {"metadata": {"labels": None}}
    assert await asks("PATCH", f"{MAPS}/d", unlabelled, MERGE) == {"object", "namespaced", "all", "updates"}
    fresh = {"metadata": {"name": "fresh", "labels": {"team": "x"}}}
    assert await asks("POST", "/api/v1/namespaces", fresh) == {"namespace", "cluster", "all"}
    await call.ok("POST", PODS, pod())
    ready = {"status": {"phase": "Running"}}
    assert await asks("PATCH", f"{PODS}/p/status", ready, MERGE) == {"status", "namespaced"}


async def test_other_versions_are_converted(call, configure, server) -> None:
    only_v1 = rule("horizontalpodautoscalers", group="autoscaling")
    await configure("mutating", {"path": "label/v1", "rules": [only_v1]})
    await configure("validating", {"path": "exact", "rules": [only_v1], "matchPolicy": "Exact"})
    target = {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"}
    metrics = [
        {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}
    ]
    body = {"metadata": {"name": "h"}, "spec": {"maxReplicas": 3, "scaleTargetRef": target, "metrics": metrics}}
    made = await call.ok("POST", "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers", body)
    assert made["apiVersion"] == "autoscaling/v2"
    assert made["metadata"]["labels"] == {"v1": "yes"}
    assert made["spec"]["metrics"] == metrics
    assert asked(server) == ["label/v1"]
    request = server.reviews[0][1]["request"]
    assert request["kind"]["version"] == request["resource"]["version"] == "v1"
    assert request["requestKind"]["version"] == request["requestResource"]["version"] == "v2"
    assert request["object"]["apiVersion"] == "autoscaling/v1"
    assert request["object"]["spec"]["targetCPUUtilizationPercentage"] == 50


async def test_subresources_and_deletes_are_seen_as_what_they_are(call, configure, server) -> None:
    await call.ok("POST", PODS, pod())
    deployment = {
        "metadata": {"name": "d"},
        "spec": {
            "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": pod()["spec"]},
        },
    }
    deployments = "/apis/apps/v1/namespaces/default/deployments"
    await call.ok("POST", deployments, deployment)
    await configure("validating", {"path": "allow"})

    async def request(*arguments: Any) -> dict[str, Any]:
        server.reviews.clear()
        await call.ok(*arguments)
        return server.reviews[-1][1]["request"]

    binding = {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n"}}
    seen = await request("POST", f"{PODS}/p/binding", binding)
    assert (seen["operation"], seen["subResource"], seen["kind"]["kind"]) == ("CREATE", "binding", "Binding")
    seen = await request("PATCH", f"{deployments}/d/scale", {"spec": {"replicas": 2}}, MERGE)
    assert seen["kind"] == {"group": "autoscaling", "version": "v1", "kind": "Scale"}
    assert seen["resource"]["resource"] == "deployments"
    assert (seen["oldObject"]["spec"]["replicas"], seen["object"]["spec"]["replicas"]) == (1, 2)
    assert seen["oldObject"]["metadata"]["resourceVersion"]
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}}
    seen = await request("POST", f"{PODS}/p/eviction?dryRun=All", eviction)
    assert (seen["operation"], seen["kind"]["kind"], seen["dryRun"]) == ("CREATE", "Eviction", True)
    seen = await request("DELETE", f"{PODS}/p?gracePeriodSeconds=0")
    assert (seen["operation"], seen["object"], seen["oldObject"]["kind"]) == ("DELETE", None, "Pod")
    assert seen["options"]["gracePeriodSeconds"] == 0
    await call.ok("POST", MAPS, config_map())
    seen = await request("DELETE", MAPS)
    assert "name" not in seen
    assert seen["oldObject"]["metadata"]["name"] in ("c", "kube-root-ca.crt")


async def test_a_scale_may_be_changed(call, configure, server) -> None:
    def one_more(_: str, review: dict[str, Any]) -> Any:
        replicas = review["request"]["object"]["spec"]["replicas"] + 1
        return patched(review, {"op": "replace", "path": "/spec/replicas", "value": replicas})

    sets = "/apis/apps/v1/namespaces/default/replicasets"
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod()["spec"]}
    body = {"metadata": {"name": "r"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}}
    await call.ok("POST", sets, body)
    with WebhookServer(one_more) as other:
        scaling = {"clientConfig": other.config(), "rules": [rule("replicasets/scale", "UPDATE", "apps")]}
        await configure("mutating", scaling)
        scale = await call.ok("PATCH", f"{sets}/r/scale", {"spec": {"replicas": 4}}, MERGE)
    assert scale["spec"]["replicas"] == 5
    assert (await call.ok("GET", f"{sets}/r"))["spec"]["replicas"] == 5


async def test_dry_runs_need_webhooks_without_side_effects(call, api, configure, server) -> None:
    await configure("validating", {"path": "allow"})
    await call.ok("POST", f"{MAPS}?dryRun=All", config_map())
    assert server.reviews[0][1]["request"]["dryRun"] is True
    assert server.reviews[0][1]["request"]["options"]["dryRun"] == ["All"]
    # Configurations of old may say so; new ones may not.
    resource = "validatingwebhookconfigurations.admissionregistration.k8s.io"
    stored = api.backend.store.get(resource, "", "c")
    body = stored.to_dict()
    del body["metadata"]["resourceVersion"]
    body["webhooks"][0]["sideEffects"] = "Some"
    await api.backend.store.update(resource, "", "c", msgspec.json.encode(body), stored.revision)
    answer = await call("POST", f"{MAPS}?dryRun=All", config_map())
    assert (answer.code, answer.body["message"]) == (
        400,
        'admission webhook "h0.example.com" does not support dry run',
    )


async def test_warnings_and_annotations(call, api, configure) -> None:
    await configure("mutating", {"path": "warn"}, {"path": "label/a"})
    await configure("validating", {"path": "warn"})
    request = call.request("POST", MAPS, config_map())
    response = await api.handle(request)
    assert response.warnings == ["mind the gap"]
    mutation = '{"configuration":"c","webhook":"h0.example.com","mutated":false}'
    assert request.annotations["h0.example.com/seen"] == ("Metadata", "yes")
    assert request.annotations["mutation.webhook.admission.k8s.io/round_0_index_0"] == ("Metadata", mutation)
    level, patch = request.annotations["patch.webhook.admission.k8s.io/round_0_index_1"]
    assert level == "Request"
    assert '"patch":[{"op":"add","path":"/metadata/labels","value":{"a":"yes"}}],"patchType":"JSONPatch"' in patch


async def test_validating_webhooks_are_called_at_once(call, configure) -> None:
    await configure("validating", *({"path": "slow"} for _ in range(4)))
    together = threading.Barrier(4, timeout=5)

    def meet(_: str, review: dict[str, Any]) -> Any:
        together.wait()
        return allowed(review)

    with WebhookServer(meet) as other:
        hooks = ({"clientConfig": other.config()} for _ in range(4))
        await configure("validating", *hooks, name="meeting")
        await call.ok("POST", MAPS, config_map())


async def test_timeouts(call, configure) -> None:
    released = threading.Event()

    def hang(_: str, review: dict[str, Any]) -> Any:
        released.wait(10)
        return allowed(review)

    with WebhookServer(hang) as other:
        await configure("validating", {"clientConfig": other.config(), "timeoutSeconds": 1})
        answer = await call("POST", MAPS, config_map())
        released.set()
    assert answer.code == 500
    assert answer.body["message"].endswith(f'Post "{other.url}/?timeout=1s": context deadline exceeded')


async def test_services_are_called_through_their_endpoints(call, configure) -> None:
    with WebhookServer(behave, ("hook.default.svc",)) as other:
        spec = {"type": "ExternalName", "externalName": "localhost"}
        await call.ok("POST", "/api/v1/namespaces/default/services", {"metadata": {"name": "hook"}, "spec": spec})
        service = {"namespace": "default", "name": "hook", "port": other.port, "path": "/label/service"}
        bundle = base64.b64encode(other.ca).decode()
        await configure("mutating", {"clientConfig": {"service": service, "caBundle": bundle}})
        made = await call.ok("POST", MAPS, config_map())
    assert made["metadata"]["labels"] == {"service": "yes"}


async def test_batches_ask_per_object(api, call, configure, server) -> None:
    from kfast.client.client import Client
    from kfast.client.transports.local import LocalTransport
    from kfast.errors import StatusError
    from kfast.meta.exchange import Binding

    client = Client(LocalTransport(api.handle, call.user, api.handle_many))
    kind = api.catalog.by_gvk("", "v1", "Pod")
    await configure("mutating", {"path": "label/batch", "rules": [rule("pods", "CREATE")]})
    made = await client.create_many(kind, [pod(f"p{n}") for n in range(3)], "default")
    assert [obj.labels for obj in made] == [{"batch": "yes"}] * 3
    assert asked(server) == ["label/batch"] * 3
    await configure("validating", {"path": "deny", "rules": [rule("pods/binding")]})
    outcomes = await client.bind_many([Binding("default", f"p{n}", "", "n") for n in range(3)])
    assert all(isinstance(outcome, StatusError) and outcome.code == 403 for outcome in outcomes)
    assert all(review["request"]["kind"]["kind"] == "Binding" for _, review in server.reviews[3:])


def test_clusters_in_virtual_time_wait_for_webhooks() -> None:
    async def scenario(plane: ControlPlane) -> Any:
        from kfast.api.catalog import kind

        hook = {
            "name": "a.example.com",
            "clientConfig": server.config("/slow"),
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "rules": [rule("configmaps", "CREATE")],
        }
        body = {"metadata": {"name": "c"}, "webhooks": [hook]}
        await plane.client.create(kind("ValidatingWebhookConfiguration"), body)
        made = await plane.client.create(kind("ConfigMap"), config_map(), "default")
        return made.name

    with WebhookServer(behave) as server:
        assert run_cluster(scenario, nodes=1) == "c"


PARTS = "/apis/shop.example.com/v1/namespaces/default/parts"


def definition() -> dict[str, Any]:
    """Parts in two versions; v2 is stored. Both prune what they do not know."""
    properties = {"data": {"type": "object", "additionalProperties": {"type": "string"}}}
    schema = {"openAPIV3Schema": {"type": "object", "properties": properties}}
    versions = [{"name": name, "served": True, "storage": name == "v2", "schema": schema} for name in ("v1", "v2")]
    names = {"kind": "Part", "listKind": "PartList", "plural": "parts", "singular": "part"}
    spec = {"group": "shop.example.com", "scope": "Namespaced", "names": names, "versions": versions}
    return {"metadata": {"name": "parts.shop.example.com"}, "spec": spec}


async def test_custom_resources_and_their_definitions(api, call, configure, server) -> None:
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    await configure("validating", {"path": "deny", "rules": [rule("*", "CREATE", "apiextensions.k8s.io")]})
    assert (await call("POST", definitions, definition())).code == 403
    await call.ok("DELETE", f"{GROUP}/validatingwebhookconfigurations/c")
    await call.ok("POST", definitions, definition())
    for _ in range(1000):
        if api.catalog.by_resource("shop.example.com", "v1", "parts") is not None:
            break
        await asyncio.sleep(0)

    def change(_: str, review: dict[str, Any]) -> Any:
        data = {"mutated": review["request"]["kind"]["version"]}
        return patched(
            review,
            {"op": "add", "path": "/data", "value": data},
            {"op": "add", "path": "/unknown", "value": "pruned"},
        )

    server.reviews.clear()
    with WebhookServer(change) as other:
        as_v2 = rule("parts", "CREATE", "shop.example.com", "v2")
        await configure("mutating", {"clientConfig": other.config(), "rules": [as_v2]})
        await configure("validating", {"path": "deny", "rules": [rule("parts", "DELETE", "shop.example.com", "*")]})
        part = {"apiVersion": "shop.example.com/v1", "kind": "Part", "metadata": {"name": "p"}}
        made = await call.ok("POST", PARTS, part)
        request = other.reviews[0][1]["request"]
    assert (request["kind"]["version"], request["requestKind"]["version"]) == ("v2", "v1")
    assert request["object"]["apiVersion"] == "shop.example.com/v2"
    assert made["apiVersion"] == "shop.example.com/v1"
    assert made["data"] == {"mutated": "v2"}
    assert "unknown" not in made
    assert (await call("DELETE", f"{PARTS}/p")).code == 403
    assert (await call("DELETE", PARTS)).code == 403
    await call.ok("GET", f"{PARTS}/p")


async def test_match_conditions_say_which_requests_a_webhook_sees(call, configure):
    conditions = [{"name": "named", "expression": "object.metadata.name.startsWith('x') || request.name == 'y'"}]
    await configure("validating", {"path": "deny", "rules": [rule("configmaps")], "matchConditions": conditions})
    assert (await call("POST", MAPS, config_map("a"))).code == 201
    assert (await call("POST", MAPS, config_map("x"))).code == 403


async def test_match_conditions_that_fail_count_as_the_failure_policy_says(call, configure):
    conditions = [{"name": "broken", "expression": "object.nope == 1"}]
    hook = {"path": "deny", "rules": [rule("configmaps")], "matchConditions": conditions}
    await configure("validating", hook | {"failurePolicy": "Ignore"}, name="open")
    assert (await call("POST", MAPS, config_map("a"))).code == 201
    await configure("validating", dict(hook), name="closed")
    answer = await call("POST", MAPS, config_map("b"))
    assert answer.code == 403
    assert answer.body["message"] == (
        "configmaps \"b\" is forbidden: expression 'object.nope == 1' resulted in error: no such key: nope"
    )


async def test_match_conditions(call, configure, server) -> None:
    def conditions(*expressions: str) -> list[dict[str, str]]:
        return [{"name": f"c{number}", "expression": expression} for number, expression in enumerate(expressions)]

    await configure(
        "validating",
        {"path": "named", "matchConditions": conditions("object.metadata.name == 'c'")},
        {"path": "both", "matchConditions": conditions("has(object.data)", "request.operation == 'UPDATE'")},
        {"path": "changed", "matchConditions": conditions("oldObject != null && object.data != oldObject.data")},
        {"path": "mine", "matchConditions": conditions("request.userInfo.username != 'admin'")},
        {"path": "may", "matchConditions": conditions("authorizer.group('').resource('pods').check('get').allowed()")},
        {"path": "open", "matchConditions": conditions("object.nothing.here == 1"), "failurePolicy": "Ignore"},
    )
    await call.ok("POST", MAPS, config_map())
    assert set(asked(server)) == {"named", "may"}
    server.reviews.clear()
    await call.ok("PATCH", f"{MAPS}/c", {"data": {"x": "y"}}, MERGE)
    assert set(asked(server)) == {"named", "both", "changed", "may"}
    failing = {"matchConditions": conditions("object.nothing.here == 1"), "rules": [rule("secrets")]}
    await configure("mutating", failing, name="failing")
    answer = await call("POST", MAPS.replace("configmaps", "secrets"), {"metadata": {"name": "s"}})
    assert answer.code == 403
    assert answer.body["message"].startswith('secrets "s" is forbidden: ')
    assert "no such key: nothing" in answer.body["message"]


async def test_conditions_that_do_not_compile_are_refused(call, server) -> None:
    hook = {
        "name": "a.example.com",
        "clientConfig": server.config(),
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "matchConditions": [{"name": "a", "expression": "object.x ==="}],
    }
    for kind in ("mutating", "validating"):
        body = {"metadata": {"name": "c"}, "webhooks": [hook]}
        answer = await call("POST", f"{GROUP}/{kind}webhookconfigurations", body)
        assert answer.code == 422
        assert "webhooks[0].matchConditions[0].expression: Invalid value" in answer.body["message"]
        assert "compilation failed" in answer.body["message"]
