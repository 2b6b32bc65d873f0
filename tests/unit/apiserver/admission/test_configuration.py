"""`--admission-control-config-file`: what is read, what is refused in upstream's words, and what it changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from webhook_server import WebhookServer, allowed

from kfast.api.catalog import default_catalog
from kfast.apiserver.admission.configuration import Configured
from kfast.apiserver.app import APIServer
from kfast.clock import SystemClock
from kfast.config import LEAN_ON_CONTROLLERS
from kfast.errors import KfastError
from kfast.meta.exchange import Request, User
from kfast.store.embedded import EmbeddedStore

CONFIG = "apiserver.config.k8s.io/v1"
SCHEME = 'in scheme "pkg/runtime/scheme.go:111"'
LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)


def plugins(**configured: Any) -> dict[str, Any]:
    entries = [{"name": name, "configuration": value} for name, value in configured.items()]
    return {"apiVersion": CONFIG, "kind": "AdmissionConfiguration", "plugins": entries}


def pod_security(**fields: Any) -> dict[str, Any]:
    kind = {"apiVersion": "pod-security.admission.config.k8s.io/v1", "kind": "PodSecurityConfiguration"}
    return plugins(PodSecurity=kind | fields)


def quota(*limited: Any) -> dict[str, Any]:
    kind = {"apiVersion": CONFIG, "kind": "ResourceQuotaConfiguration"}
    return plugins(ResourceQuota=kind | {"limitedResources": list(limited)})


def webhooks(**fields: Any) -> dict[str, Any]:
    return plugins(ValidatingAdmissionWebhook={"apiVersion": CONFIG, "kind": "WebhookAdmissionConfiguration"} | fields)


@pytest.fixture
def written(tmp_path: Path):
    def written(content: Any) -> Path:
        path = tmp_path / "admission.yaml"
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
        return path

    return written


INIT = 'couldn\'t init admission plugin "{}": {}'
READ = "failed to read plugin config: {}"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("a: 1\n", READ.format("Object 'Kind' is missing in 'a: 1\n'")),
        (
            {"apiVersion": "v1", "kind": "Pod"},
            READ.format(f'no kind "Pod" is registered for version "v1" {SCHEME}'),
        ),
        (plugins() | {"extra": 1}, READ.format('strict decoding error: unknown field "extra"')),
        (
            plugins() | {"plugins": [{"name": "PodSecurity", "other": 1}]},
            READ.format('strict decoding error: unknown field "plugins[0].other"'),
        ),
        (
            pod_security(defaults={"enforce": "some", "warn": "", "audit-version": "v2"}),
            'failed to initialize admission plugin "PodSecurity": PodSecurity configuration error: [enforce: must be '
            'one of privileged, baseline, restricted, audit-version: must be "latest" or "v1.x"]',
        ),
        (
            pod_security(defaults={"enforce-version": "1.2"}),
            'failed to initialize admission plugin "PodSecurity": PodSecurity configuration error: enforce-version: '
            'must be "latest" or "v1.x"',
        ),
        (
            pod_security(exemptions={"namespaces": ["A_b", "x", "x"], "usernames": ["", "u", "u"]}),
            'failed to initialize admission plugin "PodSecurity": PodSecurity invalid: [exemptions.namespaces[0]: '
            f'Invalid value: "A_b": {LABEL}, exemptions.namespaces[2]: Duplicate value: "x", '
            'exemptions.usernames[0]: Invalid value: "": username must not be empty, '
            'exemptions.usernames[2]: Duplicate value: "u"]',
        ),
        (
            pod_security(defaults={"other": 1}, more=2),
            INIT.format("PodSecurity", 'strict decoding error: unknown field "defaults.other", unknown field "more"'),
        ),
        (
            pod_security(exemptions={"namespaces": "x"}),
            INIT.format(
                "PodSecurity",
                "json: cannot unmarshal string into Go struct field PodSecurityExemptions.exemptions.namespaces of "
                "type []string",
            ),
        ),
        (
            plugins(PodSecurity={"defaults": {}}),
            INIT.format("PodSecurity", "Object 'Kind' is missing in '{\"defaults\":{}}'"),
        ),
        (
            quota({"apiGroup": "x"}, {"resource": "pods"}, {}),
            INIT.format(
                "ResourceQuota",
                "[limitedResources[0].resource: Required value, limitedResources[2].resource: Required value]",
            ),
        ),
        (
            quota({"resource": 1}),
            INIT.format(
                "ResourceQuota",
                "json: cannot unmarshal number into Go struct field LimitedResource.limitedResources.resource of type "
                "string",
            ),
        ),
        (
            plugins(ResourceQuota={"apiVersion": CONFIG, "kind": "Configuration"}),
            INIT.format("ResourceQuota", f'no kind "Configuration" is registered for version "{CONFIG}" {SCHEME}'),
        ),
        (
            webhooks(kubeConfigFile="x"),
            INIT.format(
                "ValidatingAdmissionWebhook", 'kubeConfigFile: Invalid value: "x": must be an absolute file path'
            ),
        ),
        (
            webhooks(kubeConfigFile="/nothere"),
            INIT.format("ValidatingAdmissionWebhook", "stat /nothere: no such file or directory"),
        ),
        (
            webhooks(staticManifestsDir="/tmp"),
            INIT.format(
                "ValidatingAdmissionWebhook",
                "staticManifestsDir: Forbidden: staticManifestsDir requires the ManifestBasedAdmissionControlConfig "
                "feature gate to be enabled",
            ),
        ),
    ],
)
def test_files_that_are_refused(written, content: Any, why: str) -> None:
    with pytest.raises(KfastError) as failure:
        Configured.load(written(content))
    assert str(failure.value) == why


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "none"
    with pytest.raises(KfastError) as failure:
        Configured.load(path)
    why = f'unable to read admission control configuration from "{path}" [open {path}: no such file or directory]'
    assert str(failure.value) == READ.format(why)


def test_a_plugin_may_be_configured_by_a_file_beside(tmp_path: Path, written, caplog) -> None:
    (tmp_path / "quota.yaml").write_text(yaml.safe_dump(quota({"resource": "pods"})["plugins"][0]["configuration"]))
    entries = [{"name": "ResourceQuota", "path": "quota.yaml"}, {"name": "LimitRanger", "configuration": {"a": 1}}]
    found = Configured.load(written(plugins() | {"plugins": entries}))
    assert [one.resource for one in found.limited_resources] == ["pods"]
    assert "tells of the plugin LimitRanger" in caplog.text


class Server:
    """An API server with a configuration, and one who asks it."""

    def __init__(self, path: Path) -> None:
        self.store = EmbeddedStore(None)
        self.api = APIServer(
            self.store,
            default_catalog(),
            SystemClock(),
            seed=1,
            disable_admission_plugins=LEAN_ON_CONTROLLERS,
            admission_control_config_file=path,
        )

    async def __call__(self, method: str, path: str, body: Any = None, user: str = "admin") -> tuple[int, Any]:
        data = json.dumps(body).encode() if body is not None else b""
        asked = Request(method, path, {}, {}, data, user=User(user, groups=("system:masters",)))
        response = await self.api.handle(asked)
        self.warnings, self.annotations = response.warnings, asked.annotations
        payload = response.payload
        return response.status, payload if isinstance(payload, dict) else json.loads(payload)


@pytest.fixture
async def configured(written):
    made: list[Server] = []

    async def configured(content: Any) -> Server:
        server = Server(written(content))
        made.append(server)
        await server.api.start()
        return server

    yield configured
    for server in made:
        await server.api.stop()
        await server.store.close()


def pod(name: str, **spec: Any) -> dict[str, Any]:
    container = {"name": "c", "image": "i", "securityContext": {"privileged": True}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [container]} | spec,
    }


PODS = "/api/v1/namespaces/default/pods"


async def test_defaults_and_exemptions_of_pod_security(configured) -> None:
    exemptions = {"usernames": ["ann"], "namespaces": ["free"], "runtimeClasses": ["vm"]}
    ask = await configured(pod_security(defaults={"enforce": "baseline", "warn": "restricted"}, exemptions=exemptions))
    code, body = await ask("POST", PODS, pod("a"))
    assert (code, 'violates PodSecurity "baseline:latest": privileged' in body["message"]) == (403, True)
    assert (await ask("POST", PODS, pod("mild", containers=[{"name": "c", "image": "i"}])))[0] == 201
    assert any("restricted:latest" in text for text in ask.warnings)
    assert (await ask("POST", PODS, pod("a"), user="ann"))[0] == 201
    assert ask.annotations["pod-security.kubernetes.io/exempt"] == ("Metadata", "user")
    await ask("POST", "/api/v1/namespaces", {"metadata": {"name": "free"}})
    assert (await ask("POST", "/api/v1/namespaces/free/pods", pod("a")))[0] == 201
    assert ask.annotations["pod-security.kubernetes.io/exempt"] == ("Metadata", "namespace")
    await ask("POST", "/apis/node.k8s.io/v1/runtimeclasses", {"metadata": {"name": "vm"}, "handler": "h"})
    assert (await ask("POST", PODS, pod("b", runtimeClassName="vm")))[0] == 201
    assert ask.annotations["pod-security.kubernetes.io/exempt"] == ("Metadata", "runtimeClass")


async def made_quota(ask: Server, name: str, hard: dict[str, str], **spec: Any) -> None:
    path = "/api/v1/namespaces/default/resourcequotas"
    await ask("POST", path, {"metadata": {"name": name}, "spec": {"hard": hard} | spec})
    status = {"hard": hard, "used": dict.fromkeys(hard, "0")}
    code, body = await ask("PUT", f"{path}/{name}/status", {"metadata": {"name": name}, "status": status})
    assert code == 200, body


async def test_what_is_limited_needs_a_quota(configured) -> None:
    ask = await configured(
        quota({"resource": "pods", "matchContains": ["cpu"]}, {"resource": "configmaps", "matchContains": ["count/"]})
    )
    requests = {"resources": {"requests": {"cpu": "1"}}, "name": "c", "image": "i"}
    assert (await ask("POST", PODS, pod("free")))[0] == 201, "takes no CPU"
    code, body = await ask("POST", PODS, pod("a", containers=[requests]))
    why = "insufficient quota to consume: cpu,requests.cpu"
    assert (code, body["message"]) == (403, f'pods "a" is forbidden: {why}')
    await made_quota(ask, "some", {"requests.cpu": "5"})
    code, body = await ask("POST", PODS, pod("a", containers=[requests]))
    assert body["message"] == 'pods "a" is forbidden: insufficient quota to consume: cpu'
    await made_quota(ask, "more", {"cpu": "5"})
    assert (await ask("POST", PODS, pod("a", containers=[requests])))[0] == 201
    maps = "/api/v1/namespaces/default/configmaps"
    code, body = await ask("POST", maps, {"metadata": {"name": "a"}})
    assert body["message"] == 'configmaps "a" is forbidden: insufficient quota to consume: count/configmaps'


async def test_scopes_that_are_limited_need_a_quota(configured) -> None:
    scope = {"scopeName": "PriorityClass", "operator": "In", "values": ["vip", "other"]}
    ask = await configured(quota({"resource": "pods", "matchScopes": [scope]}))
    for name in ("vip", "low"):
        await ask("POST", "/apis/scheduling.k8s.io/v1/priorityclasses", {"metadata": {"name": name}, "value": 1})
    assert (await ask("POST", PODS, pod("a", priorityClassName="low")))[0] == 201
    code, body = await ask("POST", PODS, pod("b", priorityClassName="vip"))
    assert (code, body["message"]) == (
        500,
        "insufficient quota to match these scopes: [{PriorityClass In [vip other]}]",
    )
    await made_quota(ask, "vips", {"pods": "3"}, scopeSelector={"matchExpressions": [scope]})
    assert (await ask("POST", PODS, pod("b", priorityClassName="vip")))[0] == 201


@pytest.mark.parametrize(
    ("user", "header", "value"),
    [
        ({"name": "*", "user": {"token": "secret"}}, "Authorization", "Bearer secret"),
        ({"name": "*", "user": {"username": "u", "password": "p"}}, "Authorization", "Basic dTpw"),
        ({"name": "localhost:{port}", "user": {"token": "t", "as": "ann"}}, "Impersonate-User", "ann"),
        ({"name": "*.example.com", "user": {"token": "t"}}, "Authorization", None),
    ],
)
async def test_webhooks_are_told_who_asks(
    configured, tmp_path: Path, user: Any, header: str, value: str | None
) -> None:
    with WebhookServer(lambda _, review: allowed(review)) as server:
        entry = {"name": user["name"].format(port=server.port), "user": user["user"]}
        kubeconfig = tmp_path / "users"
        kubeconfig.write_text(yaml.safe_dump({"kind": "Config", "apiVersion": "v1", "users": [entry]}))
        ask = await configured(webhooks(kubeConfigFile=str(kubeconfig)))
        rule = {"operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}
        hook = {"name": "h.example.com", "clientConfig": server.config(), "rules": [rule]}
        hook |= {"sideEffects": "None", "admissionReviewVersions": ["v1"]}
        path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
        await ask("POST", path, {"metadata": {"name": "c"}, "webhooks": [hook]})
        assert (await ask("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"name": "a"}}))[0] == 201
    assert [headers.get(header) for headers in server.headers] == [value]
