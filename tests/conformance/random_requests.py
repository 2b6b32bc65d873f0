"""Random requests: mostly near a sensible one, some far from any. The same seed gives the same requests."""

from __future__ import annotations

import base64
import copy
import random
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import yaml
from openapi import Documents

from kfast.api.catalog import KINDS
from kfast.api.kind import Kind
from kfast.api.schema import load_schema
from kfast.meta.exchange import Request, User

ADMIN = User("admin", groups=("system:masters", "system:authenticated"))
JSON, YAML, PROTOBUF = "application/json", "application/yaml", "application/vnd.kubernetes.protobuf"
PATCHES = ("application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json")
META = ";g=meta.k8s.io;v=v1"
ACCEPTS = (
    *(JSON, YAML, PROTOBUF, "*/*", "text/html", "", ";q=x", f"{PROTOBUF},{JSON};q=0.5"),
    *(f"{JSON};as=Table{META}", f"{JSON};as=PartialObjectMetadata{META}", f"{JSON};as=PartialObjectMetadataList{META}"),
    *(f"{JSON};as=Table;g=x;v=v9", f"{PROTOBUF};as=Table{META}", "a/b;as=Table"),
)
CONTENT_TYPES = (JSON, YAML, PROTOBUF, *PATCHES, "application/apply-patch+yaml", "text/plain", "", ";", "é")
SCALARS = (
    *(None, True, 0, -1, 1.5, 2**31, 2**63, -(2**63), 2**64, 1e300, "", "a", "1", "-1", "None", "é\u0000\ud7ff", "a/b"),
    *("x" * 300, "..", "%s", "100m", "1e9999", "9Ei", "10.0.0.1", "::1", "300.1.1.1/99", "2026-01-01T00:00:00Z"),
    *("ClusterIP", "Always", [], {}, [None], [{}], {"": None}, [[]], "UTF-8 \U0001f600", "* * * * *", "$(A)", "="),
)
NUMBERS = ("", "0", "1", "2", "-1", "x", "1.5", "+1", " 1", "1_0", "٣", str(2**31), str(2**63), str(2**64), "9" * 5000)
NAMES = ("a", "b", "c", "default", "kube-system", "kubernetes", "A_", "a.b", "%", "..", "x" * 260, "é", "a\n", "")
SELECTORS = ("a=b", "a!=b,c", "x in (a,b)", "!a", "a>1", "a>x", "a=b=c", "in", ",", "(", "é", "a=" + "x" * 70)
FIELD_SELECTORS = (
    "metadata.name=a",
    "metadata.name!=a,metadata.namespace=b",
    "spec.nodeName=",
    "status.phase=x",
    "a=b",
)
FIELD_SELECTORS += ("type=", "metadata.name", "metadata.name=\\", "spec.unschedulable=true", "=", "reason=a\\,b")
SUBRESOURCES = (
    "status",
    "scale",
    "binding",
    "eviction",
    "finalize",
    "resize",
    "ephemeralcontainers",
    "log",
    "x",
    "approval",
)
PARAMETERS: dict[str, tuple[str, ...]] = {
    "limit": NUMBERS,
    "timeoutSeconds": NUMBERS,
    "gracePeriodSeconds": NUMBERS,
    "resourceVersion": NUMBERS,
    "labelSelector": SELECTORS,
    "fieldSelector": FIELD_SELECTORS,
    "resourceVersionMatch": ("Exact", "NotOlderThan", "x", ""),
    "sendInitialEvents": ("true", "false", "x", ""),
    "allowWatchBookmarks": ("true", "0"),
    "propagationPolicy": ("Foreground", "Background", "Orphan", "x"),
    "orphanDependents": ("true", "false"),
    "dryRun": ("All", "x", ""),
    "fieldValidation": ("Strict", "Warn", "Ignore", "x"),
    "fieldManager": ("me", "x" * 200, "a\u0000", "é"),
    "force": ("true",),
    "pretty": ("true", "x"),
    "includeObject": ("None", "Object", "Metadata", "x"),
    "watch": ("true", "1", "false", "x"),
}
OPTIONS: dict[str, tuple[Any, ...]] = {
    "gracePeriodSeconds": (0, 1, -1, 2**40, None, "x"),
    "propagationPolicy": ("Foreground", "Background", "Orphan", "x", None),
    "orphanDependents": (True, False, None, 1),
    "dryRun": (["All"], ["x"], [], "All", None),
    "preconditions": ({"uid": "x"}, {"resourceVersion": "1"}, {}, None, []),
    "kind": ("DeleteOptions", "Pod"),
    "apiVersion": ("v1", "meta.k8s.io/v1", "x/y/z"),
}
POD = {"containers": [{"name": "c", "image": "i"}]}
TEMPLATE = {"metadata": {"labels": {"x": "y"}}, "spec": POD}
WORKLOAD = {"spec": {"selector": {"matchLabels": {"x": "y"}}, "template": TEMPLATE}}
VALID: dict[str, dict[str, Any]] = {
    "Pod": {"spec": POD},
    "ConfigMap": {"data": {"a": "b"}},
    "Secret": {"stringData": {"a": "b"}},
    "Namespace": {},
    "Node": {},
    "ServiceAccount": {},
    "Service": {"spec": {"selector": {"x": "y"}, "ports": [{"port": 80}]}},
    "Deployment": WORKLOAD,
    "ReplicaSet": WORKLOAD,
    "DaemonSet": WORKLOAD,
    "StatefulSet": {"spec": {**WORKLOAD["spec"], "serviceName": "s"}},
    "Job": {"spec": {"template": {"spec": {**POD, "restartPolicy": "Never"}}}},
    "Lease": {"spec": {"holderIdentity": "h"}},
    "EndpointSlice": {"addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"]}], "ports": [{"port": 80}]},
    "Ingress": {"spec": {"defaultBackend": {"service": {"name": "s", "port": {"number": 80}}}}},
    "PodDisruptionBudget": {"spec": {"minAvailable": 1, "selector": {"matchLabels": {"x": "y"}}}},
}
"""Bodies that are accepted, so that there is something to read, change and delete."""
_FAVOURED = tuple(kind for kind in KINDS if kind.kind in VALID)
_METHODS = ("GET",) * 5 + ("POST",) * 6 + ("PUT",) * 4 + ("PATCH",) * 5 + ("DELETE",) * 2 + ("HEAD", "OPTIONS")
_SCHEMA = load_schema()


class Requests:
    """Makes requests. `seen` are objects and `tokens` continue tokens the server gave out, to be used again.

    Bodies are made after the samples, and half of them after the schemas the server publishes, if they are given.
    """

    def __init__(self, seed: int, samples: Path, documents: Documents | None = None) -> None:
        self.random = random.Random(seed)
        self.samples = samples
        self.documents = documents
        self.seen: list[dict[str, Any]] = []
        self.tokens: list[str] = []
        self._read: dict[Path, bytes] = {}

    def next(self) -> Request:
        """The next request."""
        choose = self.random
        kind = choose.choice(_FAVOURED if choose.random() < 0.85 else KINDS)
        method = choose.choice(_METHODS)
        path, name = self._path(kind, method)
        headers = {"accept": choose.choice(ACCEPTS)} if choose.random() < 0.2 else {}
        content_type, body = self._body(kind, method, name)
        if content_type:
            headers["content-type"] = content_type
        return Request(method, path, self._query(method), headers, body, user=ADMIN)

    def _path(self, kind: Kind, method: str) -> tuple[str, str]:
        choose = self.random
        if choose.random() < 0.03:
            root = choose.choice(
                ("/api", "/apis", "/openapi/v2", "/openapi/v3", "/version", "/healthz", "/x", "", "//")
            )
            return choose.choice((root, f"{root}/v1", f"{root}/apps/v1", f"{root}/{choose.choice(NAMES)}")), ""
        namespace = "default" if choose.random() < 0.95 else choose.choice(NAMES)
        path = kind.path(namespace if kind.namespaced and choose.random() < 0.97 else "")
        named = {"POST": 0.05, "GET": 0.6, "DELETE": 0.9}.get(method, 0.97)
        if choose.random() >= named:
            return path, ""
        name = choose.choice("abc") if choose.random() < 0.95 else choose.choice(NAMES)
        path += f"/{name}"
        if choose.random() < 0.15:
            path += f"/{choose.choice(SUBRESOURCES)}"
        return path, name

    def _query(self, method: str) -> dict[str, list[str]]:
        choose = self.random
        if choose.random() < 0.65:
            return {}
        query = {}
        for key in choose.sample(sorted(PARAMETERS), choose.choice((1, 1, 2, 3))):
            query[key] = [choose.choice(PARAMETERS[key])]
        if method == "GET" and choose.random() < 0.2:
            query["continue"] = [self._token()]
            query["limit"] = ["1"]
        return query

    def _token(self) -> str:
        choose = self.random
        if self.tokens and choose.random() < 0.5:
            return choose.choice(self.tokens)
        fields = {"v": "meta.k8s.io/v1", "rv": choose.choice((1, -1, 0, 9, 2**64, "1")), "start": choose.choice(NAMES)}
        fields[choose.choice(("v", "rv", "start", "x"))] = choose.choice(SCALARS)
        data = choose.choice((msgspec.json.encode(choose.choice((fields, fields, [], "x", None))), b"[" * 5000))
        return base64.urlsafe_b64encode(data).decode().rstrip("=")[choose.choice((0, 0, 0, 1)) :]

    def _body(self, kind: Kind, method: str, name: str) -> tuple[str, bytes]:
        choose = self.random
        if method in ("GET", "HEAD") or (method == "DELETE" and choose.random() < 0.5):
            return "", b""
        if method == "PATCH":
            content_type, body = choose.choice(PATCHES), b""
            body = msgspec.json.encode(self._patch(kind, content_type))
        elif method == "DELETE":
            chosen = choose.sample(sorted(OPTIONS), choose.choice((0, 1, 2)))
            content_type, body = JSON, msgspec.json.encode({key: choose.choice(OPTIONS[key]) for key in chosen})
        else:
            content_type, body = self._encoded(kind, name)
        if choose.random() < 0.05:
            body = self._damaged(body)
        if choose.random() < 0.03:
            content_type = choose.choice(CONTENT_TYPES)
        return content_type, body

    def _encoded(self, kind: Kind, name: str) -> tuple[str, bytes]:
        choose = self.random
        media = choose.choice(((JSON, "json"),) * 4 + ((YAML, "yaml"), (PROTOBUF, "pb")))
        if choose.random() < 0.1:
            return media[0], self._sample(kind, media[1])
        body = self._object(kind, name)
        if media[0] == YAML:
            return YAML, yaml.safe_dump(body, allow_unicode=True).encode()
        if media[0] == PROTOBUF:
            try:
                return PROTOBUF, _SCHEMA.encode(f"{kind.api_version}/{kind.kind}", body, PROTOBUF)
            except Exception:  # a mutated body need not fit the wire format
                return JSON, msgspec.json.encode(body)
        return JSON, msgspec.json.encode(body)

    def _object(self, kind: Kind, name: str) -> dict[str, Any]:
        choose = self.random
        known = [o for o in self.seen[-200:] if o.get("kind") == kind.kind]
        if known and choose.random() < 0.4:
            body = copy.deepcopy(choose.choice(known))
        else:
            body = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {}}
            body |= copy.deepcopy(VALID.get(kind.kind) or self._donor(kind) | {"metadata": {}})
        metadata = body["metadata"]
        if not known or choose.random() < 0.5:
            metadata.pop("resourceVersion", None)
            metadata.pop("uid", None)
        metadata["name"] = name or choose.choice("abc")
        for _ in range(choose.choice((0, 0, 0, 1, 1, 2))):
            self._mutate(body, self._donor(kind))
        return body

    def _patch(self, kind: Kind, content_type: str) -> Any:
        choose = self.random
        if content_type == PATCHES[0]:
            paths = ("/metadata/labels", "/spec", "", "/", "/spec/replicas", "/metadata/name", "/metadata/finalizers/-")
            operations = []
            for _ in range(choose.choice((0, 1, 1, 2, 3))):
                operation = {"op": choose.choice(("add", "remove", "replace", "move", "copy", "test", "x"))}
                operation |= {"path": choose.choice(paths), "from": choose.choice(paths)}
                operations.append(operation | {"value": choose.choice(SCALARS)})
            return operations
        patch: Any = {"metadata": {"labels": {"p": choose.choice(("1", None, "é", 1))}}}
        if choose.random() < 0.6:
            patch = self._donor(kind)
            for key in choose.sample(sorted(patch), len(patch) // 2):
                del patch[key]
        for directive in (
            {"$patch": "replace"},
            {"$retainKeys": ["a"]},
            {"$setElementOrder/containers": [{"name": "c"}]},
        ):
            if choose.random() < 0.1:
                patch["spec"] = directive
        self._mutate(patch, self._donor(kind))
        return choose.choice(SCALARS) if choose.random() < 0.03 else patch

    def _sample(self, kind: Kind, suffix: str) -> bytes:
        path = self.samples / f"{kind.group or 'core'}.{kind.version}.{kind.kind}.{suffix}"
        if path not in self._read:
            self._read[path] = path.read_bytes() if path.exists() else b"{}"
        return self._read[path]

    def _donor(self, kind: Kind) -> Any:
        if self.documents is not None and self.random.random() < 0.5:
            example = self.documents.example(kind.api_version, kind.kind, self.random)
            if example is not None:
                return example
        return msgspec.json.decode(self._sample(kind, "json"))

    def _mutate(self, body: Any, donor: Any) -> None:
        """Puts something else, of the donor if it has it, in one place of `body`."""
        choose = self.random
        while isinstance(body, dict | list) and body:
            key = choose.choice(sorted(body)) if isinstance(body, dict) else choose.randrange(len(body))
            try:
                found = donor[key]
            except (KeyError, IndexError, TypeError):
                found = choose.choice(SCALARS)
            if not isinstance(body[key], dict | list) or not body[key] or choose.random() < 0.25:
                body[key] = copy.deepcopy(choose.choice((found, found, choose.choice(SCALARS))))
                return
            if isinstance(found, dict) and isinstance(body[key], dict) and choose.random() < 0.3:
                extra = choose.choice(sorted(found)) if found else "x"
                body[key].setdefault(extra, copy.deepcopy(found.get(extra)))
                return
            body, donor = body[key], found

    def _damaged(self, body: bytes) -> bytes:
        choose = self.random
        data = bytearray(body or b"{}")
        at = choose.randrange(len(data))
        match choose.randrange(4):
            case 0:
                del data[at:]
            case 1:
                data[at] ^= 1 << choose.randrange(8)
            case 2:
                data[at:at] = data[at // 2 : at] * 2
            case _:
                data[at:at] = choose.choice((b"\xff\xfe", b"\x00", b"[" * 500, b'{"a":' * 300, b"&a [*a]"))
        return bytes(data)


def target(request: Request) -> str:
    """Method and URL, for messages."""
    query = "&".join(f"{key}={quote(value[0][:40])}" for key, value in request.query.items())
    return f"{request.method} {request.path[:120]}?{query}"
