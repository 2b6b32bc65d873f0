"""Permissions that depend on what a write changes, beyond those of the request."""

from __future__ import annotations

import copy

from kfast.api.field_errors import forbidden
from kfast.api.kind import Body, FieldError, Permission
from kfast.apiserver.authz.authorizer import Authorizer, refusal
from kfast.apiserver.request_info import RequestInfo
from kfast.meta.exchange import Request, User


async def missing_permissions(
    authorizer: Authorizer, request: Request, info: RequestInfo, new: Body, old: Body
) -> list[FieldError]:
    """What the author of an update may not change; nothing for writes of the server itself."""
    subresource = info.served.subresources.get(info.subresource)
    if subresource is None or request.user is None:
        return []
    asked = subresource.permissions(new, old, request.user, info.verb)
    refused = [(each, await _refused(authorizer, request.user, info, each)) for each in asked]
    return [forbidden(each.path, f"{each.why}: {words}") for each, words in refused if words]


async def _refused(authorizer: Authorizer, user: User, info: RequestInfo, permission: Permission) -> str:
    """The authorizer's words about the first of the ways, "" if any is allowed."""
    words = ""
    for verb, subresource, namespace, name in permission.any_of:
        way = copy.copy(info)
        way.verb, way.subresource, way.namespace, way.name = verb, subresource, namespace, name
        decision = await authorizer.authorize(user, way)
        if decision.allowed:
            return ""
        words = words or str(refusal(user, way, decision.reason).message)
    return words
