"""ServiceAccount: what pods get of their account, and what they may not use."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kfast.apiserver.admission import service_account

C = {"name": "c", "image": "i"}
MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
MIRROR = {"annotations": {"kubernetes.io/config.mirror": "x"}}
OWN = {**C, "volumeMounts": [{"name": "own", "mountPath": MOUNT_PATH}]}


def pod(name: str = "p", metadata: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, **(metadata or {})}, "spec": {"containers": [C]} | spec}


def env(secret: str) -> dict[str, Any]:
    return {**C, "env": [{"name": "E", "valueFrom": {"secretKeyRef": {"name": secret, "key": "k"}}}]}


def env_from(secret: str) -> dict[str, Any]:
    return {**C, "envFrom": [{"secretRef": {"name": secret}}]}


def volume(secret: str) -> dict[str, Any]:
    return {"name": "v", "secret": {"secretName": secret}}


async def test_a_pod_gets_the_default_account_and_its_token(call: Any, namespace: Any) -> None:
    home = await namespace()
    made = await call.ok("POST", f"{home}/pods", pod(initContainers=[{"name": "i", "image": "i"}]))
    spec = made["spec"]
    assert (spec["serviceAccountName"], spec["serviceAccount"]) == ("default", "default")
    (token,) = spec["volumes"]
    assert token["name"].startswith("kube-api-access-")
    assert token["projected"] == {
        "defaultMode": 420,
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {
                "downwardAPI": {
                    "items": [
                        {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
                    ]
                }
            },
        ],
    }
    for container in spec["containers"] + spec["initContainers"]:
        assert container["volumeMounts"] == [{"name": token["name"], "mountPath": MOUNT_PATH, "readOnly": True}]


@pytest.mark.parametrize(
    ("account", "spec", "volumes", "mounts", "pulls"),
    [
        ({"automountServiceAccountToken": False}, {}, 0, [0], []),
        ({"automountServiceAccountToken": False}, {"automountServiceAccountToken": True}, 1, [1], []),
        ({}, {"automountServiceAccountToken": False}, 0, [0], []),
        ({}, {"containers": [OWN], "volumes": [{"name": "own", "emptyDir": {}}]}, 1, [1], []),
        ({}, {"containers": [OWN, {**C, "name": "d"}], "volumes": [{"name": "own", "emptyDir": {}}]}, 2, [1, 1], []),
        ({}, {"volumes": [{"name": "kube-api-access-abcde", "emptyDir": {}}]}, 1, [1], []),
        ({"imagePullSecrets": [{"name": "a"}, {"name": "b"}]}, {}, 1, [1], ["a", "b"]),
        ({"imagePullSecrets": [{"name": "a"}]}, {"imagePullSecrets": [{"name": "own"}]}, 1, [1], ["own"]),
    ],
)  # fmt: skip
async def test_what_an_account_gives(
    call: Any, namespace: Any, account: Any, spec: Any, volumes: int, mounts: list[int], pulls: list[str]
) -> None:
    home = await namespace()
    await call.ok("POST", f"{home}/serviceaccounts", {"metadata": {"name": "a"}, **account})
    for name in ("first", "second"):  # the core knows an account from its first pod on
        made = await call.ok("POST", f"{home}/pods", pod(name, serviceAccountName="a", **spec))
        found = made["spec"]
        assert len(found.get("volumes", [])) == volumes
        assert [len(c.get("volumeMounts", [])) for c in found["containers"]] == mounts
        assert [s["name"] for s in found.get("imagePullSecrets", [])] == pulls


WHY = 'referencing secret.secretName="no" is not allowed because service account strict does not reference that secret'


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (
            pod(serviceAccountName="none"),
            'error looking up service account n/none: serviceaccount "none" not found',
        ),
        (pod(serviceAccountName="strict", volumes=[volume("ok")], containers=[env("ok")]), ""),
        (
            pod(serviceAccountName="strict", volumes=[volume("no")]),
            'volume with secret.secretName="no" is not allowed because service account strict does not reference that '
            "secret",
        ),
        (pod(serviceAccountName="strict", containers=[env("no")]), f"container c with envVar E {WHY}"),
        (pod(serviceAccountName="strict", containers=[env_from("no")]), f"container c with envFrom {WHY}"),
        (
            pod(serviceAccountName="strict", initContainers=[env("no") | {"name": "i"}]),
            f"init container i with envVar E {WHY}",
        ),
        (
            pod(serviceAccountName="strict", imagePullSecrets=[{"name": "pull"}, {"name": "no"}]),
            'imagePullSecrets[1].name="no" is not allowed because service account strict does not reference that '
            "imagePullSecret",
        ),
        (pod(metadata=MIRROR, nodeName="x"), ""),
        (pod(metadata=MIRROR, serviceAccountName="default"), "a mirror pod may not reference service accounts"),
        (pod(metadata=MIRROR, volumes=[volume("x")]), "a mirror pod may not reference secrets"),
        (
            pod(metadata=MIRROR, volumes=[{"name": "t", "projected": {"sources": [{"serviceAccountToken": {}}]}}]),
            "a mirror pod may not use ServiceAccountToken volume projections",
        ),
    ],
)
async def test_refusals(call: Any, namespace: Any, body: Any, why: str) -> None:
    home = await namespace()
    strict = {"metadata": {"name": "strict", "annotations": {"kubernetes.io/enforce-mountable-secrets": "true"}}}
    listed = {"secrets": [{"name": "ok"}], "imagePullSecrets": [{"name": "pull"}]}
    await call.ok("POST", f"{home}/serviceaccounts", strict | listed)
    answer = await call("POST", f"{home}/pods", body)
    assert (answer.code, answer.body.get("message")) == (
        (201, None) if not why else (403, f'pods "p" is forbidden: {why}')
    )


async def test_a_change_of_an_account_counts_at_once(call: Any, namespace: Any) -> None:
    home = await namespace()
    for name, secrets in (("a", None), ("b", [{"name": "s"}]), ("c", None)):
        account = {"metadata": {"name": "default"}, "imagePullSecrets": secrets}
        await call.ok("PUT", f"{home}/serviceaccounts/default", account)
        made = await call.ok("POST", f"{home}/pods", pod(name))
        assert made["spec"].get("imagePullSecrets") == secrets


async def test_pods_wait_for_the_default_account(call: Any) -> None:
    await call.ok("POST", "/api/v1/namespaces", {"metadata": {"name": "n"}})
    creating = [asyncio.create_task(call("POST", "/api/v1/namespaces/n/pods", pod(f"p{i}"))) for i in range(3)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in creating)
    await call.ok("POST", "/api/v1/namespaces/n/serviceaccounts", {"metadata": {"name": "default"}})
    assert [answer.code for answer in await asyncio.gather(*creating)] == [201, 201, 201]


async def test_nobody_waits_for_ever(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_account, "WAIT_SECONDS", 0.01)
    await call.ok("POST", "/api/v1/namespaces", {"metadata": {"name": "n"}})
    why = 'error looking up service account n/default: serviceaccount "default" not found'
    answer = await call("POST", "/api/v1/namespaces/n/pods", pod() | {"metadata": {"generateName": "p-"}})
    assert (answer.code, answer.body["message"]) == (403, f'pods "p-" is forbidden: {why}')
    assert answer.body["details"] == {"name": "p-", "kind": "pods"}
