"""Field selectors on what a webhook converts to: the store knows the fields of the stored version alone."""

from __future__ import annotations

import msgspec

from kfast._core import FieldSelector, Object
from kfast.api.kind import Kind

Event = tuple[str, Object, Object | None]
_METADATA = {"metadata.name": "name", "metadata.namespace": "namespace"}


class ConvertedFields:
    """Chooses among converted objects and their events by fields of the served version."""

    def __init__(self, kind: Kind, selector: FieldSelector) -> None:
        self._selector = selector
        self._paths = {field.label: field.path.split(".") for field in kind.fields}

    def matches(self, obj: Object) -> bool:
        """Whether an object in the served version is selected."""
        fields = {label: _text(obj.get(*path)) for label, path in self._paths.items()}
        return self._selector.matches(fields | {label: getattr(obj, name) for label, name in _METADATA.items()})

    def event(self, kind: str, obj: Object, before: Object | None) -> Event | None:
        """What the selector makes of a change: an object may come to be selected, or leave (DELETED as it was, with the
        revision of the change). None: nothing of it is seen."""
        now = self.matches(obj)
        if kind != "MODIFIED" or before is None:
            return (kind, obj, None) if now else None
        if not self.matches(before):
            return ("ADDED", obj, None) if now else None
        return (kind, obj, None) if now else ("DELETED", _at(before, obj.revision), None)


def converted_fields(kind: Kind, selector: FieldSelector | None) -> ConvertedFields | None:
    """What the store cannot select: any field that the kind itself declares."""
    if selector is None or all(label in _METADATA for label, _, _ in selector.requirements):
        return None
    return ConvertedFields(kind, selector)


def _at(obj: Object, revision: int) -> Object:
    body = msgspec.json.decode(obj.to_bytes())
    body["metadata"]["resourceVersion"] = str(revision)
    return Object.parse(msgspec.json.encode(body))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
