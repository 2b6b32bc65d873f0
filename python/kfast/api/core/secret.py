"""Secret."""

from __future__ import annotations

from base64 import b64decode, b64encode

import msgspec

from kfast.api.columns import AGE, NAME, size, text
from kfast.api.config_data import validate_data_update, validate_keys
from kfast.api.core.key_pair import key_pair_problem
from kfast.api.field_errors import IMMUTABLE, invalid, required, too_long
from kfast.api.kind import Body, Column, FieldError, Kind, SelectableField

_LIMIT = 1024 * 1024
_REQUIRED_KEYS = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}
_ACCOUNT_TOKEN = "kubernetes.io/service-account-token"
_ACCOUNT_NAME = "kubernetes.io/service-account.name"


def _defaults(secret: Body) -> None:
    plain = secret.pop("stringData", None)
    if plain:
        data = secret.get("data")
        if data is None:
            data = secret["data"] = {}
        for key, value in plain.items():
            data[key] = b64encode(value.encode()).decode()
    if not secret.get("type"):
        secret["type"] = "Opaque"


def _json_problem(text: bytes) -> str:
    """Why a text is no JSON object, in Go's words where they are simple."""
    try:
        value = msgspec.json.decode(text)
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        start = text.lstrip().decode(errors="replace")[:1]
        if not start:
            return "unexpected end of JSON input"
        known = start in '{["-tfn0123456789'
        return str(error) if known else f"invalid character {start!r} looking for beginning of value"
    if value is None or isinstance(value, dict):
        return ""
    kind = {str: "string", list: "array", bool: "bool"}.get(type(value), "number")
    return f"json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"


def _validate_contents(secret: Body, errors: list[FieldError]) -> None:
    kind, data = secret["type"], secret.get("data") or {}
    if kind == _ACCOUNT_TOKEN:
        annotations = secret["metadata"].get("annotations") or {}
        if not annotations.get(_ACCOUNT_NAME):
            errors.append(required(f"metadata.annotations[{_ACCOUNT_NAME}]"))
    elif kind == "kubernetes.io/basic-auth" and "username" not in data and "password" not in data:
        errors += [required("data[username]"), required("data[password]")]
    for key in _REQUIRED_KEYS.get(kind, ()):
        if key not in data or (key == "ssh-privatekey" and not data[key]):
            errors.append(required(f"data[{key}]"))
        elif key.startswith(".docker"):
            problem = _json_problem(b64decode(data[key]))
            if problem:
                errors.append(invalid(f"data[{key}]", "<secret contents redacted>", problem))


def _validate(secret: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    data = secret.get("data") or {}
    validate_keys(data, "data", errors)
    if sum(len(value) * 3 // 4 for value in data.values()) > _LIMIT:
        errors.append(too_long("data", _LIMIT))
    _validate_contents(secret, errors)
    return errors


def _prepare_update(secret: Body, old: Body) -> None:
    if not secret.get("type"):
        secret["type"] = old["type"]


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    errors = validate_data_update(new, old, "data")
    if new["type"] != old["type"]:
        errors.insert(0, invalid("type", new["type"], IMMUTABLE))
    return errors + _validate(new)


def _warnings(secret: Body) -> list[str]:
    if secret["type"] != "kubernetes.io/tls":
        return []
    data = secret.get("data") or {}
    problem = key_pair_problem(*(b64decode(data.get(key) or "") for key in _REQUIRED_KEYS["kubernetes.io/tls"]))
    return [problem] if problem else []


KIND = Kind(
    group="",
    version="v1",
    kind="Secret",
    plural="secrets",
    columns=(NAME, Column("Type", text("type")), Column("Data", size("data")), AGE),
    fields=(SelectableField("type", "type"),),
    has_generation=False,
    defaults=_defaults,
    prepare_update=_prepare_update,
    validate=_validate,
    validates_on_update=False,
    warnings=_warnings,
    metadata_on_update=("update", "create"),
    validate_update=_validate_update,
    tells_empties=True,
)
