"""Empties namespaces that are being deleted, pods first, then lets them go: pkg/controller/namespace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from kfast.api.apiregistration.api_service import KIND as API_SERVICES
from kfast.api.core.namespace import KIND as NAMESPACES
from kfast.api.core.pod import KIND as PODS
from kfast.api.kind import Kind
from kfast.clock import rfc3339
from kfast.errors import StatusError
from kfast.runtime import Context, Controller, Key, Object, Watch, own_key

FINALIZER = "kubernetes"
_INCOMPLETE = "unable to retrieve the complete list of server APIs"
_FINALIZER_SECONDS = 15
"""What is waited for finalizers of others, as nobody knows how long they take."""


@dataclass(slots=True)
class Content:
    """What is left in a namespace after everything was asked to go."""

    remaining: dict[str, int] = field(default_factory=dict)
    """Objects by `resource.group`."""
    finalizers: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    undiscovered: list[str] = field(default_factory=list)
    """Why it is not known what some API servers behind this one serve."""
    estimate: int = 0
    """Seconds the rest may take."""

    def add(self, kind: Kind, objects: Iterable[Object]) -> None:
        """Counts what is left of one kind."""
        for obj in objects:
            key = f"{kind.plural}.{kind.group}"
            self.remaining[key] = self.remaining.get(key, 0) + 1
            for finalizer in obj.get("metadata", "finalizers") or ():
                self.finalizers[finalizer] = self.finalizers.get(finalizer, 0) + 1
                self.estimate = max(self.estimate, _FINALIZER_SECONDS)
            if kind.resource == PODS.resource:
                grace = obj.get("metadata", "deletionGracePeriodSeconds")
                self.estimate = max(self.estimate, grace or 0, 1)


def plan(content: Content, present: Iterable[Mapping[str, Any]], now: float) -> list[dict[str, Any]]:
    """The namespace's conditions for what is left; `present` ones keep their time if their status stays."""
    left = ", ".join(f"{name} has {count} resource instances" for name, count in sorted(content.remaining.items()))
    held = ", ".join(f"{name} in {count} resource instances" for name, count in sorted(content.finalizers.items()))
    failed = ", ".join(content.failures)
    unknown = ", ".join(content.undiscovered)
    verdicts = (
        (
            "NamespaceDeletionDiscoveryFailure",
            "ResourcesDiscovered",
            "All resources successfully discovered",
            "DiscoveryFailed",
            unknown
            and f"Discovery failed for some groups, {len(content.undiscovered)} failing: {_INCOMPLETE}: {unknown}",
        ),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
            "",
            "",
        ),
        (
            "NamespaceDeletionContentFailure",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
            "ContentDeletionFailed",
            failed and f"Failed to delete all resource types, {len(content.failures)} remaining: {failed}",
        ),
        (
            "NamespaceContentRemaining",
            "ContentRemoved",
            "All content successfully removed",
            "SomeResourcesRemain",
            left and f"Some resources are remaining: {left}",
        ),
        (
            "NamespaceFinalizersRemaining",
            "ContentHasNoFinalizers",
            "All content-preserving finalizers finished",
            "SomeFinalizersRemain",
            held and f"Some content in the namespace has finalizers remaining: {held}",
        ),
    )
    before = {condition["type"]: condition for condition in present}
    conditions = []
    for kind, good_reason, good, bad_reason, bad in verdicts:
        status = "True" if bad else "False"
        old = before.pop(kind, {})
        same = old.get("status") == status
        conditions.append(
            {
                "type": kind,
                "status": status,
                "lastTransitionTime": old["lastTransitionTime"] if same else rfc3339(now),
                "reason": bad_reason if bad else good_reason,
                "message": bad or good,
            }
        )
    return [dict(condition) for condition in before.values()] + conditions


async def reconcile(context: Context, key: Key) -> float | None:
    """Empties and finalizes one namespace that is being deleted."""
    known = context.lister(NAMESPACES).get(*key)
    if known is None or not known.deleting:
        return None
    try:
        namespace = await context.client.get(NAMESPACES, key[1])
    except StatusError as error:
        if error.not_found:
            return None
        raise
    if not namespace.deleting or FINALIZER not in (namespace.get("spec", "finalizers") or ()):
        return None
    content = await _empty(context, namespace.name)
    namespace = await _write_status(context, namespace, content)
    if content.remaining or content.failures or content.undiscovered:
        return content.estimate / 2 + 1
    body = namespace.to_dict()
    body["spec"]["finalizers"] = [f for f in body["spec"]["finalizers"] if f != FINALIZER]
    await context.client.update(NAMESPACES, body, subresource="finalize")
    return None


async def _empty(context: Context, namespace: str) -> Content:
    content = Content()
    # While pods run they may need their secrets, volumes and services: nothing else goes before them.
    await _delete_all(context, PODS, namespace, content)
    if content.remaining or content.failures:
        return content
    seen = {PODS.resource}
    for kind in context.catalog:
        if kind.namespaced and "delete" in kind.verbs and "list" in kind.verbs and kind.resource not in seen:
            seen.add(kind.resource)
            await _delete_all(context, kind, namespace, content)
    for kind in await _aggregated(context, content):
        await _delete_all(context, kind, namespace, content)
    return content


async def _aggregated(context: Context, content: Content) -> list[Kind]:
    """The kinds other API servers serve behind this one, each in its first version."""
    services = (await context.client.list(API_SERVICES)).objects
    remote = [service.get("spec") for service in services if service.get("spec", "service")]
    kinds: dict[str, Kind] = {}
    for spec in sorted(remote, key=lambda spec: (spec["group"], -spec["versionPriority"], spec["version"])):
        group, version = spec["group"], spec["version"]
        try:
            payload = (await context.client.request("GET", f"/apis/{group}/{version}")).payload
        except StatusError:
            content.undiscovered.append(f"{group}/{version}: stale GroupVersion discovery: {group}/{version}")
            continue
        listed = msgspec.json.decode(payload) if isinstance(payload, bytes) else payload
        for entry in listed["resources"]:  # type: ignore[index]
            verbs = tuple(entry["verbs"])
            if entry["namespaced"] and {"list", "delete"} <= set(verbs) and "/" not in entry["name"]:
                kind = Kind(group=group, version=version, kind=entry["kind"], plural=entry["name"], verbs=verbs)
                kinds.setdefault(kind.resource, kind)
    return list(kinds.values())


async def _delete_all(context: Context, kind: Kind, namespace: str, content: Content) -> None:
    try:
        present = (await context.client.list(kind, namespace)).objects
        if not present:
            return
        if "deletecollection" in kind.verbs:
            await context.client.delete_collection(kind, namespace, propagation="Background")
        else:
            for obj in present:
                await _delete(context, kind, obj)
        content.add(kind, (await context.client.list(kind, namespace)).objects)
    except StatusError as error:
        if not error.not_found:
            content.failures.append(error.message)


async def _delete(context: Context, kind: Kind, obj: Object) -> None:
    try:
        await context.client.delete(kind, obj.name, obj.namespace, propagation="Background")
    except StatusError as error:
        if not error.not_found:
            raise


async def _write_status(context: Context, namespace: Object, content: Content) -> Object:
    status = namespace.get("status") or {}
    conditions = plan(content, status.get("conditions") or (), context.clock.now())
    wanted = {**status, "phase": "Terminating", "conditions": conditions}
    if wanted == status:
        return namespace
    body = namespace.to_dict()
    body["status"] = wanted
    return await context.client.update_status(NAMESPACES, body)


def _on_pod(context: Context, old: Object | None, _: Object | None) -> Iterable[Key]:
    """The end of a pod may be what a namespace waits for."""
    if old is not None:
        namespace = context.lister(NAMESPACES).get("", old.namespace)
        if namespace is not None and namespace.deleting:
            yield "", old.namespace


CONTROLLER = Controller(
    name="namespace-controller",
    watches=(Watch(kind=NAMESPACES, map=own_key), Watch(kind=PODS, on_event=_on_pod, events=frozenset({"delete"}))),
    reconcile=reconcile,
    workers=10,
)
