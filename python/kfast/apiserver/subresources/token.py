"""serviceaccounts/token: issues a token for a service account, bound to an object if one is named."""

from __future__ import annotations

from kfast._core import Object
from kfast.api.kind import Body, FieldError
from kfast.apiserver.authn.service_account import Bound, ServiceAccountTokens
from kfast.apiserver.backend import Backend, VirtualHandler
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.status_errors import bad_request, conflict, invalid, not_found
from kfast.clock import rfc3339
from kfast.meta.exchange import Request
from kfast.meta.gvk import GroupVersion

_DEFAULT_SECONDS = 3600
_MINIMUM_SECONDS = 600
_MAXIMUM_SECONDS = 1 << 32
_BINDABLE = {("v1", "Pod"): "pods", ("v1", "Secret"): "secrets", ("v1", "Node"): "nodes"}


def token_request(backend: Backend, tokens: ServiceAccountTokens) -> VirtualHandler:
    """The handler of a TokenRequest."""

    async def create(request: Request, info: RequestInfo, body: Body) -> Body:
        kind = info.served.kind
        account = backend.store.get(kind.resource, info.namespace, info.name)
        if account is None:
            raise not_found(kind, info.name)
        spec = body.get("spec") or {}
        seconds = spec.get("expirationSeconds")
        seconds = _DEFAULT_SECONDS if seconds is None else seconds
        _validate(body, seconds)
        audiences = spec.get("audiences") or [tokens.issuer]
        bound, node = _bound(backend, account, spec.get("boundObjectRef"))
        token, expires = tokens.issue(account, audiences, seconds, bound, node)
        return body | {
            "metadata": {
                "name": info.name,
                "namespace": info.namespace,
                "creationTimestamp": rfc3339(backend.clock.now()),
            },
            "spec": spec | {"audiences": list(audiences), "expirationSeconds": seconds},
            "status": {"token": token, "expirationTimestamp": rfc3339(expires)},
        }

    return create


def _validate(body: Body, seconds: int) -> None:
    """Raises StatusError 422."""
    why = ""
    if seconds < _MINIMUM_SECONDS:
        why = "may not specify a duration less than 10 minutes"
    elif seconds > _MAXIMUM_SECONDS:
        why = "may not specify a duration larger than 2^32 seconds"
    if why:
        error = FieldError("spec.expirationSeconds", "FieldValueInvalid", f"Invalid value: {seconds}: {why}")
        name = (body.get("metadata") or {}).get("name") or ""
        raise invalid("authentication.k8s.io", "TokenRequest", name, [error])


def _bound(backend: Backend, account: Object, reference: Body | None) -> tuple[Bound | None, Bound | None]:
    """The object the token is bound to, and the node of a pod. Raises StatusError 400, 404, 409."""
    if reference is None:
        return None, None
    version, kind_name = reference.get("apiVersion") or "", reference.get("kind") or ""
    plural = _BINDABLE.get((version, kind_name))
    scope = backend.scope("", "v1", plural) if plural is not None else None
    if plural is None or scope is None:
        gv = GroupVersion.parse(version)
        shown = f"{gv.group}/{gv.version}, Kind={kind_name}"
        raise bad_request(f"cannot bind token to object of type {shown}")
    name, uid = reference.get("name") or "", reference.get("uid") or ""
    found = backend.store.get(plural, account.namespace if scope.kind.namespaced else "", name)
    if found is None:
        raise not_found(scope.kind, name)
    if uid and found.uid != uid:
        why = f"the UID in the bound object reference ({uid}) does not match the UID in record."
        raise conflict(scope.kind, name, f"{why} The object might have been deleted and then recreated")
    if plural != "pods":
        return Bound(kind_name, name, found.uid), None
    if found.get("spec", "serviceAccountName", default="") != account.name:
        shown = f'"{account.name}"'
        raise bad_request(
            f"cannot bind token for serviceaccount {shown} to pod running with different serviceaccount name."
        )
    return Bound("Pod", name, found.uid), _node_of(backend, found)


def _node_of(backend: Backend, pod: Object) -> Bound | None:
    """The node a pod runs on; its uid is empty if the node is gone."""
    name = pod.get("spec", "nodeName", default="")
    if not name:
        return None
    node = backend.store.get("nodes", "", name)
    return Bound("Node", name, node.uid if node is not None else "")
