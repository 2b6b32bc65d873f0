"""Constructors of every failure `Status` the apiserver answers with, in upstream's words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from kfast.api.field_errors import quoted as quoted
from kfast.api.kind import FieldError, Kind
from kfast.errors import StatusError
from kfast.meta.exchange import Response
from kfast.meta.gvk import group_resource

_MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"

_PREFIXES = {
    "replicationcontrollers": "controllers",
    "endpoints": "services/endpoints",
    "nodes": "minions",
    "services": "services/specs",
    "ingresses.networking.k8s.io": "ingress",
}
_PREFIXED = ("apiextensions.k8s.io", "apiregistration.k8s.io")
"""Upstream's keys in etcd, where they are not the plural: messages name them."""


def _details(group: str, kind: str, name: str = "") -> dict[str, Any]:
    details: dict[str, Any] = {}
    if name:
        details["name"] = name
    if group:
        details["group"] = group
    if kind:
        details["kind"] = kind
    return details


def bad_request(message: str) -> StatusError:
    """400: the request makes no sense."""
    return StatusError(400, "BadRequest", message)


def unauthorized(message: str = "Unauthorized") -> StatusError:
    """401: nobody authenticated the request."""
    return StatusError(401, "Unauthorized", message)


def forbidden(group: str, plural: str, name: str, why: str) -> StatusError:
    """403 on a resource, or on one object of it."""
    what = group_resource(group, plural)
    subject = f"{what} {quoted(name)} is forbidden" if name else f"{what} is forbidden" if what else "forbidden"
    return StatusError(403, "Forbidden", f"{subject}: {why}", _details(group, plural, name))


def not_found(kind: Kind, name: str) -> StatusError:
    """404: no such object."""
    message = f"{kind.resource} {quoted(name)} not found"
    return StatusError(404, "NotFound", message, _details(kind.group, kind.plural, name))


def not_found_named(group: str, plural: str, name: str) -> StatusError:
    """404: no such object of a kind that is known by its resource only."""
    message = f"{group_resource(group, plural)} {quoted(name)} not found"
    return StatusError(404, "NotFound", message, _details(group, plural, name))


def no_resource() -> StatusError:
    """404: no such path."""
    return StatusError(404, "NotFound", "the server could not find the requested resource", {})


def page_not_found() -> Response:
    """404: nothing at all is known of the path."""
    headers = {"X-Content-Type-Options": "nosniff"}
    return Response(404, b"404 page not found\n", headers, "text/plain; charset=utf-8")


def method_not_supported() -> StatusError:
    """405: the path exists but not with this method."""
    message = "the server does not allow this method on the requested resource"
    return StatusError(405, "MethodNotAllowed", message, {})


def not_watchable(kind: Kind) -> StatusError:
    """405: objects of the kind are made when they are read."""
    message = f"watch is not supported on resources of kind {quoted(kind.plural)}"
    return StatusError(405, "MethodNotAllowed", message, _details(kind.group, kind.plural))


def not_acceptable(media_types: Iterable[str]) -> StatusError:
    """406: no clause of Accept can be served, for all that its media type is known."""
    return StatusError(406, "NotAcceptable", "only the following media types are accepted: " + ", ".join(media_types))


def no_representation(media_types: Iterable[str]) -> StatusError:
    """406: Accept names no media type the path answers in."""
    text = "406: Not Acceptable\n\nAvailable representations: " + ", ".join(media_types)
    return StatusError(406, "NotAcceptable", text, {})


def unreadable_patch() -> StatusError:
    """415: no patch has such a Content-Type."""
    return StatusError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})


def already_exists(kind: Kind, name: str) -> StatusError:
    """409: create met an object of that name."""
    message = f"{kind.resource} {quoted(name)} already exists"
    return StatusError(409, "AlreadyExists", message, _details(kind.group, kind.plural, name))


def generate_name_conflict(kind: Kind, name: str) -> StatusError:
    """409: every generated name was taken."""
    message = (
        f"{kind.resource} {quoted(name)} already exists, "
        "the server was not able to generate a unique name for the object"
    )
    details = _details(kind.group, kind.plural, name) | {"retryAfterSeconds": 1}
    return StatusError(409, "AlreadyExists", message, details)


def being_deleted(kind: Kind, name: str) -> StatusError:
    """409: create met an object of that name that is on its way out."""
    error = already_exists(kind, name)
    return StatusError(409, error.reason, f"object is being deleted: {error.message}", error.details)


def precondition_failed(kind: Kind, name: str, why: str) -> StatusError:
    """409: a precondition of a delete does not hold. Names the kind, not the resource, as upstream does."""
    message = f"Operation cannot be fulfilled on {group_resource(kind.group, kind.kind)} {quoted(name)}: {why}"
    return StatusError(409, "Conflict", message, _details(kind.group, kind.kind, name))


def another_uid(kind: Kind, name: str, uid: str) -> StatusError:
    """422 for a patch that states the uid of another object; both of upstream's checks tell."""
    cause = FieldError("metadata.uid", "FieldValueInvalid", f"Invalid value: {quoted(uid)}: field is immutable")
    return invalid(kind.group, kind.kind, name, [cause, cause])


def _storage_prefix(kind: Kind) -> str:
    if kind.definition is not None or kind.group in _PREFIXED:
        return f"{kind.group}/{kind.plural}"
    return _PREFIXES.get(kind.resource, kind.plural)


def wrong_object(kind: Kind, namespace: str, name: str, what: str, stated: str, found: str) -> StatusError:
    """409: a write states another uid or resourceVersion (`what`) than the object has."""
    key = "/".join(part for part in ("/registry", _storage_prefix(kind), namespace, name) if part)
    why = (
        f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: "
        f"Precondition failed: {what} in precondition: {stated}, {what} in object meta: {found}"
    )
    return conflict(kind, name, why)


def conflict(kind: Kind, name: str, why: str = _MODIFIED, subresource: str = "") -> StatusError:
    """409: the object is not in the state the request assumes."""
    plural = f"{kind.plural}/{subresource}" if subresource else kind.plural
    what = group_resource(kind.group, plural)
    message = f"Operation cannot be fulfilled on {what} {quoted(name)}: {why}"
    return StatusError(409, "Conflict", message, _details(kind.group, plural, name))


def apply_conflict(conflicts: Sequence[tuple[str, str]]) -> StatusError:
    """409: other managers own fields (path, manager) that an applied configuration sets."""
    if len(conflicts) == 1:
        (path, manager) = conflicts[0]
        message = f"Apply failed with 1 conflict: conflict with {manager}: {path}"
    else:
        owners: dict[str, list[str]] = {}
        for path, manager in conflicts:
            owners.setdefault(manager, []).append(path)
        lines = [
            line
            for manager in sorted(owners)
            for line in (f"conflicts with {manager}:", *(f"- {path}" for path in owners[manager]))
        ]
        message = f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {manager}", "field": path}
        for path, manager in conflicts
    ]
    return StatusError(409, "Conflict", message, {"causes": causes})


def expired(message: str) -> StatusError:
    """410: the revision asked for is no longer kept."""
    return StatusError(410, "Expired", message)


def too_large_entity(message: str) -> StatusError:
    """413: the body is over the limit."""
    return StatusError(413, "RequestEntityTooLarge", f"Request entity too large: {message}")


def unsupported_media_type(media_types: Iterable[str]) -> StatusError:
    """415: the body's Content-Type cannot be read here."""
    text = "the body of the request was in an unknown format - accepted media types include: "
    return StatusError(415, "UnsupportedMediaType", text + ", ".join(media_types))


def invalid(group: str, kind: str, name: str, errors: Sequence[FieldError]) -> StatusError:
    """422: the object violates rules of its kind, one cause per violation."""
    texts = list(dict.fromkeys(f"{e.path}: {e.message}" for e in errors))
    joined = texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"
    details = _details(group, kind, name)
    details["causes"] = [{"reason": e.reason, "message": e.message, "field": e.path} for e in errors]
    subject = f"{group_resource(group, kind)} {quoted(name)} is invalid"
    return StatusError(422, "Invalid", f"{subject}: {joined}" if texts else subject, details)


def too_many_requests(message: str, retry_after: int) -> StatusError:
    """429: come back later."""
    details = {"retryAfterSeconds": retry_after} if retry_after else {}
    return StatusError(429, "TooManyRequests", message, details)


def internal(why: str) -> StatusError:
    """500: a fault of the server."""
    return StatusError(500, "InternalError", f"Internal error occurred: {why}", {"causes": [{"message": why}]})


def unavailable(why: str) -> StatusError:
    """503: the store refuses writes."""
    return StatusError(503, "ServiceUnavailable", why)


def deadline_exceeded() -> StatusError:
    """504: the request took longer than a request may."""
    text = "Timeout: request did not complete within requested timeout - context deadline exceeded"
    return StatusError(504, "Timeout", text, {})


def too_large_resource_version(requested: int, current: int) -> StatusError:
    """504: the revision asked for did not come within the time waited."""
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    return StatusError(
        504,
        "Timeout",
        f"Timeout: Too large resource version: {requested}, current: {current}",
        {"causes": [cause], "retryAfterSeconds": 1},
    )
