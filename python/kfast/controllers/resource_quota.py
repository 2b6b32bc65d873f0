"""Counts what namespaces hold into the status of their ResourceQuotas: pkg/controller/resourcequota.

Admission charges quotas; this controller fills in what is enforced, and counts anew when something goes or shrinks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from kfast.api.core.persistent_volume_claim import KIND as CLAIMS
from kfast.api.core.pod import KIND as PODS
from kfast.api.core.quota_usage import IGNORED, Amounts, Evaluator, Use, add, covers, evaluator
from kfast.api.core.resource_quota import KIND as QUOTAS
from kfast.api.core.service import KIND as SERVICES
from kfast.api.kind import Body, Kind
from kfast.api.resource.device_class import KIND as DEVICE_CLASSES
from kfast.api.resource.resource_claim import KIND as RESOURCE_CLAIMS
from kfast.errors import StatusError
from kfast.meta.quantity import ZERO, parse
from kfast.runtime import Context, Controller, Key, Object, Watch, own_key
from kfast.runtime.pods import is_terminal

RESYNC_SECONDS = 300.0
"""How often a quota is counted anew in any case (--resource-quota-sync-period)."""
_UNKNOWN_SECONDS = 30.0
"""How often a quota is looked at that counts a kind nobody serves yet."""


@dataclass(slots=True)
class State:
    """What single objects take, by uid and revision, and the kinds that are followed because quotas count them."""

    uses: dict[str, tuple[str, Use]] = field(default_factory=dict)
    followed: set[str] = field(default_factory=set)


def plan(quota: Body, count: Callable[[str], Amounts | None]) -> Body | None:
    """The status a quota should have, None if it has it. `count` tells what is used of a name, None if nobody knows."""
    hard = {name: parse(amount) for name, amount in ((quota.get("spec") or {}).get("hard") or {}).items()}
    status = quota.get("status") or {}
    known_hard = {name: parse(amount) for name, amount in (status.get("hard") or {}).items()}
    known_used = {name: parse(amount) for name, amount in (status.get("used") or {}).items()}
    used = {name: amount for name, amount in known_used.items() if name in hard}
    for name in hard:
        counted = count(name)
        if counted is not None:
            used[name] = counted.get(name, ZERO)
    if status.get("hard") is not None and status.get("used") is not None and (hard, used) == (known_hard, known_used):
        return None
    return {
        "hard": {name: str(amount) for name, amount in hard.items()},
        "used": {name: str(amount) for name, amount in sorted(used.items())},
    }


async def reconcile(context: Context, key: Key) -> float | None:
    """Counts for one quota."""
    quota = context.lister(QUOTAS).get(*key)
    if quota is None:
        return None
    body = quota.to_dict()
    kinds = await _counting(context, (body.get("spec") or {}).get("hard") or {})
    totals = {resource: _total(context, kind, body) for resource, kind in kinds.items()}

    def count(name: str) -> Amounts | None:
        counted = [total for resource, total in totals.items() if _evaluator(context, resource).counts(name)]
        if not counted:
            return None
        used: Amounts = {}
        for total in counted:
            used = add(used, total)
        return used

    status = plan(body, count)
    if status is not None:
        try:
            await context.client.update_status(QUOTAS, body | {"status": status})
        except StatusError as error:
            if not error.not_found:
                raise
    unknown = any(count(name) is None for name in (body.get("spec") or {}).get("hard") or {})
    return _UNKNOWN_SECONDS if unknown else RESYNC_SECONDS


async def _counting(context: Context, hard: Mapping[str, str]) -> dict[str, Kind]:
    """The kinds that names of a quota are about, by resource, all of them followed."""
    state: State = context.state
    found: dict[str, Kind] = {}
    for kind in context.catalog:
        counted = kind.namespaced and kind.resource not in IGNORED and {"list", "watch", "delete"} <= set(kind.verbs)
        if counted and kind.resource not in found and _evaluator(context, kind.resource).names(hard):
            found[kind.resource] = kind
    for resource, kind in found.items():
        informer = context.informers.of(kind)
        if resource not in state.followed and resource not in _WATCHED:
            state.followed.add(resource)
            informer.add_handler(on_delete=partial(_enqueue, context, resource))
        await informer.synced()
    return found


def _enqueue(context: Context, resource: str, obj: Object) -> None:
    for key in _quotas_of(context, resource, obj.namespace):
        context.queue.add(key)


def _total(context: Context, kind: Kind, quota: Body) -> Amounts:
    """What all objects of a kind in the quota's namespace and scopes take."""
    judge = _evaluator(context, kind.resource)
    total: Amounts = {}
    for obj in context.lister(kind).list(quota["metadata"]["namespace"]):
        use = _use(context, judge, obj)
        if covers(quota, judge, use):
            total = add(total, use.amounts)
    return total


def _use(context: Context, judge: Evaluator, obj: Object) -> Use:
    """What an object takes; remembered while it stays the same, unless it is on its way out, when time counts."""
    if judge.fixed is not None:
        return judge.fixed
    state: State = context.state
    known = state.uses.get(obj.uid)
    if known is not None and known[0] == obj.resource_version and not obj.deleting:
        return known[1]
    use = judge.use(obj.to_dict())
    state.uses[obj.uid] = (obj.resource_version, use)
    return use


def _evaluator(context: Context, resource: str) -> Evaluator:
    def classes() -> Mapping[str, str]:
        return {c.name: c.get("spec", "extendedResourceName") or "" for c in context.lister(DEVICE_CLASSES)}

    return evaluator(resource, context.clock.now, classes)


def _quotas_of(context: Context, resource: str, namespace: str) -> Iterable[Key]:
    """The quotas of a namespace that count the resource."""
    quotas = context.lister(QUOTAS).list(namespace)
    if not quotas:
        return
    judge = _evaluator(context, resource)
    for quota in quotas:
        if judge.names(quota.get("status", "hard") or ()):
            yield quota.namespace, quota.name


def _on_quota(_: Context, old: Object | None, new: Object | None) -> Iterable[Key]:
    """A status that admission has written needs no second look."""
    if new is not None and (old is None or old.get("spec") != new.get("spec") or not new.get("status", "hard")):
        yield from own_key(new)


def _smaller(resource: str, shrinks: Callable[[Object, Object], bool]) -> Callable[..., Iterable[Key]]:
    """Enqueues quotas when an object goes, or an update may give something back."""

    def on_event(context: Context, old: Object | None, new: Object | None) -> Iterable[Key]:
        if old is None:
            return ()
        if new is None:
            context.state.uses.pop(old.uid, None)
        quotas = list(_quotas_of(context, resource, old.namespace))
        return quotas if quotas and (new is None or shrinks(old, new)) else ()

    return on_event


def _pod_shrinks(old: Object, new: Object) -> bool:
    return _counted(old) != _counted(new)


def _counted(pod: Object) -> tuple[object, ...]:
    """What of a pod decides about what it takes."""
    return is_terminal(pod), pod.deleting, pod.get("metadata", "generation"), _resources(pod)


def _resources(pod: Object) -> list[object]:
    statuses = pod.get("status", "containerStatuses") or ()
    return [(status.get("resources"), status.get("allocatedResources")) for status in statuses]


def _changes(old: Object, new: Object) -> bool:
    return any(old.get(part) != new.get(part) for part in ("spec", "status"))


_WATCHED = frozenset(kind.resource for kind in (PODS, SERVICES, CLAIMS, RESOURCE_CLAIMS))

CONTROLLER = Controller(
    name="resourcequota-controller",
    watches=(
        Watch(kind=QUOTAS, on_event=_on_quota),
        Watch(kind=PODS, on_event=_smaller("pods", _pod_shrinks)),
        Watch(kind=SERVICES, on_event=_smaller("services", _changes)),
        Watch(kind=CLAIMS, on_event=_smaller("persistentvolumeclaims", _changes)),
        Watch(kind=RESOURCE_CLAIMS, on_event=_smaller("resourceclaims.resource.k8s.io", _changes)),
        Watch(kind=DEVICE_CLASSES),
    ),
    reconcile=reconcile,
    workers=5,
    state=State,
)
