"""`Scope`: a served kind with everything the handlers look up per request worked out beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfast._core import Object, Schema
from kfast.api.kind import Body, Kind
from kfast.meta.gvk import GroupVersion

if TYPE_CHECKING:
    from kfast.apiserver.webhook_conversion import WebhookConversion


class Scope:
    """One resource in one version: its declaration and the declaration it is stored as.

    `structure` knows the fields of a custom resource, which are no schema data; `custom` marks kinds without protobuf
    (custom resources).
    """

    __slots__ = (
        "api_version",
        "converts",
        "custom",
        "kind",
        "list_kind",
        "metric_labels",
        "remote",
        "resource",
        "schema",
        "storage",
        "structure",
        "subresources",
        "verbs",
    )

    def __init__(self, kind: Kind, storage: Kind) -> None:
        self.kind = kind
        self.storage = storage
        self.structure: Schema | None = kind.definition.structure if kind.definition else None
        self.resource = storage.resource
        self.converts = kind.storage != "" and (
            kind.from_storage is not None or storage.api_version != kind.api_version
        )
        self.schema = kind.schema
        self.metric_labels: dict[tuple[str, str, str], Any] = {}
        self.remote: WebhookConversion | None = None
        """Converts objects before and after all else sees them."""
        self.custom = kind.definition is not None
        self.api_version = kind.api_version
        self.list_kind = kind.list_kind
        self.verbs = frozenset(kind.verbs)
        self.subresources = {s.name: s for s in kind.subresources}

    def shows(self, obj: Object) -> bool:
        """Whether a stored object is in this version as it is."""
        if not self.converts:
            return True
        return self.remote is None and obj.api_version == self.api_version and not self.outdated(obj)

    def outdated(self, obj: Object) -> bool:
        """Whether a stored custom resource may be of another form than one written now."""
        definition, stored = self.kind.definition, self.kind.storage or self.api_version
        return definition is None or obj.api_version != stored or obj.revision <= definition.changed

    def from_storage(self, body: Body) -> Body:
        """The stored object in this version."""
        if not self.converts or self.remote is not None:
            return body
        if self.kind.from_storage is not None:
            body = self.kind.from_storage(body)
        body["apiVersion"] = self.api_version
        return body

    def to_storage(self, body: Body) -> Body:
        """An object of this version as it is stored."""
        if not self.converts or self.remote is not None:
            return body
        if self.kind.to_storage is not None:
            body = self.kind.to_storage(body)
        body["apiVersion"] = self.kind.storage
        return body


def storage_version(kind: Kind) -> GroupVersion:
    """The group and version `kind` is stored in."""
    return GroupVersion.parse(kind.storage) if kind.storage else kind.gv
