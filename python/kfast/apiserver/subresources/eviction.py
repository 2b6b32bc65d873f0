"""pods/eviction: deletes a pod if the budgets that cover it allow the disruption."""

from __future__ import annotations

from typing import Any

from kfast._core import LabelSelector, Object
from kfast.api.kind import Body
from kfast.apiserver.admission.chain import Attributes
from kfast.apiserver.backend import Backend
from kfast.apiserver.decode import decode_object
from kfast.apiserver.encode import output_of, status_success
from kfast.apiserver.handlers.contention import Contention
from kfast.apiserver.handlers.delete import check_preconditions, delete_object
from kfast.apiserver.handlers.get import read
from kfast.apiserver.handlers.guaranteed_update import Update, guaranteed_update
from kfast.apiserver.lifecycle import canonical, match_namespace, stored_body
from kfast.apiserver.options import DeleteOptions, WriteOptions, delete_options, write_options
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.status_errors import bad_request, forbidden, too_many_requests
from kfast.clock import rfc3339
from kfast.errors import StatusError
from kfast.meta.exchange import Request, Response
from kfast.store.protocol import AbsentError, ModifiedError

_SCHEMA = "policy/v1/Eviction"
_MAX_DISRUPTED = 2000
_DISRUPTED = {
    "type": "DisruptionTarget",
    "status": "True",
    "lastProbeTime": None,
    "lastTransitionTime": None,
    "reason": "EvictionByEvictionAPI",
    "message": "Eviction API: evicting",
}
_VIOLATES = "Cannot evict pod as it would violate the pod's disruption budget."


async def evict(backend: Backend, request: Request, info: RequestInfo) -> Response:
    """POST of an Eviction: 201 and a Status. Raises StatusError 400, 404, 409, 429 (a budget forbids it),
    500 (several budgets)."""
    output_of(request, None, "none")
    options = write_options(request, "CreateOptions")
    eviction, _ = decode_object(backend, request, info, _SCHEMA, options.field_validation)
    match_namespace(info, eviction)
    attributes = Attributes.of("CREATE", request, info, options, name=info.name, object=eviction, schema=_SCHEMA)
    await backend.admission.admit(attributes)
    if eviction["metadata"].get("name") != info.name:
        raise bad_request("name in URL does not match name in Eviction object")
    await backend.admission.validate(attributes)
    deletion = delete_options(request, eviction.get("deleteOptions") or {})
    deletion.dry_run = deletion.dry_run or options.dry_run
    await _evict(backend, request, info, deletion)
    return status_success(request, 201)


async def _evict(backend: Backend, request: Request, info: RequestInfo, options: DeleteOptions) -> None:
    pod = read(backend, info)
    if _ignores_budgets(pod):
        await _delete(backend, request, info, options)
        return
    name, conditional = await _claim(backend, pod, options.dry_run)
    stated = options.resource_version
    if conditional and stated is None:
        options.resource_version = pod.resource_version
    try:
        await _delete(backend, request, info, options)
    except StatusError as error:
        if error.conflict and conditional and stated is None:
            raise _processing(name) from None
        raise


async def _delete(backend: Backend, request: Request, info: RequestInfo, options: DeleteOptions) -> None:
    """Deletes the pod, its condition DisruptionTarget telling why."""
    if not options.dry_run:
        now = rfc3339(backend.clock.now())

        def disrupt(pod: Body, current: Object) -> Body:
            check_preconditions(info.served.kind, current, options)
            conditions = pod.setdefault("status", {}).get("conditions") or []
            others = [c for c in conditions if c.get("type") != _DISRUPTED["type"]]
            pod["status"]["conditions"] = [*others, _DISRUPTED | {"lastTransitionTime": now}]
            return pod

        change = Update(disrupt, WriteOptions(), "all", keeps_valid=True, admitted=True)
        marked = await guaranteed_update(backend, request, info, change)
        if options.resource_version is not None:
            options.resource_version = marked.resource_version
    await delete_object(backend, request, info, options, admitted=True)


def _ignores_budgets(pod: Object) -> bool:
    return pod.deleting or pod.get("status", "phase") in ("Succeeded", "Failed", "Pending", None)


async def _claim(backend: Backend, pod: Object, dry_run: bool) -> tuple[str, bool]:
    """Takes one disruption from the budget that covers the pod. The budget's name, and whether the pod must not
    change meanwhile (it is unready and therefore costs nothing)."""
    scope = backend.scope("policy", "v1", "poddisruptionbudgets")
    if scope is None:
        return "", False
    contention = Contention(backend)
    while True:
        budgets = _covering(backend, pod)
        if not budgets:
            return "", False
        if len(budgets) > 1:
            text = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
            raise StatusError(500, "", text)
        current = budgets[0]
        budget = stored_body(scope, current)
        status = budget.setdefault("status", {})
        desired = status.get("desiredHealthy") or 0
        if not _ready(pod) and _may_evict_unready(budget, status, desired):
            return current.name, True
        _decrement(budget, status, pod.name, rfc3339(backend.clock.now()))
        if dry_run:
            return current.name, False
        try:
            data = canonical(scope, budget, current.managed_fields)
            await backend.store.update(scope.resource, current.namespace, current.name, data, current.revision)
        except (ModifiedError, AbsentError) as error:
            await contention.lost(error)
            continue
        return current.name, False


def _may_evict_unready(budget: Body, status: Body, desired: int) -> bool:
    if (budget.get("spec") or {}).get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    return desired > 0 and (status.get("currentHealthy") or 0) >= desired


def _covering(backend: Backend, pod: Object) -> list[Object]:
    labels = pod.labels
    found = []
    for budget in backend.store.list("poddisruptionbudgets.policy", pod.namespace).objects:
        try:
            selector = LabelSelector.from_dict(budget.get("spec", "selector"))
        except ValueError:
            continue
        if not selector.empty and selector.matches(labels):
            found.append(budget)
    return found


def _ready(pod: Object) -> bool:
    conditions: list[dict[str, Any]] = pod.get("status", "conditions") or []
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)


def _decrement(budget: Body, status: Body, pod: str, now: str) -> None:
    """Raises StatusError 429 if the budget allows no disruption, 403 if its status is unusable."""
    name = budget["metadata"]["name"]
    if (status.get("observedGeneration") or 0) < (budget["metadata"].get("generation") or 0):
        raise _processing(name)
    allowed = status.get("disruptionsAllowed") or 0
    disrupted = status.setdefault("disruptedPods", {})
    if allowed < 0:
        raise forbidden("policy", "poddisruptionbudget", name, "pdb disruptions allowed is negative")
    if len(disrupted) > _MAX_DISRUPTED:
        why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        raise forbidden("policy", "poddisruptionbudget", name, why)
    if allowed == 0:
        desired, healthy = status.get("desiredHealthy") or 0, status.get("currentHealthy") or 0
        raise _refused(f"The disruption budget {name} needs {desired} healthy pods and has {healthy} currently", 0)
    status["disruptionsAllowed"] = allowed - 1
    if allowed == 1:
        _set_insufficient(budget, status, now)
    disrupted[pod] = now


def _set_insufficient(budget: Body, status: Body, now: str) -> None:
    """The DisruptionAllowed condition of a budget that is used up."""
    condition = {
        "type": "DisruptionAllowed",
        "status": "False",
        "observedGeneration": budget["metadata"].get("generation", 0),
        "lastTransitionTime": now,
        "reason": "InsufficientPods",
        "message": "",
    }
    others = [c for c in status.get("conditions") or [] if c.get("type") != "DisruptionAllowed"]
    status["conditions"] = [*others, condition]


def _refused(message: str, retry_after: int) -> StatusError:
    error = too_many_requests(_VIOLATES, retry_after)
    error.details["causes"] = [{"reason": "DisruptionBudget", "message": message}]
    return error


def _processing(name: str) -> StatusError:
    return _refused(f"The disruption budget {name} is still being processed by the server.", 10)
