"""TokenReview and SelfSubjectReview: who is this."""

from __future__ import annotations

from typing import Any

from kfast.api.kind import Body
from kfast.apiserver.authn.chain import Authentication
from kfast.apiserver.backend import VirtualHandler
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.status_errors import bad_request, unauthorized
from kfast.clock import Clock, rfc3339
from kfast.meta.exchange import Request, User


def user_info(user: User) -> dict[str, Any]:
    """`UserInfo` of authentication.k8s.io."""
    info: dict[str, Any] = {"username": user.name}
    if user.uid:
        info["uid"] = user.uid
    if user.groups:
        info["groups"] = list(user.groups)
    if user.extra:
        info["extra"] = user.extra
    return info


def token_review(authentication: Authentication) -> VirtualHandler:
    """The handler that tells whose a token is."""

    async def review(request: Request, info: RequestInfo, body: Body) -> Body:
        spec = body.get("spec") or {}
        token = spec.get("token") or ""
        if not token:
            raise bad_request("token is required for TokenReview in authentication")
        audiences = tuple(spec.get("audiences") or ())
        known = authentication.token(token, audiences)
        if known is None:
            return body | {"status": {"user": {}, "error": "invalid bearer token"}}
        user, matched = known
        status: dict[str, Any] = {"authenticated": True, "user": user_info(user)}
        if matched:
            status["audiences"] = list(matched)
        return body | {"status": status}

    return review


def self_subject_review(clock: Clock) -> VirtualHandler:
    """The handler that tells the caller who he is, in an object of its own."""

    async def review(request: Request, info: RequestInfo, body: Body) -> Body:
        if request.user is None:
            raise unauthorized("no user present on request")
        told = {"metadata": {"creationTimestamp": rfc3339(clock.now())}}
        return body | told | {"status": {"userInfo": user_info(request.user)}}

    return review
