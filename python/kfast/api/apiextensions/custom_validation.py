"""What every custom resource must be, besides what its schema says (upstream: registry/customresource)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kfast._core import Schema
from kfast.api.columns import lookup
from kfast.api.field_errors import invalid, quoted
from kfast.api.kind import Body, FieldError
from kfast.meta.name_rules import qualified_name

_MOST_REPLICAS = 2**31 - 1
_STANDARD_FINALIZERS = ("orphan", "foregroundDeletion", "kubernetes")
_ADVICE = "to avoid accidental conflicts with other finalizer writers"


@dataclass(frozen=True, slots=True)
class CustomRules:
    """The rules of a kind with this structure: those of its schema, and of what its scale subresource reads."""

    structure: Schema
    key: str
    """`Kind.schema`."""
    scale: Mapping[str, str]

    def validate(self, body: Body) -> list[FieldError]:
        """A new object."""
        return [*_errors(self.structure.validate(self.key, body)), *self._scaled(body, "spec", "status")]

    def validate_update(self, new: Body, old: Body) -> list[FieldError]:
        """A change of the main resource; what was wrong before and is as it was passes."""
        return [*_errors(self.structure.validate_update(self.key, new, old)), *self._scaled(new, "spec", "status")]

    def validate_status(self, new: Body, old: Body) -> list[FieldError]:
        """A change of the status."""
        found = self.structure.validate_update(self.key, new, old, "status")
        return [*_errors(found), *self._scaled(new, "status")]

    def _scaled(self, body: Body, *parts: str) -> Iterator[FieldError]:
        for part in parts:
            if part in self.scale:
                yield from _replicas(body, self.scale[part])
        if "status" in parts and "selector" in self.scale:
            yield from _selector(body, self.scale["selector"])


def _errors(violations: list[tuple[str, str, str]]) -> Iterator[FieldError]:
    return (FieldError(*violation) for violation in violations)


def _replicas(body: Body, path: str) -> Iterator[FieldError]:
    value = lookup(body, path)
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int):
        yield invalid(f".{path}", 0, _misfit(path, value, "int64"))
    elif value < 0:
        yield invalid(f".{path}", value, "should be a non-negative integer")
    elif value > _MOST_REPLICAS:
        yield invalid(f".{path}", value, f"should be less than or equal to {_MOST_REPLICAS}")


def _selector(body: Body, path: str) -> Iterator[FieldError]:
    value = lookup(body, path)
    if value is not None and not isinstance(value, str):
        yield invalid(f".{path}", "", _misfit(path, value, "string"))


def _misfit(path: str, value: Any, wanted: str) -> str:
    """Go's report of a value of another type than an accessor wants."""
    names = {str: "string", bool: "bool", int: "int64", float: "float64", list: "[]interface {}"}
    found = names.get(type(value), "map[string]interface {}")
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    return f".{path} accessor error: {shown} is of the type {found}, expected {wanted}"


def finalizer_warnings(body: Body) -> list[str]:
    """Names of finalizers should have a domain and a path."""
    return new_finalizer_warnings(body, {"metadata": {}})


def new_finalizer_warnings(new: Body, old: Body) -> list[str]:
    """The same about those that are added."""
    warnings: list[str] = []
    before = old["metadata"].get("finalizers") or ()
    for name in sorted(set(new["metadata"].get("finalizers") or ()).difference(before)):
        warnings += [f"metadata.finalizers: {quoted(name)}: {why}" for why in qualified_name(name)]
        if "/" not in name and name not in _STANDARD_FINALIZERS:
            including = " including a path (/)" if "." in name else ""
            advice = f"prefer a domain-qualified finalizer name{including} {_ADVICE}"
            warnings.append(f"metadata.finalizers: {quoted(name)}: {advice}")
    return warnings
