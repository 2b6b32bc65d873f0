"""The SubjectAccessReview family and SelfSubjectRulesReview: may they, and what may I."""

from __future__ import annotations

from typing import Any

from kfast.api.authorization.review_validation import validate_local, validate_metadata, validate_review
from kfast.api.kind import Body, FieldError
from kfast.apiserver.authz.authorizer import Authorizer
from kfast.apiserver.backend import VirtualHandler
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.selection import stated_fields, stated_labels
from kfast.apiserver.status_errors import bad_request, invalid, unauthorized
from kfast.meta.exchange import Request, User

GROUP = "authorization.k8s.io"


def subject_access_review(authorizer: Authorizer) -> VirtualHandler:
    """The handler for somebody else, anywhere."""

    async def review(request: Request, info: RequestInfo, body: Body) -> Body:
        spec = body.get("spec") or {}
        _refuse(validate_review(body, subject=True) + validate_metadata(body, local=False))
        return body | {"status": await _decide(authorizer, _subject(spec), spec)}

    return review


def local_subject_access_review(authorizer: Authorizer) -> VirtualHandler:
    """The handler for somebody else, in the review's own namespace."""

    async def review(request: Request, info: RequestInfo, body: Body) -> Body:
        spec = body.get("spec") or {}
        errors = validate_review(body, subject=True) + validate_metadata(body, local=True)
        _refuse(errors + validate_local(body, info.namespace))
        return body | {"status": await _decide(authorizer, _subject(spec), spec)}

    return review


def self_subject_access_review(authorizer: Authorizer) -> VirtualHandler:
    """The handler for the caller."""

    async def review(request: Request, info: RequestInfo, body: Body) -> Body:
        spec = body.get("spec") or {}
        _refuse(validate_review(body, subject=False) + validate_metadata(body, local=False))
        return body | {"status": await _decide(authorizer, _caller(request), spec)}

    return review


def self_subject_rules_review(authorizer: Authorizer) -> VirtualHandler:
    """The handler that lists the caller's rules in one namespace."""

    async def review(request: Request, info: RequestInfo, body: Body) -> Body:
        namespace = (body.get("spec") or {}).get("namespace") or ""
        if not namespace:
            raise bad_request("no namespace on request")
        rules = authorizer.rules(_caller(request), namespace)
        status = {
            "resourceRules": [rule.to_dict() for rule in rules if not rule.paths],
            "nonResourceRules": [rule.to_dict() for rule in rules if rule.paths],
            "incomplete": False,
        }
        return body | {"metadata": {}, "spec": {}, "status": status}

    return review


async def _decide(authorizer: Authorizer, user: User, spec: Body) -> dict[str, Any]:
    info = _attributes(spec)
    decision = await authorizer.authorize(user, info)
    status: dict[str, Any] = {"allowed": decision.allowed}
    if decision.reason:
        status["reason"] = decision.reason
    errors = [decision.error] if decision.error else []
    for which, selection in (("fieldSelector", info.fields), ("labelSelector", info.labels)):
        if selection.error:
            how = "partially ignored" if selection.requirements else "ignored"
            errors.append(f"spec.resourceAttributes.{which} {how} due to parse error")
    if errors:
        status["evaluationError"] = "; ".join(errors)
    return status


def _attributes(spec: Body) -> RequestInfo:
    """The request the review asks about."""
    path = spec.get("nonResourceAttributes")
    if path is not None:
        return RequestInfo(path.get("path") or "", path.get("verb") or "")
    resource = spec["resourceAttributes"]
    info = RequestInfo("", resource.get("verb") or "")
    info.is_resource = True
    info.api_group = resource.get("group") or ""
    info.api_version = resource.get("version") or "*"
    info.resource = resource.get("resource") or ""
    info.subresource = resource.get("subresource") or ""
    info.namespace = resource.get("namespace") or ""
    info.name = resource.get("name") or ""
    info.fields = stated_fields(resource.get("fieldSelector"))
    info.labels = stated_labels(resource.get("labelSelector"))
    return info


def _subject(spec: Body) -> User:
    return User(
        spec.get("user") or "",
        spec.get("uid") or "",
        tuple(spec.get("groups") or ()),
        {key.lower(): list(values) for key, values in (spec.get("extra") or {}).items()},
    )


def _caller(request: Request) -> User:
    if request.user is None:
        raise unauthorized("no user present on request")
    return request.user


def _refuse(errors: list[FieldError]) -> None:
    """Upstream names neither the kind nor the review."""
    if errors:
        raise invalid(GROUP, "", "", errors)
