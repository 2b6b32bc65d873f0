"""The options of every verb, parsed from the query (and the body of DELETE) and validated with upstream's texts."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec

from kfast._core import FieldSelector, LabelSelector
from kfast.api.kind import FieldError, Kind
from kfast.apiserver.status_errors import bad_request, invalid, quoted
from kfast.apiserver.strconv import parse_int
from kfast.meta.exchange import Request

META_GROUP = "meta.k8s.io"
_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False", ""})
_PROPAGATION = ("Foreground", "Background", "Orphan")
MAX_MANAGER = 128


@dataclass(slots=True)
class WriteOptions:
    """CreateOptions, UpdateOptions and PatchOptions."""

    dry_run: bool = False
    field_manager: str = ""
    field_validation: str = "Warn"
    force: bool = False


_DEFAULT_WRITE = WriteOptions()


@dataclass(slots=True)
class DeleteOptions:
    """DeleteOptions; None where the request is silent."""

    dry_run: bool = False
    grace_seconds: int | None = None
    uid: str | None = None
    resource_version: str | None = None
    propagation: str | None = None
    orphan_dependents: bool | None = None


@dataclass(slots=True)
class ListOptions:
    """ListOptions of list and watch."""

    labels: LabelSelector | None = None
    fields: FieldSelector | None = None
    limit: int = 0
    continue_token: str = ""
    resource_version: str = ""
    match: str = ""
    send_initial_events: bool | None = None
    bookmarks: bool = False
    timeout_seconds: int | None = None
    include_object: str = field(default="")


def not_supported(path: str, value: str, supported: tuple[str, ...]) -> FieldError:
    """A value outside a closed set."""
    listed = ", ".join(quoted(s) for s in supported)
    return FieldError(path, "FieldValueNotSupported", f"Unsupported value: {quoted(value)}: supported values: {listed}")


def _forbidden(path: str, why: str) -> FieldError:
    return FieldError(path, "FieldValueForbidden", f"Forbidden: {why}")


def _dry_run(values: list[str], errors: list[FieldError]) -> bool:
    if any(v != "All" for v in values):
        shown = msgspec.json.encode(values).decode()
        why = f'Unsupported value: {shown}: supported values: "All"'
        errors.append(FieldError("dryRun", "FieldValueNotSupported", why))
    return bool(values)


def _raise(kind: str, errors: list[FieldError]) -> None:
    if errors:
        raise invalid(META_GROUP, kind, "", errors)


def write_options(request: Request, kind: str, *, apply: bool = False) -> WriteOptions:
    """Reads the options of a create, update or patch; `kind` names them in messages. An `apply` must name its field
    manager and may use force. Raises StatusError 422."""
    query = request.query
    if not query and not apply:
        return _DEFAULT_WRITE
    errors: list[FieldError] = []
    manager = request.param("fieldManager")
    if apply and not manager:
        errors.append(FieldError("fieldManager", "FieldValueRequired", "Required value: is required for apply patch"))
    if len(manager) > MAX_MANAGER:
        errors.append(
            FieldError("fieldManager", "FieldValueTooLong", f"Too long: may not be more than {MAX_MANAGER} bytes")
        )
    for at, char in enumerate(manager):
        if not char.isprintable():
            why = f"invalid character U+{ord(char):04X} (at position {at})"
            errors.append(FieldError("fieldManager", "FieldValueInvalid", f"Invalid value: {quoted(manager)}: {why}"))
    dry_run = _dry_run(query.get("dryRun", []), errors)
    validation = request.param("fieldValidation")
    if validation not in ("", "Ignore", "Warn", "Strict"):
        errors.append(not_supported("fieldValidation", validation, ("", "Ignore", "Strict", "Warn")))
    if kind == "PatchOptions" and "force" in query and not apply:
        errors.append(_forbidden("force", "may not be specified for non-apply patch"))
    _raise(kind, errors)
    force = "force" in query and _boolean(request.param("force"))
    return WriteOptions(dry_run, manager, validation or "Warn", force)


def delete_options(request: Request, body: dict[str, Any] | None) -> DeleteOptions:
    """Reads DeleteOptions from the decoded body, else from the query. Raises StatusError 400 and 422."""
    source = body if body is not None else _delete_query(request)
    errors: list[FieldError] = []
    preconditions = source.get("preconditions") or {}
    options = DeleteOptions(
        bool(source.get("dryRun")),
        source.get("gracePeriodSeconds"),
        preconditions.get("uid"),
        preconditions.get("resourceVersion"),
        source.get("propagationPolicy"),
        source.get("orphanDependents"),
    )
    policy = options.propagation
    if policy is not None and options.orphan_dependents is not None:
        why = "orphanDependents and deletionPropagation cannot be both set"
        errors.append(FieldError("propagationPolicy", "FieldValueInvalid", f"Invalid value: {quoted(policy)}: {why}"))
    if policy is not None and policy not in _PROPAGATION:
        errors.append(not_supported("propagationPolicy", policy, (*_PROPAGATION, "nil")))
    _dry_run(source.get("dryRun") or [], errors)
    _raise("DeleteOptions", errors)
    if options.grace_seconds is not None and options.grace_seconds < 0:
        options.grace_seconds = 1
    return options


def _delete_query(request: Request) -> dict[str, Any]:
    source: dict[str, Any] = {}
    if not request.query:
        return source
    if "gracePeriodSeconds" in request.query:
        source["gracePeriodSeconds"] = _integer(request.param("gracePeriodSeconds"))
    if "orphanDependents" in request.query:
        source["orphanDependents"] = _boolean(request.param("orphanDependents"))
    if policy := request.param("propagationPolicy"):
        source["propagationPolicy"] = policy
    if dry := request.query.get("dryRun"):
        source["dryRun"] = dry
    return source


def _boolean(text: str) -> bool:
    """Upstream's query conversion: everything but false and 0 is true."""
    return text not in _FALSE


def _integer(text: str) -> int:
    try:
        return parse_int(text)
    except ValueError as error:
        raise bad_request(str(error)) from None


def list_options(request: Request, kind: Kind, watch: bool) -> ListOptions:
    """Reads ListOptions. Raises StatusError 400 for what cannot be parsed, 422 for what contradicts itself."""
    query = request.query
    options = ListOptions()
    if not query:
        return options
    if labels := request.param("labelSelector"):
        options.labels = label_selector(labels)
    if "limit" in query:
        options.limit = max(_integer(request.param("limit")), 0)
    options.continue_token = request.param("continue")
    options.resource_version = request.param("resourceVersion")
    options.match = request.param("resourceVersionMatch")
    if "sendInitialEvents" in query:
        options.send_initial_events = _boolean(request.param("sendInitialEvents"))
    options.bookmarks = "allowWatchBookmarks" in query and _boolean(request.param("allowWatchBookmarks"))
    if "timeoutSeconds" in query:
        options.timeout_seconds = _integer(request.param("timeoutSeconds"))
    options.include_object = request.param("includeObject")
    _raise("ListOptions", _watch_errors(options) if watch else _list_errors(options))
    if fields := request.param("fieldSelector"):
        options.fields = field_selector(fields, kind)
    if not watch and options.continue_token and options.resource_version not in ("", "0"):
        raise bad_request("specifying resource version is not allowed when using continue")
    return options


def _list_errors(options: ListOptions) -> list[FieldError]:
    errors = []
    path, match = "resourceVersionMatch", options.match
    if match:
        if not options.resource_version:
            errors.append(_forbidden(path, "resourceVersionMatch is forbidden unless resourceVersion is provided"))
        if options.continue_token:
            errors.append(_forbidden(path, "resourceVersionMatch is forbidden when continue is provided"))
        if match not in ("Exact", "NotOlderThan"):
            errors.append(not_supported(path, match, ("Exact", "NotOlderThan", "")))
        if match == "Exact" and options.resource_version == "0":
            errors.append(_forbidden(path, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'))
    if options.send_initial_events is not None:
        errors.append(_forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    return errors


def _watch_errors(options: ListOptions) -> list[FieldError]:
    errors = []
    path, match = "resourceVersionMatch", options.match
    if match and options.send_initial_events is None:
        errors.append(
            _forbidden(path, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
        )
    if options.continue_token:
        errors.append(_forbidden(path, "resourceVersionMatch is forbidden when continue is provided"))
    why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
    if options.send_initial_events is not None and match != "NotOlderThan":
        errors.append(_forbidden(path, why))
        if match:
            errors.append(not_supported(path, match, ("NotOlderThan",)))
    return errors


@lru_cache(maxsize=4096)
def label_selector(text: str) -> LabelSelector | None:
    """The compiled selector, None if it selects everything. Raises StatusError 400."""
    try:
        selector = LabelSelector.parse(text)
    except ValueError as error:
        raise bad_request(str(error)) from None
    return None if selector.empty else selector


def field_selector(text: str, kind: Kind) -> FieldSelector | None:
    """The compiled selector, None if it selects everything. Raises StatusError 400, also for unknown fields."""
    try:
        selector = FieldSelector.parse(text)
    except ValueError as error:
        raise bad_request(str(error)) from None
    known = {"metadata.name", "metadata.namespace", *(f.label for f in kind.fields)}
    for label, _, _ in selector.requirements:
        if label not in known:
            raise bad_request(_unknown_label(label, kind))
    if selector.empty:
        return None
    return _of_storage(selector, kind) if kind.storage else selector


def _unknown_label(label: str, kind: Kind) -> str:
    if not kind.fields:
        return f'{quoted(label)} is not a known field selector: only "metadata.name", "metadata.namespace"'
    if kind.group == "batch":
        return f"field label {quoted(label)} not supported for {kind.kind}"
    if kind.group == "resource.k8s.io":
        return f"field label not supported for {kind.api_version}, Kind={kind.kind}: {label}"
    return f"field label not supported: {label}"


def _of_storage(selector: FieldSelector, kind: Kind) -> FieldSelector:
    """The selector in the labels of the version the objects are stored in: the paths of the fields."""
    paths = {f.label: f.path for f in kind.fields}
    terms = [f"{paths.get(label, label)}{op}{_escaped(value)}" for label, op, value in selector.requirements]
    return FieldSelector.parse(",".join(terms))


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")
