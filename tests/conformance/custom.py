"""Custom resource definitions for tests: made, established, gone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from kube import Kube, Things

OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def version(name: str = "v1", schema: Any = None, **more: Any) -> dict[str, Any]:
    """A served version; the storage version if it is v1."""
    document = {"openAPIV3Schema": schema or OPEN}
    return {"name": name, "served": True, "storage": name == "v1", "schema": document, **more}


def definition(group: str, kind: str, *versions: dict[str, Any], scope: str = "Namespaced", **spec: Any) -> Any:
    """A definition of `kind` in `group`."""
    names = {"plural": f"{kind.lower()}s", "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{names['plural']}.{group}"},
        "spec": {"group": group, "names": names, "scope": scope, "versions": list(versions or [version()]), **spec},
    }


def definitions(kube: Kube) -> Things:
    return kube("CustomResourceDefinition", "apiextensions.k8s.io/v1")


def established(body: dict[str, Any]) -> bool:
    """Whether instances can be made."""
    conditions = body.get("status", {}).get("conditions") or ()
    return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)


@contextlib.contextmanager
def installed(kube: Kube, body: dict[str, Any]) -> Iterator[Things]:
    """The definition established; its instances in its first version. Removed afterwards."""
    things = definitions(kube)
    things.post(body)
    name, spec = body["metadata"]["name"], body["spec"]
    try:
        things.wait(name, established)
        yield instances(kube, body, spec["versions"][0]["name"])
    finally:
        things.delete(name)


class Custom(Things):
    """Instances of a definition, found without discovery."""

    def __init__(self, kube: Kube, body: dict[str, Any], version: str) -> None:
        self.kube, spec = kube, body["spec"]
        self.namespace = kube.namespace if spec["scope"] == "Namespaced" else None
        self.group_version, self.kind = f"{spec['group']}/{version}", spec["names"]["kind"]
        self.plural = spec["names"]["plural"]

    def path(self, name: str = "", subresource: str = "") -> str:
        place = f"namespaces/{self.namespace}/" if self.namespace else ""
        parts = (f"/apis/{self.group_version}/{place}{self.plural}", name, subresource)
        return "/".join(part for part in parts if part)

    def body(self, name: str, **fields: Any) -> dict[str, Any]:
        metadata = {"name": name, **fields.pop("metadata", {})}
        return {"apiVersion": self.group_version, "kind": self.kind, "metadata": metadata, **fields}


def instances(kube: Kube, body: dict[str, Any], version: str) -> Custom:
    return Custom(kube, body, version)
