"""How upstream's messages print a structure: as the JSON of its internal Go struct, with Go's names and all fields.

The structs are data (`make schema`); a field of a kind is found by its JSON name, which is the Go name in another case
but for a few.
"""

from __future__ import annotations

import difflib
import gzip
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_ZERO = {"s": "", "i": 0, "b": False, "q": "0", "o": 0, "?": None}
_OTHER_NAMES = {
    "EndpointsName": "endpoints",
    "CephMonitors": "monitors",
    "RBDImage": "image",
    "RBDPool": "pool",
    "RadosUser": "user",
    "DiscoveryCHAPAuth": "chapauthdiscovery",
    "SessionCHAPAuth": "chapauthsession",
    "DataDiskURI": "diskuri",
}
"""Fields whose JSON name is another one, in lower case."""
_OF_PODS = ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers")
"""What the internal form of a pod's spec holds in its security context."""


class Struct(dict[str, Any]):
    """An internal form: its keys have an order."""


@cache
def _structs() -> dict[str, list[list[str]]]:
    data = (Path(__file__).parent / "data" / "internal.json.gz").read_bytes()
    structs: dict[str, list[list[str]]] = json.loads(gzip.decompress(data))
    return structs


def internal(kind: str, value: Any) -> Any:
    """A decoded value as its internal type (`core.Taint`, `[]core.Taint`, `m.LabelSelector`) is marshalled."""
    if value is None:
        return _form(_structs()[kind], {}) if kind in _structs() else _ZERO.get(kind)
    if kind.startswith("*"):
        return internal(kind[1:], value)
    if kind.startswith("[]"):
        return [internal(kind[2:], item) for item in value]
    if kind.startswith("{}"):
        return {key: internal(kind[2:], value[key]) for key in sorted(value)}
    if kind.startswith("m."):
        return _external(kind, value)
    if kind == "core.PodSpec":
        context = {**(value.get("securityContext") or {}), **{k: value.get(k) for k in _OF_PODS}}
        value = {**value, "securityContext": context}
    return _form(_structs()[kind], value) if kind in _structs() else value


def difference(kind: str, old: Any, new: Any) -> str:
    """What differs between two values in their internal form: a unified diff of their JSON."""
    before, after = (
        [f"{line}\n" for line in json.dumps(internal(kind, value), indent=1, ensure_ascii=False).split("\n")]
        for value in (old, new)
    )
    return "".join(list(difflib.unified_diff(before, after))[2:])


def _form(fields: list[list[str]], value: Mapping[str, Any]) -> Struct:
    folded = {key.lower(): item for key, item in value.items()}
    out = Struct()
    for name, kind in fields:
        if name:
            out[name] = internal(kind, folded.get(_OTHER_NAMES.get(name) or name.lower()))
        elif kind == "m.ObjectMeta":
            out.update(_external(kind, value.get("metadata") or {}))
        elif kind not in ("m.TypeMeta", "m.ListMeta"):
            out.update(internal(kind, value))
    return out


def _external(kind: str, value: Mapping[str, Any]) -> Struct:
    out = Struct()
    for name, inner in _structs()[kind]:
        key = name.removesuffix("!")
        item = value.get(key)
        if item or name != key or (item is not None and inner.startswith("*")):
            out[key] = internal(inner, item)
    return out
