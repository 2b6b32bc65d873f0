"""May they: the authorization filter's interface and the rules that hold without RBAC objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.status_errors import forbidden, internal, quoted
from kfast.errors import StatusError
from kfast.meta.exchange import User


class Decision(NamedTuple):
    """`allowed`, or no opinion; `reason` says why where the authorizer knows, `error` what went wrong."""

    allowed: bool
    reason: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """What some subjects may do, on resources (`groups`, `resources`) or on `paths` (a last `*` matches the rest)."""

    verbs: tuple[str, ...]
    groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()

    def matches(self, info: RequestInfo) -> bool:
        """Whether the rule covers the request."""
        if "*" not in self.verbs and info.verb not in self.verbs:
            return False
        if not info.is_resource:
            return any(_path_matches(path, info.path) for path in self.paths)
        resource = f"{info.resource}/{info.subresource}" if info.subresource else info.resource
        return _covers(self.groups, info.api_group) and _covers(self.resources, resource)

    def to_dict(self) -> dict[str, Any]:
        """As SelfSubjectRulesReview shows it."""
        if self.paths:
            return {"verbs": list(self.verbs), "nonResourceURLs": list(self.paths)}
        return {"verbs": list(self.verbs), "apiGroups": list(self.groups), "resources": list(self.resources)}


class Authorizer(Protocol):
    """Decides on (user, request attributes)."""

    async def authorize(self, user: User, info: RequestInfo) -> Decision:
        """Whether `user` may do what `info` describes."""
        ...

    def rules(self, user: User, namespace: str) -> Sequence[Rule]:
        """Everything `user` may do in `namespace`, as far as the authorizer can tell."""
        ...


ANYTHING = (Rule(("*",), ("*",), ("*",)), Rule(("*",), paths=("*",)))

PUBLIC = Rule(("get",), paths=("/healthz", "/livez", "/readyz", "/version", "/version/"))
DISCOVERY = Rule(
    ("get",),
    paths=(*PUBLIC.paths, "/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*"),
)
BASIC_USER = (
    Rule(("create",), ("authorization.k8s.io",), ("selfsubjectaccessreviews", "selfsubjectrulesreviews")),
    Rule(("create",), ("authentication.k8s.io",), ("selfsubjectreviews",)),
)
ISSUER_DISCOVERY = Rule(
    ("get",),
    paths=(
        "/.well-known/openid-configuration",
        "/.well-known/openid-configuration/",
        "/openid/v1/jwks",
        "/openid/v1/jwks/",
    ),
)

_PRIVILEGED_GROUPS = frozenset({"system:masters", "system:nodes"})
_PRIVILEGED_USERS = frozenset({"system:apiserver", "system:kube-scheduler", "system:kube-controller-manager"})

_BY_GROUP: dict[str, tuple[Rule, ...]] = {
    "system:unauthenticated": (PUBLIC,),
    "system:authenticated": (PUBLIC, DISCOVERY, *BASIC_USER),
    "system:serviceaccounts": (ISSUER_DISCOVERY,),
}


_ALLOWED = Decision(True)


class ComponentAuthorizer:
    """system:masters and the cluster's own components may do everything, everybody else what upstream's bootstrap
    roles give to all users: discovery, health, version and reviews of oneself."""

    async def authorize(self, user: User, info: RequestInfo) -> Decision:
        """Allowed, or no opinion."""
        if user.name in _PRIVILEGED_USERS or not _PRIVILEGED_GROUPS.isdisjoint(user.groups):
            return _ALLOWED
        return Decision(any(rule.matches(info) for rule in self._of(user)))

    def rules(self, user: User, namespace: str) -> Sequence[Rule]:
        """The rules above that hold for `user`; they are the same in every namespace."""
        if user.name in _PRIVILEGED_USERS or not _PRIVILEGED_GROUPS.isdisjoint(user.groups):
            return ANYTHING
        return tuple(dict.fromkeys(self._of(user)))

    @staticmethod
    def _of(user: User) -> list[Rule]:
        return [rule for group in user.groups for rule in _BY_GROUP.get(group, ())]


class Union:
    """Asks one authorizer after the other until one allows."""

    def __init__(self, authorizers: Sequence[Authorizer]) -> None:
        self._authorizers = tuple(authorizers)

    async def authorize(self, user: User, info: RequestInfo) -> Decision:
        """The first allowance, or all reasons and errors."""
        reasons, errors = [], []
        for authorizer in self._authorizers:
            decision = await authorizer.authorize(user, info)
            if decision.allowed:
                return decision
            if decision.reason:
                reasons.append(decision.reason)
            if decision.error and decision.error not in errors:
                errors.append(decision.error)
        error = f"[{', '.join(errors)}]" if len(errors) > 1 else "".join(errors)
        return Decision(False, "\n".join(reasons), error)

    def rules(self, user: User, namespace: str) -> Sequence[Rule]:
        """The rules of all."""
        return [rule for authorizer in self._authorizers for rule in authorizer.rules(user, namespace)]


async def require(authorizer: Authorizer, user: User, info: RequestInfo) -> None:
    """Raises StatusError for what is not allowed."""
    decision = await authorizer.authorize(user, info)
    if not decision.allowed:
        raise refused(user, info, decision)


def refused(user: User, info: RequestInfo, decision: Decision) -> StatusError:
    """What a request gets that is not allowed: a 403, or a 500 if the authorizer could not tell."""
    return internal(decision.error) if decision.error else refusal(user, info, decision.reason)


def refusal(user: User, info: RequestInfo, reason: str = "") -> StatusError:
    """The 403 for a denied request, in upstream's words."""
    who = f"User {quoted(user.name)} cannot {info.verb}"
    if not info.is_resource:
        text = f"{who} path {quoted(info.path)}"
    else:
        resource = f"{info.resource}/{info.subresource}" if info.subresource else info.resource
        place = f"in the namespace {quoted(info.namespace)}" if info.namespace else "at the cluster scope"
        text = f"{who} resource {quoted(resource)} in API group {quoted(info.api_group)} {place}"
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if reason:
        text = f"{text}: {reason}"
    return forbidden(info.api_group, info.resource, info.name, text)


def _covers(patterns: tuple[str, ...], value: str) -> bool:
    return "*" in patterns or value in patterns


def _path_matches(pattern: str, path: str) -> bool:
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern
