"""pods/binding: the scheduler's decision, written to the pod."""

from __future__ import annotations

from kfast._core import Object
from kfast.api.kind import Body, FieldError, Kind
from kfast.apiserver.admission.chain import Attributes
from kfast.apiserver.backend import Backend
from kfast.apiserver.decode import decode_object
from kfast.apiserver.encode import output_of, status_success
from kfast.apiserver.handlers.guaranteed_update import Update, guaranteed_update
from kfast.apiserver.lifecycle import match_namespace
from kfast.apiserver.options import write_options
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.status_errors import bad_request, conflict, invalid, wrong_object
from kfast.clock import rfc3339
from kfast.errors import StatusError
from kfast.meta.exchange import Request, Response

_SCHEMA = "v1/Binding"


async def bind(backend: Backend, request: Request, info: RequestInfo) -> Response:
    """POST of a Binding, to the pod or to the old collection `bindings`: 201 and a Status.
    Raises StatusError 400, 404, 409 (bound, deleted, gated), 422."""
    output_of(request, None, "none")
    options = write_options(request, "CreateOptions")
    binding, warnings = decode_object(backend, request, info, _SCHEMA, options.field_validation)
    match_namespace(info, binding)
    name = info.name or binding["metadata"].get("name", "")
    attributes = Attributes.of("CREATE", request, info, options, name=name, object=binding, schema=_SCHEMA)
    await backend.admission.admit(attributes)
    metadata, target = binding["metadata"], binding.get("target") or {}
    if not info.name:
        info.name, info.scope = name, backend.scope("", "v1", "pods")
    elif metadata.get("name") != info.name:
        raise bad_request("name in URL does not match name in Binding object")
    validate_target(info.name, target)
    await backend.admission.validate(attributes)
    now = rfc3339(backend.clock.now())

    def transform(pod: Body, current: Object) -> Body:
        _check(info, metadata, pod, current)
        _assign(pod, target["name"], metadata, now)
        return pod

    await guaranteed_update(backend, request, info, Update(transform, options, "all", keeps_valid=True, admitted=True))
    response = status_success(request, 201)
    response.warnings = warnings
    return response


def validate_target(name: str, target: Body) -> None:
    """Raises StatusError 422 unless the target can be a node."""
    errors = []
    if target.get("kind") not in (None, "", "Node"):
        message = f'Unsupported value: "{target["kind"]}": supported values: "Node", ""'
        errors.append(FieldError("target.kind", "FieldValueNotSupported", message))
    if not target.get("name"):
        errors.append(FieldError("target.name", "FieldValueRequired", "Required value"))
    if errors:
        raise invalid("", "Binding", name, errors)


def _check(info: RequestInfo, metadata: Body, pod: Body, current: Object) -> None:
    """Raises StatusError 409 if the pod cannot be bound any more, or not yet."""
    kind, name, spec = info.served.kind, current.name, pod["spec"]
    uid, version = metadata.get("uid") or "", metadata.get("resourceVersion")
    if uid and uid != current.uid:
        raise unbindable(kind, current.namespace, name, uid, "other", current.uid)
    if version and version != current.resource_version:
        raise wrong_object(kind, current.namespace, name, "ResourceVersion", version, current.resource_version)
    if current.deleting:
        raise unbindable(kind, current.namespace, name, uid, "deleting")
    if spec.get("nodeName"):
        raise unbindable(kind, current.namespace, name, uid, "assigned", spec["nodeName"])
    if spec.get("schedulingGates"):
        raise unbindable(kind, current.namespace, name, uid, "gated")


def unbindable(kind: Kind, namespace: str, name: str, stated_uid: str, why: str, detail: str = "") -> StatusError:
    """409 for a pod that cannot be bound, or not yet; `why` and `detail` as the store's `Unbindable` has them."""
    if why == "other":
        return wrong_object(kind, namespace, name, "UID", stated_uid, detail)
    texts = {
        "deleting": f"pod {name} is being deleted, cannot be assigned to a host",
        "assigned": f'pod {name} is already assigned to node "{detail}"',
        "gated": f"pod {name} has non-empty .spec.schedulingGates",
    }
    return conflict(kind, name, texts[why], "binding")


def _assign(pod: Body, node: str, metadata: Body, now: str) -> None:
    pod["spec"]["nodeName"] = node
    for key in ("annotations", "labels"):
        if metadata.get(key):
            pod["metadata"].setdefault(key, {}).update(metadata[key])
    conditions = pod.setdefault("status", {}).setdefault("conditions", [])
    scheduled = {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": now}
    for at, condition in enumerate(conditions):
        if condition.get("type") == "PodScheduled":
            if condition.get("status") == "True":
                scheduled["lastTransitionTime"] = condition.get("lastTransitionTime", now)
            conditions[at] = scheduled
            return
    conditions.append(scheduled)
