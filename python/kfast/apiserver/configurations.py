"""Whether applied configurations fit their kind."""

from __future__ import annotations

import re

from kfast._core import CoreError, Schema

_UNFIT = re.compile(r"json: cannot unmarshal (\w+) into Go struct field \w+(\.\S+) of type (.*)")
_GO_TYPES = {"number": "int64", "array": "[]interface {}", "object": "map[string]interface {}"}


def misfit(structure: Schema, schema: str, config: bytes) -> str:
    """Why the JSON of a configuration does not fit `schema`, in upstream's words; empty if it does."""
    try:
        _, unknown = structure.decode(schema, config, "application/json", "Warn")
    except CoreError as error:
        return _mismatch(str(error))
    # Upstream ends with the first field it does not know.
    fields = sorted(f.removeprefix('unknown field "').removesuffix('"') for f in unknown if f.startswith("unknown"))
    return f".{fields[0]}: field not declared in schema" if fields else ""


def _mismatch(message: str) -> str:
    """A type error of the JSON decoder as the typed reader of configurations words it."""
    match = _UNFIT.search(message)
    if match is None:
        return message[message.find("json: ") :] if "json: " in message else message
    found, path, wanted = match.groups()
    expected = "numeric (int or float)" if wanted.startswith(("int", "float")) else wanted
    return f"{path}: expected {expected}, got {_GO_TYPES.get(found, found)}"
