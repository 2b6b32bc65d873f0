"""Reads request bodies against the schema of a kind; other kinds and versions are refused in upstream's words."""

from __future__ import annotations

from kfast._core import CoreError
from kfast.api.kind import Body, FieldError
from kfast.apiserver.backend import Backend
from kfast.apiserver.negotiate import content_type
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.status_errors import bad_request, invalid, quoted
from kfast.meta.exchange import Request

_EMPTY = (
    "the object provided is unrecognized (must be of type {}): couldn't get version/kind; json parse error: "
    "unexpected end of JSON input (<empty>)"
)
_SUMMARY = 30
"""Bytes of a body that an error shows."""
_META_KINDS = frozenset({"Status", "DeleteOptions", "ListOptions", "WatchEvent", "APIGroup", "APIResourceList"})
"""Kinds registered in every version."""
_META_SCHEME = "pkg/runtime/scheme.go:111"
_SCHEME = "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"


def decode_object(
    backend: Backend, request: Request, info: RequestInfo, schema: str, validation: str, empties: bool = False
) -> tuple[Body, list[str]]:
    """The body as an object of `schema` (`apps/v1/Deployment`), pruned, and warnings about unknown fields. With
    `empties` it has the empty lists and maps that storage does not keep.

    Raises StatusError 400 (malformed, other kind or version, strict violations) and 415.
    """
    media_type = content_type(request)
    if not request.body:
        raise bad_request(_EMPTY.format(schema.rpartition("/")[2]))
    structure = backend.structure(info.served, schema)
    custom = structure is not backend.schema
    try:
        body, warnings = structure.decode(schema, request.body, media_type, validation, empties)
    except CoreError as error:
        stated = _stated_type(backend, request.body, media_type, schema.rpartition("/")[2])
        if custom:
            _check_custom_type(info, request.body, *stated, "")
        else:
            _check_type(backend, schema, *stated)
        raise bad_request(str(error)) from None
    stated = body.get("apiVersion") or "", body.get("kind") or ""
    if custom:
        _check_custom_type(info, request.body, *stated, (body.get("metadata") or {}).get("name") or "")
    else:
        _check_type(backend, schema, *stated)
    body["apiVersion"], _, body["kind"] = schema.rpartition("/")
    return body, warnings


def _group_version(api_version: str) -> tuple[str, str]:
    group, _, version = api_version.rpartition("/")
    return group, version


def _stated_type(backend: Backend, data: bytes, media_type: str, expected: str) -> tuple[str, str]:
    try:
        return backend.schema.sniff(data, media_type, expected)
    except CoreError as error:
        raise bad_request(str(error)) from None


def decode_options(backend: Backend, request: Request, kind: str) -> Body:
    """The body as options of `kind` of meta.k8s.io/v1, in whatever group or version it says. Unknown fields are
    ignored. Raises StatusError 400, 415."""
    media_type = content_type(request)
    try:
        version, stated = backend.schema.sniff(request.body, media_type)
        if stated not in ("", kind):
            scheme = f"in scheme {quoted(_META_SCHEME)}"
            version = version or "meta.k8s.io/v1"
            raise bad_request(f"no kind {quoted(stated)} is registered for version {quoted(version)} {scheme}")
        if version.count("/") > 1:
            raise bad_request(f"unexpected GroupVersion string: {version}")
        body, _ = backend.schema.decode(f"meta.k8s.io/v1/{kind}", request.body, media_type, "Ignore")
    except CoreError as error:
        raise bad_request(str(error).partition(f" cannot be handled as a {kind}: ")[2] or str(error)) from None
    return body


def _check_custom_type(info: RequestInfo, data: bytes, stated_version: str, stated_kind: str, name: str) -> None:
    """The same for custom resources, of which any kind can be read: StatusError 400, 422 for another kind."""
    kind = info.served.kind
    if not stated_kind:
        text = data.decode("utf-8", "replace")
        why = f"Object 'Kind' is missing in '{text}' ({_summary(data)})"
        raise bad_request(f"the object provided is unrecognized (must be of type {kind.kind}): {why}")
    if stated_version != kind.api_version:
        expected = f"the expected API version ({kind.api_version})"
        raise bad_request(f"the API version in the data ({stated_version}) does not match {expected}")
    if stated_kind != kind.kind:
        other = FieldError("kind", "FieldValueInvalid", f"Invalid value: {quoted(stated_kind)}: must be {kind.kind}")
        raise invalid(kind.group, stated_kind, name, [other])


def _summary(data: bytes) -> str:
    """The start of a body, as text if it may be JSON."""
    shown = data[:_SUMMARY]
    text = shown.decode("utf-8", "replace") if data.startswith(b"{") else shown.hex()
    return f"{text} ..." if len(data) > _SUMMARY else text


def _check_type(backend: Backend, schema: str, stated_version: str, stated_kind: str) -> None:
    """Raises StatusError 400 unless kind and version, where stated, are those of the path."""
    api_version, _, kind = schema.rpartition("/")
    served = backend.catalog.by_gvk(*_group_version(stated_version), kind) is not None
    if stated_kind in ("", kind) and (served or stated_version in ("", api_version)):
        if stated_version not in ("", api_version):
            raise bad_request(
                f"the API version in the data ({stated_version}) does not match "
                f"the expected API version ({api_version})"
            )
        return
    stated_version, stated_kind = stated_version or api_version, stated_kind or kind
    group, version = _group_version(stated_version)
    if stated_kind not in _META_KINDS and not any(
        backend.catalog.by_gvk(group, version, name) for name in (stated_kind, stated_kind.removesuffix("List"))
    ):
        where = f"registered for version {quoted(stated_version)} in scheme {quoted(_SCHEME)}"
        why = f"no kind {quoted(stated_kind)} is {where}"
    else:
        internal = api_version.rpartition("/")[0].partition(".")[0] or "core"
        why = f"converting ({version}.{stated_kind}) to ({internal}.{kind}): unknown conversion"
    raise bad_request(f"{stated_kind} in version {quoted(version)} cannot be handled as a {kind}: {why}")
