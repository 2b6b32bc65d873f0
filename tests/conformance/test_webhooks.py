"""Admission webhooks: a server of the test behind a Service, asked about what other requests want to write."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from custom import definition, definitions, installed, instances, version
from exam import conformance
from kube import Things
from kubernetes.client import ApiException
from webhook import Webhook, allow, deny, expose, patch, serving

hooks = conformance("sig-api-machinery", "AdmissionWebhook [Privileged:ClusterAdmin]")
GROUP = "admissionregistration.k8s.io/v1"
POD = {"containers": [{"name": "c", "image": "i"}]}
VALIDATING, MUTATING = "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"


def hooks_of_both(text: str) -> pytest.MarkDecorator:
    """Gives a test the `kind` of either configurations; `{}` in the name is their adjective."""
    kinds = {"validating": VALIDATING, "mutating": MUTATING}
    cases = [pytest.param(kind, marks=hooks(text.format(word))) for word, kind in kinds.items()]
    return pytest.mark.parametrize("kind", cases)


@pytest.fixture
def server(kube, tmp_path) -> Iterator[Webhook]:
    """The webhook server, and the Service `hook` that leads to it."""
    with serving(tmp_path, f"hook.{kube.namespace}.svc") as hook:
        expose(kube, "hook", hook.port)
        yield hook


class Hooks:
    """Registers webhooks of the server that look at the test's namespace."""

    def __init__(self, kube: Any, server: Webhook) -> None:
        self.kube, self.server = kube, server

    def entry(self, path: str, rule: dict[str, Any], **more: Any) -> dict[str, Any]:
        every = {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["CREATE"], "scope": "*", **rule}
        service = {"namespace": self.kube.namespace, "name": "hook", "port": 8443, "path": path}
        mine = {"matchLabels": {"kubernetes.io/metadata.name": self.kube.namespace}}
        return {
            "name": f"{path[1:]}.example.com",
            "rules": [every],
            "clientConfig": {"service": service, "caBundle": self.server.bundle},
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "namespaceSelector": mine,
            "timeoutSeconds": 10,
            **more,
        }

    def things(self, kind: str) -> Things:
        return self.kube(kind, GROUP)

    @contextlib.contextmanager
    def registered(self, kind: str, *entries: dict[str, Any]) -> Iterator[str]:
        """A configuration in force, under the name given."""
        name = f"{self.kube.namespace}-{kind.lower()[:3]}"
        self.things(kind).create(name, metadata={"labels": {"set": self.kube.namespace}}, webhooks=list(entries))
        try:
            yield name
        finally:
            with contextlib.suppress(ApiException):
                self.things(kind).delete(name)


@pytest.fixture
def hook(kube, server) -> Hooks:
    server.answers.update({"/deny": deny("this webhook denies the request"), "/allow": allow})
    return Hooks(kube, server)


@contextlib.contextmanager
def denied(message: str = "denied the request: this webhook denies the request") -> Iterator[None]:
    with pytest.raises(ApiException) as refused:
        yield
    assert message in json.loads(refused.value.body)["message"], refused.value.body


@hooks("should include webhook resources in discovery documents")
def test_discovery(kube):
    groups = {group["name"]: group["versions"] for group in kube.send("GET", "/apis").json["groups"]}
    found = {"groupVersion": GROUP, "version": "v1"}
    assert found in groups["admissionregistration.k8s.io"]
    assert found in kube.send("GET", "/apis/admissionregistration.k8s.io").json["versions"]
    names = [resource["name"] for resource in kube.send("GET", f"/apis/{GROUP}").json["resources"]]
    assert {"mutatingwebhookconfigurations", "validatingwebhookconfigurations"} <= set(names)


@hooks("should be able to deny pod and configmap creation")
def test_creates_and_updates_are_denied(kube, hook):
    pods, maps = kube("Pod"), kube("ConfigMap")

    def judge(request: dict[str, Any]) -> dict[str, Any]:
        bad = (request["object"].get("data") or {}).get("bad") or request["object"]["metadata"]["name"] == "bad"
        return deny("this webhook denies the request")(request) if bad else allow(request)

    hook.server.answers["/judge"] = judge
    rule = {"operations": ["CREATE", "UPDATE"], "resources": ["pods", "configmaps"]}
    with hook.registered(VALIDATING, hook.entry("/judge", rule)):
        with denied('admission webhook "judge.example.com" denied the request: this webhook denies the request'):
            pods.create("bad", spec=POD)
        with denied():
            maps.create("bad")
        maps.create("good")
        with denied():
            maps.change("good", lambda body: body.update(data={"bad": "yes"}))
        with denied():
            maps.patch("good", {"data": {"bad": "yes"}})
        elsewhere = kube("ConfigMap", namespace="default")
        elsewhere.create(f"bad-{kube.namespace}", data={"bad": "yes"})
        elsewhere.delete(f"bad-{kube.namespace}")


@hooks("should be able to deny attaching pod")
def test_attaching_is_denied(kube, hook):
    pods = kube("Pod")
    rule = {"operations": ["CONNECT"], "resources": ["pods/attach"]}
    with hook.registered(VALIDATING, hook.entry("/deny", rule)):
        pods.create("p", spec=POD)
        pods.wait("p", lambda pod: pod["status"]["phase"] == "Running")
        answer = kube.send("POST", pods.path("p", "attach"), query={"container": "c", "stdout": "true"})
        assert answer.status == 403
        assert "this webhook denies the request" in answer.json["message"]
        (request,) = hook.server.seen
        assert (request["operation"], request["subResource"]) == ("CONNECT", "attach")


@hooks("should be able to deny custom resource creation, update and deletion")
def test_custom_resources_are_denied(kube, hook):
    hook.server.answers["/judge"] = lambda request: (
        deny("the custom resource is unwanted")(request)
        if "bad" in ((request["object"] or request["oldObject"]).get("data") or {})
        else allow(request)
    )
    group = f"{kube.namespace}.example.com"
    rule = {"apiGroups": [group], "operations": ["CREATE", "UPDATE", "DELETE"], "resources": ["things"]}
    with installed(kube, definition(group, "Thing")) as things, hook.registered(VALIDATING, hook.entry("/judge", rule)):
        with denied("the custom resource is unwanted"):
            things.create("bad", data={"bad": "yes"})
        things.create("good", data={})
        with denied("the custom resource is unwanted"):
            things.patch("good", {"data": {"bad": "yes"}})
        hook.server.answers["/judge"] = deny("nothing goes")
        with denied("nothing goes"):
            things.delete("good")
        hook.server.answers["/judge"] = allow
        things.delete("good")
        things.wait_gone("good")


@hooks("should unconditionally reject operations on fail closed webhook")
def test_a_webhook_that_cannot_be_asked(kube, hook):
    entry = hook.entry("/none", {"resources": ["configmaps"]}, failurePolicy="Fail")
    entry["clientConfig"]["service"]["name"] = "nothing"
    with hook.registered(VALIDATING, entry):
        with denied("failed calling webhook"):
            kube("ConfigMap").create("m")
        kube("ConfigMap", namespace="default").create(f"m-{kube.namespace}")
    kube("ConfigMap", namespace="default").delete(f"m-{kube.namespace}")
    with hook.registered(VALIDATING, {**entry, "failurePolicy": "Ignore"}):
        kube("ConfigMap").create("m")


@hooks("should honor timeout")
def test_timeouts(kube, hook):
    go = threading.Event()

    def slow(request: dict[str, Any]) -> dict[str, Any]:
        go.wait(20)
        return allow(request)

    hook.server.answers["/slow"] = slow
    rule = {"resources": ["configmaps"]}
    strict = hook.entry("/slow", rule, timeoutSeconds=1, failurePolicy="Fail")
    with hook.registered(VALIDATING, strict), denied("deadline"):
        kube("ConfigMap").create("refused")
    with hook.registered(VALIDATING, hook.entry("/slow", rule, timeoutSeconds=1, failurePolicy="Ignore")):
        kube("ConfigMap").create("taken")
    go.set()
    with hook.registered(VALIDATING, hook.entry("/slow", rule, timeoutSeconds=None)) as name:
        assert hook.things(VALIDATING).get(name)["webhooks"][0]["timeoutSeconds"] == 10
        kube("ConfigMap").create("answered")


def add(path: str, value: Any) -> dict[str, Any]:
    return {"op": "add", "path": path, "value": value}


@hooks("should mutate configmap")
def test_config_maps_are_mutated_in_stages(kube, hook):
    hook.server.answers["/first"] = patch(add("/data/stage1", "yes"))
    hook.server.answers["/second"] = lambda request: (
        patch(add("/data/stage2", "yes"))(request) if "stage1" in request["object"]["data"] else allow(request)
    )
    rule = {"resources": ["configmaps"]}
    with hook.registered(MUTATING, hook.entry("/first", rule), hook.entry("/second", rule)):
        made = kube("ConfigMap").create("m", data={"start": "yes"})
    assert made["data"] == {"start": "yes", "stage1": "yes", "stage2": "yes"}


@hooks("should mutate pod and apply defaults after mutation")
def test_what_a_webhook_adds_gets_its_defaults(kube, hook):
    hook.server.answers["/init"] = patch(add("/spec/initContainers", [{"name": "added", "image": "busybox"}]))
    with hook.registered(MUTATING, hook.entry("/init", {"resources": ["pods"]})):
        (added,) = kube("Pod").create("p", spec=POD)["spec"]["initContainers"]
    assert (added["name"], added["terminationMessagePolicy"], added["imagePullPolicy"]) == ("added", "File", "Always")


@hooks("should not be able to mutate or prevent deletion of webhook configuration objects")
def test_configurations_are_out_of_reach(kube, hook):
    hook.server.answers["/label"] = patch(add("/metadata/labels", {"changed": "yes"}))
    rule = {"apiGroups": ["admissionregistration.k8s.io"], "operations": ["*"], "resources": ["*"]}
    deny_all = hook.entry("/deny", rule, namespaceSelector={})
    change_all = hook.entry("/label", rule, namespaceSelector={})
    with hook.registered(VALIDATING, deny_all), hook.registered(MUTATING, change_all):
        for kind in (VALIDATING, MUTATING):
            name = f"{kube.namespace}-{kind.lower()[:3]}-dummy"
            entry = hook.entry("/allow", {"resources": ["nothing"]})
            made = hook.things(kind).create(name, webhooks=[entry])
            assert "labels" not in made["metadata"]
            hook.things(kind).delete(name)
            hook.things(kind).wait_gone(name)
    assert hook.server.seen == []


def mutated(kube, hook, **schema: Any) -> dict[str, Any]:
    """What is stored of a custom resource two webhooks wrote to."""
    for stage in ("1", "2"):
        hook.server.answers[f"/stage{stage}"] = patch(add(f"/data/stage{stage}", "yes"))
    group = f"{kube.namespace}.example.com"
    entries = [hook.entry(f"/stage{n}", {"apiGroups": [group], "resources": ["things"]}) for n in "12"]
    with installed(kube, definition(group, "Thing", version(**schema))) as things, hook.registered(MUTATING, *entries):
        return things.create("t", data={"start": "yes"})["data"]


@hooks("should mutate custom resource")
def test_custom_resources_are_mutated(kube, hook):
    assert mutated(kube, hook) == {"start": "yes", "stage1": "yes", "stage2": "yes"}


@hooks("should mutate custom resource with pruning")
def test_what_a_webhook_adds_is_pruned(kube, hook):
    known = {name: {"type": "string"} for name in ("start", "stage1")}
    schema = {"type": "object", "properties": {"data": {"type": "object", "properties": known}}}
    assert mutated(kube, hook, schema=schema) == {"start": "yes", "stage1": "yes"}


@hooks("should mutate custom resource with different stored version")
def test_mutation_after_the_storage_version_changed(kube, hook):
    hook.server.answers["/stage"] = patch(add("/data/stage", "yes"))
    group = f"{kube.namespace}.example.com"
    rule = {"apiGroups": [group], "operations": ["CREATE", "UPDATE"], "resources": ["things"]}
    body = definition(group, "Thing", version("v1"), version("v2"))
    name = body["metadata"]["name"]
    with installed(kube, body) as things, hook.registered(MUTATING, hook.entry("/stage", rule)):
        assert things.create("t", data={"start": "yes"})["data"]["stage"] == "yes"

        def to_v2(definition: dict[str, Any]) -> None:
            for served in definition["spec"]["versions"]:
                served["storage"] = served["name"] == "v2"

        definitions(kube).change(name, to_v2)
        patched = things.patch("t", {"data": {"more": "yes"}})
        assert patched["data"] == {"start": "yes", "stage": "yes", "more": "yes"}
        assert instances(kube, body, "v2").get("t")["data"] == patched["data"]


@hooks("should deny crd creation")
def test_definitions_are_denied(kube, hook):
    rule = {"apiGroups": ["apiextensions.k8s.io"], "resources": ["customresourcedefinitions"]}
    entry = hook.entry("/deny", rule, namespaceSelector={}, objectSelector={"matchLabels": {"unwanted": "yes"}})
    body = definition(f"{kube.namespace}.example.com", "Thing")
    body["metadata"]["labels"] = {"unwanted": "yes"}
    with hook.registered(VALIDATING, entry), denied():
        definitions(kube).post(body)


@hooks_of_both("patching/updating a {} webhook should work")
def test_rules_may_be_changed(kube, hook, kind):
    maps, things = kube("ConfigMap"), hook.things(kind)
    hook.server.answers["/deny"] = deny("no")
    with hook.registered(kind, hook.entry("/deny", {"resources": ["configmaps"]})) as name:
        with denied("no"):
            maps.create("m")
        things.change(name, lambda body: body["webhooks"][0]["rules"][0].update(operations=["UPDATE"]))
        maps.create("m")
        rules = [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}]
        operation = {"op": "replace", "path": "/webhooks/0/rules", "value": rules}
        things.patch(name, [operation], content_type="application/json-patch+json")
        with denied("no"):
            maps.create("n")


@hooks_of_both("listing {} webhooks should work")
def test_a_collection_of_configurations(kube, hook, kind):
    things, selector = hook.things(kind), f"set={kube.namespace}"
    names = [f"{kube.namespace}-{number}" for number in range(3)]
    for name in names:
        entry = hook.entry("/deny", {"resources": ["configmaps"]})
        things.create(name, metadata={"labels": {"set": kube.namespace}}, webhooks=[entry])
    assert things.names(label_selector=selector) == names
    with denied():
        kube("ConfigMap").create("m")
    things.delete_all(label_selector=selector)
    assert things.names(label_selector=selector) == []
    kube("ConfigMap").create("m")


@hooks_of_both("should be able to create and update {} webhook configurations with match conditions")
def test_match_conditions(kube, hook, kind):
    conditions = [{"name": "named", "expression": "object.metadata.name == 'bad'"}]
    entry = hook.entry("/deny", {"resources": ["configmaps"]}, matchConditions=conditions)
    with hook.registered(kind, entry) as name:
        assert hook.things(kind).get(name)["webhooks"][0]["matchConditions"] == conditions
        with denied():
            kube("ConfigMap").create("bad")
        kube("ConfigMap").create("good")
        more = [*conditions, {"name": "never", "expression": "false"}]
        hook.things(kind).change(name, lambda body: body["webhooks"][0].update(matchConditions=more))
        kube("ConfigMap").create("bad")


@hooks_of_both("should reject {} webhook configurations with invalid match conditions")
def test_match_conditions_that_make_no_sense(kube, hook, kind):
    conditions = [{"name": "wrong", "expression": "... [] bad expression"}]
    entry = hook.entry("/deny", {"resources": ["configmaps"]}, matchConditions=conditions)
    with denied("compilation failed"), hook.registered(kind, entry):
        pass


@hooks("should mutate everything except 'skip-me' configmaps")
def test_a_condition_leaves_some_alone(kube, hook):
    hook.server.answers["/all"] = patch(add("/data/changed", "yes"))
    conditions = [{"name": "skip-me", "expression": "object.metadata.name != 'skip-me'"}]
    entry = hook.entry("/all", {"resources": ["configmaps"]}, matchConditions=conditions)
    with hook.registered(MUTATING, entry):
        assert kube("ConfigMap").create("skip-me", data={"a": "b"})["data"] == {"a": "b"}
        assert kube("ConfigMap").create("other", data={"a": "b"})["data"] == {"a": "b", "changed": "yes"}
