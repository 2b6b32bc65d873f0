"""Whether applied configurations fit their kind."""

from __future__ import annotations

import re

from kfast._core import CoreError, Schema
from kfast.api.kind import Body

_FRACTION = re.compile(r"json: cannot unmarshal number \S+ into Go struct field \S+ of type (u?int\d+)")
_HANDLED = re.compile(r".* cannot be handled as a [^:]*: ")


def misfit(structure: Schema, schema: str, config: Body) -> str:
    """Why a configuration does not fit `schema`, in upstream's words; empty if it does."""
    return structure.misfit(schema, config) or ""


def unreadable(structure: Schema, schema: str, data: bytes) -> str:
    """Why the JSON of an object that fits `schema` is none of its kind all the same; empty if it is."""
    try:
        structure.decode(schema, data, "application/json", "Ignore")
    except CoreError as error:
        return converted(str(error))
    return ""


def converted(message: str) -> str:
    """An error of the JSON decoder as the conversion of merged objects words it."""
    fraction = _FRACTION.search(message)
    if fraction is not None:
        return f"cannot convert float64 to {fraction[1]}"
    message = _HANDLED.sub("", message)
    return f"error decoding from json: {message}" if message.startswith("illegal base64") else message
