"""Why a patch is refused, in upstream's words."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from kfast.api.kind import Body, FieldError
from kfast.apiserver.status_errors import invalid, quoted, too_large_entity
from kfast.errors import StatusError

_MISMATCH = re.compile(r"json: cannot unmarshal (\w+) into Go (?:struct field \S+|value) of type (.*)\Z")
_KINDS = {"number": "int64", "array": "slice", "object": "map"}
"""What Go's reflection calls a JSON value."""
_SCALARS = ("string", "bool", "int32", "int64", "float64")


def refused(reason: str, message: str) -> StatusError:
    """A patch that is malformed or does not apply. Why it does not apply is not told, as upstream's generic answer."""
    if reason == "RequestEntityTooLarge":
        return too_large_entity(message)
    if reason == "Invalid":
        return StatusError(422, reason, "the server rejected our request due to an error in our request", {})
    return StatusError(400, reason, message) if reason == "BadRequest" else StatusError(500, "", message)


def unfit(why: str, patch: bytes, old: Body, strategic: bool, merge: bool) -> StatusError:
    """422 for a patch whose result is no object of the kind. The value shown is the patch as Go prints a map if it is
    `strategic`, the patched document if it is a `merge` patch."""
    text = patch.decode("utf-8", "replace")
    reason = why[why.find("json: ") :] if "json: " in why else why
    if strategic:
        text, reason = _go_text(msgspec.json.decode(text)), _unconvertible(reason)
    elif merge:
        text = msgspec.json.encode(_merged(old, msgspec.json.decode(text))).decode()
    return invalid("", "", "", [FieldError("patch", "FieldValueInvalid", f"Invalid value: {quoted(text)}: {reason}")])


def _merged(target: Any, patch: Any) -> Any:
    """RFC 7386, with the keys of every object the patch touches in order, as upstream's patcher writes them."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merged(result.get(key), value)
    return dict(sorted(result.items()))


def _go_text(value: Any) -> str:
    """A decoded JSON value as Go's %+v prints it."""
    match value:
        case dict():
            return "map[" + " ".join(f"{key}:{_go_text(value[key])}" for key in sorted(value)) + "]"
        case list():
            return "[" + " ".join(_go_text(item) for item in value) + "]"
        case None:
            return "<nil>"
        case bool():
            return "true" if value else "false"
    return str(value)


def _unconvertible(reason: str) -> str:
    """A type error of the JSON decoder in the words of upstream's converter, which reads strategic patches."""
    match = _MISMATCH.match(reason)
    if match is None:
        return reason
    found, wanted = _KINDS.get(match[1], match[1]), match[2]
    if wanted in _SCALARS and found in (*_SCALARS, "int64"):
        return f"cannot convert {found} to {wanted}"
    if wanted.startswith("map["):
        return f"cannot restore map from {found}"
    if wanted.startswith("[]"):
        return f"cannot restore slice from {found}"
    return reason if wanted in _SCALARS else f"cannot restore struct from: {found}"
