"""Acting as somebody else: who is asked for, by which mode it may be, and who it then is.

The constrained modes (upstream's feature ConstrainedImpersonation) are asked before the plain `impersonate` verb. In
each the caller needs `impersonate-on:<mode>:<verb>` for the request itself and `impersonate:<mode>` for the user, its
groups, uid and extra values.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import unquote

from kfast.apiserver.authz.authorizer import Authorizer, refusal, require
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.status_errors import bad_request, quoted
from kfast.errors import StatusError
from kfast.meta.exchange import Request, User
from kfast.meta.names import dns_subdomain
from kfast.meta.users import pod_node_of, service_account_of

_EXTRA = "impersonate-extra-"
_ANONYMOUS, _UNAUTHENTICATED = "system:anonymous", "system:unauthenticated"


@dataclass(frozen=True, slots=True)
class Mode:
    """A way to impersonate: its name ("" is the plain one) and whom who may ask for with it."""

    name: str
    covers: Callable[[User, User], bool]

    @property
    def verb(self) -> str:
        """What the caller has to be allowed on the user."""
        return f"impersonate:{self.name}" if self.name else "impersonate"


def _node(user: User) -> str:
    name = user.name.removeprefix("system:node:")
    return "" if name == user.name or dns_subdomain(name) else name


def _only_named(user: User) -> bool:
    return not (user.uid or user.groups or user.extra)


def _own_node(wanted: User, caller: User) -> bool:
    node = _node(wanted)
    return _only_named(wanted) and bool(node) and pod_node_of(caller) == node


MODES = (
    Mode("associated-node", _own_node),
    Mode("arbitrary-node", lambda wanted, _: _only_named(wanted) and bool(_node(wanted))),
    Mode("serviceaccount", lambda wanted, _: _only_named(wanted) and bool(service_account_of(wanted))),
    Mode("user-info", lambda wanted, _: not _node(wanted) and not service_account_of(wanted)),
    Mode("", lambda *_: True),
)


def wanted_user(request: Request) -> User | None:
    """Whom the headers ask for, as they name them. Raises StatusError 400 when they name no user."""
    headers = request.headers
    for name in headers:
        if name.startswith("impersonate-"):
            break
    else:
        return None
    extra = {
        unquote(name.removeprefix(_EXTRA)): value.split("\n")
        for name, value in headers.items()
        if name.startswith(_EXTRA)
    }
    groups = tuple(headers["impersonate-group"].split("\n")) if "impersonate-group" in headers else ()
    wanted = User(headers.get("impersonate-user", ""), headers.get("impersonate-uid", ""), groups, extra)
    if wanted.name:
        return wanted
    if _only_named(wanted):
        return None
    shown = f'&user.DefaultInfo{{Name:"", UID:{quoted(wanted.uid)}, Groups:{_go(groups)}, Extra:{_go_map(extra)}}}'
    raise bad_request(f"requested {shown} without impersonating a user name")


def _go(values: tuple[str, ...] | list[str]) -> str:
    return f"[]string{{{', '.join(map(quoted, values))}}}" if values else "[]string(nil)"


def _go_map(values: dict[str, list[str]]) -> str:
    if not values:
        return "map[string][]string(nil)"
    return f"map[string][]string{{{', '.join(f'{quoted(k)}:{_go(v)}' for k, v in sorted(values.items()))}}}"


async def impersonate(authorizer: Authorizer, caller: User, wanted: User, info: RequestInfo) -> User:
    """The user `caller` acts as in the request `info`. Raises StatusError 403 by the first mode that refused."""
    first: StatusError | None = None
    for mode in MODES:
        if not mode.covers(wanted, caller):
            continue
        try:
            return await _check(authorizer, mode, caller, wanted, info)
        except StatusError as error:
            first = first or error
    assert first is not None
    raise first


async def _check(authorizer: Authorizer, mode: Mode, caller: User, wanted: User, info: RequestInfo) -> User:
    if mode.name == "associated-node":
        keys = {"authentication.kubernetes.io/associated-node-keys": sorted(caller.extra)}
        caller = replace(caller, extra=keys)
    if mode.name:
        on = copy.copy(info)
        on.verb = f"impersonate-on:{mode.name}:{info.verb}"
        await require(authorizer, caller, on)
    group = "authentication.k8s.io" if mode.name else ""
    user = replace(wanted)
    account, node = service_account_of(wanted), _node(wanted)
    if account:
        await require(authorizer, caller, _attributes(mode, group, "serviceaccounts", account[1], account[0]))
        if not wanted.groups:
            user.groups = ("system:serviceaccounts", f"system:serviceaccounts:{account[0]}")
    elif mode.name and node:
        name = "*" if mode.name == "associated-node" else node
        await require(authorizer, caller, _attributes(mode, group, "nodes", name))
        user.groups = ("system:nodes",)
    else:
        await require(authorizer, caller, _attributes(mode, group, "users", wanted.name))
    if wanted.uid:
        await require(authorizer, caller, _attributes(mode, "authentication.k8s.io", "uids", wanted.uid))
    for name in wanted.groups:
        asked = _attributes(mode, group, "groups", name)
        if mode.name and name in ("", "system:masters"):
            what = f"{name} group" if name else "empty string group"
            raise refusal(caller, asked, f"impersonating the {what} is not allowed")
        await require(authorizer, caller, asked)
    for key, values in wanted.extra.items():
        for value in values:
            asked = _attributes(mode, "authentication.k8s.io", "userextras", value)
            asked.subresource = key
            await require(authorizer, caller, asked)
    user.groups += _implied_group(user)
    return user


def _implied_group(user: User) -> tuple[str, ...]:
    if user.name == _ANONYMOUS:
        implied = _UNAUTHENTICATED
    elif _UNAUTHENTICATED in user.groups:
        return ()
    else:
        implied = "system:authenticated"
    return () if implied in user.groups else (implied,)


def _attributes(mode: Mode, group: str, resource: str, name: str, namespace: str = "") -> RequestInfo:
    info = RequestInfo("", mode.verb)
    info.is_resource = True
    info.api_group, info.api_version, info.resource = group, "v1", resource
    info.name, info.namespace = name, namespace
    return info
