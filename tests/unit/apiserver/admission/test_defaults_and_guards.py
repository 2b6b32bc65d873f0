"""The plugins that fill in one thing, or guard one."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from kfast.meta.exchange import User

MERGE = {"Content-Type": "application/merge-patch+json"}
STRATEGIC = {"Content-Type": "application/strategic-merge-patch+json"}
C = {"name": "c", "image": "i"}
NOT_READY, UNREACHABLE = "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"


def pod(name: str = "p", **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"containers": [C], **spec}}


def tolerates(key: str, seconds: int = 300) -> dict[str, Any]:
    return {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": seconds}


@pytest.mark.parametrize(
    ("stated", "added"),
    [
        ([], [NOT_READY, UNREACHABLE]),
        ([tolerates(NOT_READY, 5)], [UNREACHABLE]),
        ([{"operator": "Exists"}], []),
        ([{"key": UNREACHABLE, "operator": "Exists"}], [NOT_READY]),
        ([{"key": NOT_READY, "operator": "Exists", "effect": "NoSchedule"}], [NOT_READY, UNREACHABLE]),
    ],
)
async def test_pods_tolerate_lost_nodes_for_a_while(call: Any, namespace: Any, stated: Any, added: list[str]) -> None:
    home = await namespace()
    made = await call.ok("POST", f"{home}/pods", pod(tolerations=stated))
    assert made["spec"].get("tolerations", []) == stated + [tolerates(key) for key in added]


async def test_new_nodes_are_not_ready(call: Any) -> None:
    made = await call.ok("POST", "/api/v1/nodes", {"metadata": {"name": "a"}})
    assert made["spec"]["taints"] == [{"key": NOT_READY, "effect": "NoSchedule"}]
    taints = [{"key": NOT_READY, "effect": "NoSchedule", "value": "x"}]
    made = await call.ok("POST", "/api/v1/nodes", {"metadata": {"name": "b"}, "spec": {"taints": taints}})
    assert made["spec"]["taints"] == taints


async def test_default_storage_class(call: Any, namespace: Any) -> None:
    home, classes = await namespace(), "/apis/storage.k8s.io/v1/storageclasses"
    for name, default in (("b", "true"), ("a", "true"), ("0", "false")):
        metadata = {"name": name, "annotations": {"storageclass.kubernetes.io/is-default-class": default}}
        await call.ok("POST", classes, {"metadata": metadata, "provisioner": "x"})
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    for name, stated, given in (("x", {}, "a"), ("y", {"storageClassName": ""}, ""), ("z", {}, None)):
        if given is None:
            for one in ("a", "b"):
                await call.ok("DELETE", f"{classes}/{one}")
        body = {"metadata": {"name": name}, "spec": spec | stated}
        made = await call.ok("POST", f"{home}/persistentvolumeclaims", body)
        assert made["spec"].get("storageClassName") == given
        assert made["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]


async def test_default_ingress_class(call: Any, namespace: Any) -> None:
    await namespace()
    path = "/apis/networking.k8s.io/v1/namespaces/n/ingresses"
    metadata = {"name": "a", "annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}}
    classes = "/apis/networking.k8s.io/v1/ingressclasses"
    await call.ok("POST", classes, {"metadata": metadata, "spec": {"controller": "x.y/z"}})
    spec = {"defaultBackend": {"service": {"name": "s", "port": {"number": 80}}}}
    old = {"annotations": {"kubernetes.io/ingress.class": "b"}}
    for name, metadata, given in (("x", {}, "a"), ("y", old, None)):
        made = await call.ok("POST", path, {"metadata": {"name": name, **metadata}, "spec": spec})
        assert made["spec"].get("ingressClassName") == given


async def test_claims_grow_where_their_class_lets_them(call: Any, namespace: Any) -> None:
    home = await namespace()
    storage = "/apis/storage.k8s.io/v1/storageclasses"
    for name, allow in (("wide", True), ("tight", False)):
        await call.ok("POST", storage, {"metadata": {"name": name}, "provisioner": "x", "allowVolumeExpansion": allow})
    why = "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support"
    for name, message in (("wide", None), ("tight", f'persistentvolumeclaims "tight" is forbidden: {why} resize')):
        resources = {"requests": {"storage": "1Gi"}}
        spec = {"accessModes": ["ReadWriteOnce"], "resources": resources, "storageClassName": name, "volumeName": "v"}
        await call.ok("POST", f"{home}/persistentvolumeclaims", {"metadata": {"name": name}, "spec": spec})
        path = f"{home}/persistentvolumeclaims/{name}"
        status = {"phase": "Bound", "capacity": {"storage": "1Gi"}}
        await call.ok("PATCH", f"{path}/status", {"status": status}, MERGE)
        larger = {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
        assert (await call("PATCH", path, larger, MERGE)).body.get("message") == message


FAT = {
    "overhead": {"podFixed": {"cpu": "100m"}},
    "scheduling": {"nodeSelector": {"a": "b"}, "tolerations": [{"key": "t", "operator": "Exists"}]},
}


@pytest.mark.parametrize(
    ("spec", "outcome"),
    [
        ({"runtimeClassName": "fat"}, ({"cpu": "100m"}, {"a": "b"}, True)),
        ({"runtimeClassName": "fat", "overhead": {"cpu": "0.1"}}, ({"cpu": "100m"}, {"a": "b"}, True)),
        ({"runtimeClassName": "thin"}, (None, None, False)),
        ({"runtimeClassName": "none"}, 'pod rejected: RuntimeClass "none" not found'),
        (
            {"runtimeClassName": "fat", "overhead": {"cpu": "1"}},
            "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
        ),
        (
            {"overhead": {"cpu": "1"}},
            "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
        ),
        (
            {"runtimeClassName": "fat", "nodeSelector": {"a": "c"}},
            "conflict: runtimeClass.scheduling.nodeSelector[a] = b; pod.spec.nodeSelector[a] = c",
        ),
    ],
)
async def test_runtime_classes(call: Any, namespace: Any, spec: Any, outcome: Any) -> None:
    home = await namespace()
    for name, more in (("fat", FAT), ("thin", {})):
        body = {"metadata": {"name": name}, "handler": "h", **more}
        await call.ok("POST", "/apis/node.k8s.io/v1/runtimeclasses", body)
    answer = await call("POST", f"{home}/pods", pod(**spec))
    if isinstance(outcome, str):
        assert answer.body["message"] == f'pods "p" is forbidden: {outcome}'
        return
    made = answer.body["spec"]
    tolerated = any(toleration["key"] == "t" for toleration in made["tolerations"])
    assert (made.get("overhead"), made.get("nodeSelector"), tolerated) == outcome


async def test_pods_carry_the_topology_of_their_node(call: Any, namespace: Any) -> None:
    home = await namespace()
    topology = {"topology.kubernetes.io/zone": "z", "topology.kubernetes.io/region": "r"}
    await call.ok("POST", "/api/v1/nodes", {"metadata": {"name": "a", "labels": topology | {"x": "y"}}})
    made = await call.ok("POST", f"{home}/pods", pod("placed", nodeName="a"))
    assert made["metadata"]["labels"] == topology
    await call.ok("POST", f"{home}/pods", pod("bound"))
    body = {"metadata": {"name": "bound"}, "target": {"kind": "Node", "name": "a"}}
    await call.ok("POST", f"{home}/pods/bound/binding", body)
    assert (await call.ok("GET", f"{home}/pods/bound"))["metadata"]["labels"] == topology


async def test_resizes_fit_the_node(call: Any, namespace: Any) -> None:
    home = await namespace()
    node = {"metadata": {"name": "a"}, "status": {"allocatable": {"cpu": "1", "memory": "1Gi"}}}
    await call.ok("POST", "/api/v1/nodes", node)
    body = {
        **pod(nodeName="a"),
        "spec": {"nodeName": "a", "containers": [{**C, "resources": {"requests": {"cpu": "1m"}}}]},
    }
    await call.ok("POST", f"{home}/pods", body)
    for cpu, message in (
        ("1", None),
        ("2", "node didn't have enough allocatable resources: cpu, requested: 2000, allocatable: 1000"),
    ):
        change = {"spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": cpu}}}]}}
        answer = await call("PATCH", f"{home}/pods/p/resize", change, STRATEGIC)
        assert answer.body.get("message") == (f'pods "p" is forbidden: {message}' if message else None)
    assert answer.body["details"]["causes"] == [{"reason": "NodeCapacity"}]


def request(organization: str) -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    names = [x509.NameAttribute(NameOID.COMMON_NAME, "me")]
    names += [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names))
    signed = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return base64.b64encode(signed.public_bytes(serialization.Encoding.PEM)).decode()


REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"


@pytest.mark.parametrize(
    ("signer", "organization", "code"),
    [
        ("kubernetes.io/kube-apiserver-client", "devs", 201),
        ("kubernetes.io/kube-apiserver-client", "system:masters", 403),
        ("example.com/own", "system:masters", 201),
    ],
)
async def test_nobody_asks_to_be_master(call: Any, signer: str, organization: str, code: int) -> None:
    spec = {"signerName": signer, "request": request(organization), "usages": ["client auth"]}
    answer = await call("POST", REQUESTS, {"metadata": {"name": "r"}, "spec": spec})
    assert answer.code == code
    if code == 403:
        why = f"use of {signer} signer with system:masters group is not allowed"
        assert answer.body["message"].endswith(why)


class Picky:
    """Lets everybody do anything but speak for signers, but for approvals of those in one domain."""

    async def authorize(self, user: Any, info: Any) -> Any:
        from kfast.apiserver.authz.authorizer import Decision

        return Decision(info.resource != "signers" or (info.verb, info.name) == ("approve", "example.com/*"))

    def rules(self, user: Any, namespace: str) -> Any:
        return ()


async def test_who_approves_and_signs(call: Any, api: Any) -> None:
    picky = Picky()
    for plugin in api.backend.admission.plugins:
        if plugin.name in ("CertificateApproval", "CertificateSigning"):
            plugin._authorizer = picky
    call.user = User("bob", groups=("system:masters",))
    approved = {"status": {"conditions": [{"type": "Approved", "status": "True", "reason": "r"}]}}
    for name, signer, code in (("a", "example.com/own", 200), ("b", "other.com/own", 403)):
        spec = {"signerName": signer, "request": request("devs"), "usages": ["client auth"]}
        await call.ok("POST", REQUESTS, {"metadata": {"name": name}, "spec": spec})
        answer = await call("PATCH", f"{REQUESTS}/{name}/approval", approved, MERGE)
        assert answer.code == code
    why = 'user not permitted to approve requests with signerName "other.com/own"'
    assert answer.body["message"] == f'certificatesigningrequests.certificates.k8s.io "b" is forbidden: {why}'
    failed = {"type": "Failed", "status": "True", "reason": "r"}
    conditions = [*approved["status"]["conditions"], failed]
    answer = await call("PATCH", f"{REQUESTS}/a/status", {"status": {"conditions": conditions}}, MERGE)
    assert answer.body["message"].endswith('user not permitted to sign requests with signerName "example.com/own"')
