"""The admission chain: an ordered list of plugins that may change, then only refuse, a write."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, get_args

from kfast.api.kind import Body, Kind
from kfast.apiserver.admission.metrics import AdmissionMetrics, Timed
from kfast.apiserver.options import DeleteOptions, WriteOptions
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.status_errors import forbidden
from kfast.config import ADMISSION_PLUGINS
from kfast.errors import StatusError
from kfast.meta.exchange import Level, Request, User
from kfast.meta.name_rules import qualified_name

_log = logging.getLogger(__name__)

Operation = Literal["CREATE", "UPDATE", "DELETE", "CONNECT"]
_OPERATIONS: tuple[Operation, ...] = get_args(Operation)


@dataclass(slots=True)
class Attributes:
    """What a plugin sees of a request. `object` is None on DELETE, `old` on CREATE; bodies are in the request's
    version, without resourceVersion, and `object` may be changed in place by `admit`.

    For a Namespace itself `namespace` is its name. `name` is empty while it is to be generated, and for each object of
    a deletecollection.
    """

    operation: Operation
    kind: Kind
    subresource: str
    namespace: str
    name: str
    object: Body | None
    old: Body | None
    user: User | None
    dry_run: bool
    request: Request | None = None
    """Where warnings and audit annotations go."""
    options: WriteOptions | DeleteOptions | None = None
    schema: str = ""
    """What `object` and `old` are if not of the kind: `autoscaling/v1/Scale`, `v1/Binding`, `v1/PodExecOptions`."""
    versions: tuple[str, str] = ("", "")
    """The resourceVersions of object and old."""
    managed: tuple[bytes, bytes] = (b"", b"")
    """The JSON of the managed fields of object and old, which do not have them."""
    reinvoke: bool = False
    """Set by a plugin whose change the plugins before it should see: the mutating step runs once more."""
    reinvoked: bool = False
    """The second run of the mutating step."""
    kept: dict[str, Any] = field(default_factory=dict)
    """What plugins keep from the first run for the second, by plugin."""

    @classmethod
    def of(
        cls,
        operation: Operation,
        request: Request,
        info: RequestInfo,
        options: WriteOptions | DeleteOptions | None,
        *,
        name: str = "",
        object: Body | None = None,  # noqa: A002
        old: Body | None = None,
        schema: str = "",
        versions: tuple[str, str] = ("", ""),
        managed: tuple[bytes, bytes] = (b"", b""),
    ) -> Attributes:
        """The attributes of a request for a served resource; `options` are None for CONNECT."""
        kind = info.served.kind
        namespace = info.namespace if kind.namespaced else name if kind.resource == "namespaces" else ""
        dry_run = options is not None and options.dry_run
        user = request.user
        return cls(
            operation,
            kind,
            info.subresource,
            namespace,
            name,
            object,
            old,
            user,
            dry_run,
            request,
            options,
            schema,
            versions,
            managed,
        )

    @property
    def object_schema(self) -> str:
        """`group/version/Kind` of the objects."""
        return self.schema or self.kind.schema

    def warn(self, text: str) -> None:
        """Adds a warning to the answer, once."""
        if self.request is not None and text not in self.request.warnings:
            self.request.warnings.append(text)

    def annotate(self, key: str, value: str, level: Level = "Metadata") -> None:
        """Adds an annotation, `domain/name`, to the request's audit events of `level` and above. A second value for the
        same key is logged and dropped."""
        if self.request is None:
            return
        annotations = self.request.annotations
        if key.count("/") != 1 or qualified_name(key):
            _log.warning("the audit annotation %r of %s has no valid key", key, self.name)
        elif annotations.setdefault(key, (level, value)) != (level, value):
            _log.warning("the audit annotation %r of %s is there already with another value", key, self.name)


class Rules(NamedTuple):
    """The resources a plugin is asked about, by operation: `resource`, `resource/subresource`, or `*/*` for all."""

    create: tuple[str, ...] = ()
    update: tuple[str, ...] = ()
    delete: tuple[str, ...] = ()
    connect: tuple[str, ...] = ()

    def match(self, operation: Operation, resource: str, subresource: str) -> bool:
        """Whether they take such a request."""
        listed = self[_OPERATIONS.index(operation)]
        return "*/*" in listed or (f"{resource}/{subresource}" if subresource else resource) in listed


ALL = ("*/*",)
"""Resources and subresources."""


class Plugin:
    """One admission plugin: it looks at everything and changes nothing, unless it says otherwise. Both steps raise
    StatusError to refuse."""

    name: str
    looks = True
    """Whether it reads or changes objects; if not, they may be left out."""
    in_core = False
    """Whether the core does its part for new objects that Python does not see: it is not asked about them."""
    rules = Rules(ALL, ALL, ALL, ALL)

    def handles(self, attributes: Attributes) -> bool:
        """Whether it cares about a request that its rules take; asked before each step."""
        return True

    def skims(self, attributes: Attributes) -> bool:
        """Whether it has nothing to do about an update that changes metadata only. All else in its objects is JSON
        (`msgspec.Raw`)."""
        return False

    async def admit(self, attributes: Attributes) -> None:
        """May change `attributes.object`."""

    async def validate(self, attributes: Attributes) -> None:
        """Sees the final object."""


class _Concerned(NamedTuple):
    """The plugins to be asked about requests for a resource: all, those that look at objects, those with a step of
    their own, and those of them that do not look."""

    all: Sequence[Plugin]
    looking: Sequence[Plugin]
    admit: Sequence[Plugin]
    validate: Sequence[Plugin]
    admit_unseen: Sequence[Plugin]
    validate_unseen: Sequence[Plugin]

    @classmethod
    def of(cls, plugins: Sequence[Plugin]) -> _Concerned:
        admit = [plugin for plugin in plugins if type(plugin).admit is not Plugin.admit]
        validate = [plugin for plugin in plugins if type(plugin).validate is not Plugin.validate]
        return cls(
            plugins,
            [plugin for plugin in plugins if plugin.looks],
            admit,
            validate,
            [plugin for plugin in admit if not plugin.looks],
            [plugin for plugin in validate if not plugin.looks],
        )


class Chain:
    """Plugins sorted into the order of ADMISSION_PLUGINS: all `admit` before validation, all `validate` after it."""

    def __init__(self, plugins: Sequence[Plugin]) -> None:
        place = {name: number for number, name in enumerate(ADMISSION_PLUGINS)}
        self.plugins = sorted(plugins, key=lambda plugin: place[plugin.name])
        self.metrics = AdmissionMetrics()
        self._known: dict[tuple[Operation, str, str, bool], _Concerned] = {}

    def add(self, plugin: Plugin) -> None:
        """Puts a plugin behind the others."""
        self.plugins.append(plugin)
        self._known.clear()

    def _concerned(self, attributes: Attributes) -> _Concerned:
        """Those whose rules take the request."""
        operation, resource, part = attributes.operation, attributes.kind.resource, attributes.subresource
        unseen = attributes.object is None
        key = operation, resource, part, unseen
        found = self._known.get(key)
        if found is None:
            plugins = [plugin for plugin in self.plugins if plugin.rules.match(operation, resource, part)]
            plugins = [plugin for plugin in plugins if not (unseen and plugin.in_core)]
            found = self._known[key] = _Concerned.of(plugins)
        return found

    def looks_at(self, attributes: Attributes) -> bool:
        """Whether any plugin needs the object of the request."""
        return any(plugin.handles(attributes) for plugin in self._concerned(attributes).looking)

    def skims(self, attributes: Attributes) -> bool:
        """Whether no plugin has anything to do about an update of metadata only, whose objects are as for
        `Plugin.skims`."""
        concerned = self._concerned(attributes).all
        return all(plugin.skims(attributes) or not plugin.handles(attributes) for plugin in concerned)

    async def admit(self, attributes: Attributes) -> bool:
        """The mutating step; once more if a plugin asks for it. Whether a plugin may have changed the object."""
        with Timed(self.metrics.step, "admit", attributes.operation):
            looked = await self._admit(attributes)
            if attributes.reinvoke:
                attributes.reinvoked = True
                await self._admit(attributes)
        return looked

    async def _admit(self, attributes: Attributes) -> bool:
        looked = False
        for plugin in self._concerned(attributes).admit:
            if plugin.handles(attributes):
                with Timed(self.metrics.controller, plugin.name, "admit", attributes.operation):
                    await plugin.admit(attributes)
                looked = looked or plugin.looks
        return looked

    async def admit_unseen(self, attributes: Attributes) -> None:
        """The mutating step where no plugin looks at the object."""
        for plugin in self._concerned(attributes).admit_unseen:
            if plugin.handles(attributes):
                await plugin.admit(attributes)

    async def validate_unseen(self, attributes: Attributes) -> None:
        """The validating step where no plugin looks at the object."""
        for plugin in self._concerned(attributes).validate_unseen:
            if plugin.handles(attributes):
                await plugin.validate(attributes)

    async def review(self, attributes: Attributes) -> None:
        """Both steps, where there is nothing in between."""
        await self.admit(attributes)
        await self.validate(attributes)

    async def validate(self, attributes: Attributes) -> None:
        """The validating step."""
        with Timed(self.metrics.step, "validate", attributes.operation):
            for plugin in self._concerned(attributes).validate:
                if plugin.handles(attributes):
                    with Timed(self.metrics.controller, plugin.name, "validate", attributes.operation):
                        await plugin.validate(attributes)


def refusal(attributes: Attributes, why: str) -> StatusError:
    """403 on the request's object, which may be without a name yet (admission.NewForbidden)."""
    kind, name = attributes.kind, attributes.name
    if not name:
        metadata = (attributes.object or {}).get("metadata") or {}
        name = metadata.get("name") or metadata.get("generateName") or "Unknown"
    return forbidden(kind.group, kind.plural, name, why)
