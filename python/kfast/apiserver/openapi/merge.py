"""Several servers' OpenAPI v2 documents as one (upstream: kube-openapi/pkg/aggregator)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from kfast.apiserver.openapi.v3 import reachable, references

Document = dict[str, Any]

_KINDS = "x-kubernetes-group-version-kind"


def with_paths(document: Document, wanted: Collection[str]) -> Document:
    """The document with only these paths, and without the definitions that only others used."""
    paths, definitions = document.get("paths") or {}, document.get("definitions") or {}
    kept = {path: item for path, item in paths.items() if path in wanted}
    gone = reachable(references(paths), definitions).keys() - reachable(references(kept), definitions).keys()
    told = {name: schema for name, schema in definitions.items() if name not in gone}
    return document | {"paths": kept, "definitions": told}


def merged(document: Document, others: Iterable[Document]) -> Document:
    """`document`, which is changed, and the others. Paths it has already stay; definitions and parameters of a taken
    name that are not the same get another."""
    for other in others:
        paths: dict[str, Any] = document.setdefault("paths", {})
        new = (other.get("paths") or {}).keys() - paths.keys()
        if not new:
            continue
        other = with_paths(other, new)
        for part in ("definitions", "parameters"):
            mine = document.setdefault(part, {})
            other = _renamed(other, part, _renames(mine, other.get(part) or {}))
            _add(mine, other.get(part) or {})
            if not mine:
                del document[part]
        paths |= other["paths"]
    return document


def _renames(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, str]:
    """New names for those of theirs that are something else here: `name_v2` and so on."""
    renames: dict[str, str] = {}
    taken = {*mine, *theirs}
    for name, value in theirs.items():
        if name not in mine or _same(mine[name], value):
            continue
        number = 2
        while (new := f"{name}_v{number}") in taken and not (new in mine and _same(mine[new], value)):
            number += 1
        renames[name] = new
        taken.add(new)
    return renames


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return {**one, _KINDS: None} == {**other, _KINDS: None}


def _renamed(document: Document, part: str, renames: Mapping[str, str]) -> Document:
    if not renames:
        return document
    changed: Document = _referring(document, {f"#/{part}/{old}": f"#/{part}/{new}" for old, new in renames.items()})
    changed[part] = {renames.get(name, name): value for name, value in changed[part].items()}
    return changed


def _referring(value: Any, renames: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_referring(each, renames) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: renames.get(inner, inner) if key == "$ref" and isinstance(inner, str) else _referring(inner, renames)
        for key, inner in value.items()
    }


def _add(mine: dict[str, Any], theirs: Mapping[str, Any]) -> None:
    """What is in both is the same but for the kinds it is the schema of, which are all told."""
    for name, value in theirs.items():
        known = mine.setdefault(name, value)
        if known is not value and value.get(_KINDS):
            kinds = known.get(_KINDS) or []
            mine[name] = known | {_KINDS: [*kinds, *(kind for kind in value[_KINDS] if kind not in kinds)]}
