"""Who writes an admission policy or its binding must be able to read the parameters it evaluates for others (upstream:
the `authz` of the strategies in registry/admissionregistration)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from kfast.api.field_errors import forbidden
from kfast.api.kind import Body, FieldError
from kfast.apiserver.backend import Backend
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.scope import Scope
from kfast.apiserver.status_errors import invalid
from kfast.meta.exchange import User

_GROUP = "admissionregistration.k8s.io"


async def authorize_params(backend: Backend, scope: Scope, user: User | None, new: Body, old: Body | None) -> None:
    """Raises StatusError 422 if `user` may not refer to the parameters that a valid object refers to."""
    missing = _MISSING.get(scope.resource)
    if missing is None or user is None or "system:masters" in user.groups:
        return
    error = await missing(backend, scope, user, new, old)
    if error is not None:
        raise invalid(scope.kind.group, scope.kind.kind, new["metadata"].get("name", ""), [error])


async def _of_policy(backend: Backend, _: Scope, user: User, new: Body, old: Body | None) -> FieldError | None:
    kind = new["spec"].get("paramKind")
    if kind is None or (old is not None and old["spec"].get("paramKind") == kind):
        return None
    info = _question("get", _resource(backend, kind))
    info.name = info.namespace = "*"
    decision = await backend.authorizer.authorize(user, info)
    if decision.allowed:
        return None
    why = decision.error or (
        f'user {_shown(user)} must have "get" permission on all objects of the referenced paramKind '
        f"(kind={kind['kind']}, apiVersion={kind['apiVersion']})"
    )
    return forbidden("spec.paramKind", why)


async def _of_binding(backend: Backend, scope: Scope, user: User, new: Body, _: Body | None) -> FieldError | None:
    """Upstream asks again on every update."""
    reference, name = new["spec"].get("paramRef"), new["spec"]["policyName"]
    if reference is None:
        return None
    policy = backend.store.get(scope.resource.replace("policybindings", "policies"), "", name)
    kind = policy.to_dict()["spec"].get("paramKind") if policy is not None else None
    resource = _resource(backend, kind)
    info = _question("get" if reference.get("name") else "list", resource)
    info.name, info.namespace = reference.get("name") or "", reference.get("namespace") or ""
    decision = await backend.authorizer.authorize(user, info)
    if decision.allowed:
        return None
    mutating = scope.kind.kind.startswith("Mutating")
    lacking = f'user {_shown(user)} does not have "{info.verb}" permission'
    if decision.error:
        why = decision.error if mutating else f"failed to authorize request: {decision.error}"
    elif policy is None:
        why = f"unable to get policy {name} to determine minimum required permissions and {lacking} for {_ALL}"
    elif kind is not None and resource[2] == "*":
        shown = f"&{{{kind['apiVersion']} {kind['kind']}}}"
        why = f"unable to resolve paramKind {shown} to determine minimum required permissions and {lacking} for {_ALL}"
    else:
        # Upstream mixes up the two for mutating policies.
        who, what = (info.verb, _shown(user)) if mutating else (_shown(user), info.verb)
        why = f'user {who} does not have "{what}" permission on the object referenced by paramRef'
    return forbidden("spec.paramRef", why)


_ALL = "all groups, versions and resources"
_Missing = Callable[[Backend, Scope, User, Body, Body | None], Awaitable[FieldError | None]]
_MISSING: dict[str, _Missing] = {
    f"validatingadmissionpolicies.{_GROUP}": _of_policy,
    f"mutatingadmissionpolicies.{_GROUP}": _of_policy,
    f"validatingadmissionpolicybindings.{_GROUP}": _of_binding,
    f"mutatingadmissionpolicybindings.{_GROUP}": _of_binding,
}


def _resource(backend: Backend, kind: Body | None) -> tuple[str, str, str]:
    """Group, version and plural of a paramKind; `*` for what is not known."""
    if kind is None:
        return "*", "*", "*"
    group, _, version = kind["apiVersion"].rpartition("/")
    known = backend.catalog.by_gvk(group, version, kind["kind"])
    return group, version, "*" if known is None else known.plural


def _question(verb: str, resource: tuple[str, str, str]) -> RequestInfo:
    info = RequestInfo("", verb)
    info.is_resource = True
    info.api_group, info.api_version, info.resource = resource
    return info


def _shown(user: User) -> str:
    """A user as Go prints its structure."""
    extra = " ".join(f"{key}:[{' '.join(values)}]" for key, values in sorted(user.extra.items()))
    return f"&{{{user.name} {user.uid} [{' '.join(user.groups)}] map[{extra}]}}"
