"""Definitions of custom resources, and waiting for what the server makes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

TURNS = 10_000
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "replicas": {"type": "integer"},
                "color": {"type": "string"},
                "parts": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
            },
        },
        "status": {
            "type": "object",
            "properties": {"replicas": {"type": "integer"}, "selector": {"type": "string"}},
        },
    },
}


def version(name: str = "v1", schema: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A served version, the storage version unless told otherwise."""
    stated = {"name": name, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema or SCHEMA}}
    return stated | more


def definition(
    plural: str = "widgets",
    kind: str = "Widget",
    *versions: dict[str, Any],
    group: str = "example.com",
    scope: str = "Namespaced",
    **names: Any,
) -> dict[str, Any]:
    """A definition of one version unless told otherwise."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": scope,
            "names": {"plural": plural, "kind": kind, **names},
            "versions": list(versions) or [version()],
        },
    }


def condition(crd: dict[str, Any], kind: str) -> tuple[str, str]:
    """Status and reason of a condition, empty if it is not there."""
    found = [c for c in crd["status"]["conditions"] or () if c["type"] == kind]
    return (found[0]["status"], found[0]["reason"]) if found else ("", "")


class Lab:
    """Creates definitions and waits for them."""

    version = staticmethod(version)
    definition = staticmethod(definition)
    condition = staticmethod(condition)
    path = DEFINITIONS
    schema = SCHEMA

    def __init__(self, call: Any) -> None:
        self.call = call

    async def read(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = await self.call.ok("GET", f"{DEFINITIONS}/{name}")
        return found

    async def until(self, name: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        for _ in range(TURNS):
            if holds(crd := await self.read(name)):
                return crd
            await asyncio.sleep(0)
        raise AssertionError(crd)

    async def establish(self, crd: dict[str, Any]) -> dict[str, Any]:
        await self.call.ok("POST", DEFINITIONS, crd)
        return await self.until(crd["metadata"]["name"], lambda c: condition(c, "Established")[0] == "True")

    async def gone(self, name: str) -> None:
        for _ in range(TURNS):
            path = "/apis/" + name.partition(".")[2]
            if (await self.call("GET", f"{DEFINITIONS}/{name}")).code == (await self.call("GET", path)).code == 404:
                return
            await asyncio.sleep(0)
        raise AssertionError(f"{name} is still there")


@pytest.fixture
def lab(call: Any) -> Lab:
    return Lab(call)
