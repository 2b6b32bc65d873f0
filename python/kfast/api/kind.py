"""`Kind`: everything the apiserver must know of one served kind, declared once.

A kind's file (`api/<group>/<kind>.py`) defines one `KIND = Kind(...)`; `api/catalog.py` lists them. Structure (fields,
types, enums, merge keys, protobuf tags) is not declared here: it is data, read by the schema engine under
`Kind.schema`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol

from kfast._core import Schema
from kfast.meta.exchange import User
from kfast.meta.gvk import GroupVersion, group_resource
from kfast.meta.validation import NameRule

Body = dict[str, Any]
"""A decoded object."""

Cell = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class FieldError:
    """One entry of `Status.details.causes`: upstream's field.Error.

    `reason` is the cause reason (FieldValueRequired, FieldValueInvalid, FieldValueNotSupported, FieldValueForbidden,
    FieldValueDuplicate, FieldValueTooLong, FieldValueTooMany, FieldValueTypeInvalid, FieldValueNotFound); `message` is
    the text after `path: ` exactly as upstream prints it, e.g.
    `Invalid value: -1: must be greater than or equal to 0`.
    """

    path: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Column:
    """One printer column of the Table kubectl shows.

    `value` is a dotted path (`spec.nodeName`), or a function of (object, now in epoch seconds).
    Cells of type `date` are RFC 3339 strings; the ages upstream shows are of type `string`.
    """

    name: str
    value: str | Callable[[Body, float], Cell]
    type: Literal["string", "integer", "number", "boolean", "date"] = "string"
    priority: int = 0
    format: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class SelectableField:
    """A field usable in fieldSelector: its label, the path of its value and what an absent value counts as.

    Of several paths, divided by `|`, the first that has a value counts.
    """

    label: str
    path: str
    default: str = ""


def _nothing(_: Body) -> None:
    return None


def _unprepared(_new: Body, _old: Body, _now: float) -> None:
    return None


def _valid_update(_new: Body, _old: Body) -> list[FieldError]:
    return []


@dataclass(frozen=True, slots=True)
class Permission:
    """What a change asks of its author beyond the request: one of `any_of`, each a (verb, subresource, namespace, name)
    of the changed object's resource. Without it the change of `path` is forbidden: `why`, then the authorizer's words.
    """

    path: str
    any_of: tuple[tuple[str, str, str, str], ...]
    why: str


def _no_permissions(_new: Body, _old: Body, _user: User, _verb: str) -> list[Permission]:
    return []


@dataclass(frozen=True, slots=True)
class Subresource:
    """A subresource in discovery: `kind` and `group_version` differ from the parent's for scale, eviction, token...

    A write of the status takes the fields of the metadata that `metadata` names, too. Of those that write a part of
    the status, `defaults` fills what is sent, `prepare` (new, old, now in epoch seconds) changes new in place,
    `validate` checks (new, old), and `permissions` says what (new, old, author, verb of the request) asks for besides.
    """

    name: str
    verbs: tuple[str, ...] = ("get", "patch", "update")
    kind: str = ""
    group_version: str = ""
    defaults: Callable[[Body], None] = _nothing
    prepare: Callable[[Body, Body, float], None] = _unprepared
    metadata: tuple[str, ...] = ("labels", "annotations", "finalizers")
    validate: Callable[[Body, Body], list[FieldError]] = _valid_update
    permissions: Callable[[Body, Body, User, str], list[Permission]] = _no_permissions


STATUS = Subresource("status")
STATUS_ALONE = Subresource("status", metadata=())
"""A status whose writes leave the metadata alone."""
SCALE = Subresource("scale", kind="Scale", group_version="autoscaling/v1")

PROXY_VERBS = ("create", "delete", "get", "patch", "update")
ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True)
class DeleteDefaults:
    """What a delete does when its options are silent."""

    propagation: Literal["Background", "Orphan"] = "Background"
    grace_seconds: Callable[[Body, int | None], int] | None = None
    """(object, requested seconds or None) -> seconds; None: deletion is never graceful."""
    mark: Callable[[Body, float], None] | None = None
    """(object, now): what the first delete changes, to wait for a controller that lets the object go."""
    warning: str = ""
    """Sent with a delete that leaves the propagation to the kind."""


def _valid(_: Body) -> list[FieldError]:
    return []


def _no_prepare(_new: Body, _old: Body) -> None:
    return None


def _nothing_else(_new: Body, _old: Body) -> bool:
    return False


def _no_warnings(_: Body) -> list[str]:
    return []


Used = tuple[dict[str, str], list[tuple[str, str]], dict[str, list[str]]]
"""What a pod takes from quotas: amounts, (scope, value) pairs, containers without an amount by resource."""
Admitted = tuple[tuple[bool, str] | None, str | None, Used | None]
"""What plugins say in the core: why an object is refused, and whether before its rules are looked at; for the audit
log; what it takes from quotas."""
Whole = tuple[str, bool, bytes, list[str], list[tuple[str, str, str]], Admitted | None]
"""An object to be created: name, whether it was generated, canonical bytes, warnings, violations, and what the plugins
say."""


class PrepareBodies(Protocol):
    """Creates between bodies and store: (schema, bodies, media type, field validation, namespace, now as RFC 3339,
    uids, endings of generated names, field manager) -> an object for each body, None where it is refused as a whole."""

    def __call__(
        self,
        schema: Schema,
        bodies: list[bytes],
        media_type: str,
        validation: str,
        namespace: str,
        timestamp: str,
        uids: list[str],
        suffixes: list[str],
        manager: str,
        /,
    ) -> Sequence[Whole | None]: ...


@dataclass(frozen=True, slots=True)
class Definition:
    """What a CustomResourceDefinition gives a kind in one version."""

    structure: Schema
    """The structure of this kind alone."""
    schema: Body
    """Its openAPIV3Schema as declared."""
    list_kind: str
    terminating: bool = False
    """Its objects are being removed: none is created any more."""
    changed: int = 0
    """The revision from which on objects were written by this structure; older ones may be otherwise."""
    selectable: tuple[SelectableField, ...] = ()
    """The selectable fields of all versions."""
    structures: Mapping[str, Schema] = field(default_factory=dict)
    """The structures of all versions."""
    replicas: Mapping[str, str] = field(default_factory=dict)
    """Where the replicas are by api version, empty if a version has no scale subresource."""
    webhook: Body | None = None
    """spec.conversion.webhook, if that converts between the versions."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """The declaration of one kind in one version."""

    group: str
    version: str
    kind: str
    plural: str
    singular: str = ""
    """Lower-case kind unless given."""
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    subresources: tuple[Subresource, ...] = ()
    columns: tuple[Column, ...] = ()
    """Empty: name and creation time."""
    fields_in_annotations: str = ""
    """The prefix of annotations that upstream holds as fields; tables do not show them."""
    row_order: Callable[[Body], Any] | None = None
    """What the rows of a table of a list are sorted by, if it is not the name."""
    fields: tuple[SelectableField, ...] = ()
    """Besides metadata.name and metadata.namespace."""
    has_generation: bool = True
    """metadata.generation counts changes outside metadata and status."""
    generation_grows: bool = True
    """If not, it stays what it was at first."""
    counts: Callable[[Body, Body], bool] = _nothing_else
    """(new, old): whether a change of metadata counts as a new generation, too."""
    keeps_status_on_create: bool = False
    """A status sent with a create is kept (upstream: Node); otherwise it is wiped."""
    create_on_update: bool = False
    """PUT of an absent object creates it (e.g. Lease: yes, Pod: no)."""
    unconditional_update: bool = True
    """PUT without resourceVersion overwrites."""
    delete: DeleteDefaults = field(default_factory=DeleteDefaults)
    name_rule: NameRule = "subdomain"
    """What metadata.name must be."""
    metadata_on_update: tuple[Literal["update", "create"], ...] = ("update",)
    """Which rules of the metadata the kind's own check of an update repeats; causes of errors name them as often."""
    defaults: Callable[[Body], None] = _nothing
    """Fills defaults in place; idempotent; called on every decoded write."""
    prepare_bodies: PrepareBodies | None = None
    """All of a create but admission, without objects in Python; the same as the hooks and checks below do."""
    prepare_create: Callable[[Body], list[str] | None] = _nothing
    """Strategy: called after status is wiped, before validation; may return warnings."""
    prepare_requester: Callable[[Body, User], None] | None = None
    """Strategy: writes who asks into a new object."""
    counts_what_is_dropped: bool = False
    """metadata.generation counts changes before `prepare_update`."""
    prepare_update: Callable[[Body, Body], None] = _no_prepare
    """Strategy of the main resource: (new, old), changes new in place. Status is kept from old by the apiserver."""
    validate: Callable[[Body], list[FieldError]] = _valid
    """Semantic validation beyond the schema; also run on updates."""
    validate_in_namespace: Callable[[Body, Body | None, Mapping[str, str]], list[FieldError]] | None = None
    """(new, old or None for a create, labels of the namespace): what the namespace has a say in."""
    validates_metadata: bool = True
    """Whether `validate` says more about metadata than the rules of all kinds. If not, an update that leaves a valid
    object's spec as it is passes without it."""
    metadata_apart: Callable[[Body, Body], bool] | None = None
    """(metadata, former metadata): whether an update that changes nothing else is a matter of the rules of all kinds
    only: neither strategy nor `validate_update` nor the generation go by what differs."""
    validates_on_update: bool = True
    """Whether an update is checked by `validate`, too; if not, `validate_update` does it all."""
    validate_update: Callable[[Body, Body], list[FieldError]] = _valid_update
    """(new, old): immutable fields and the like."""
    tells_empties: bool = False
    """To `validate_update` an empty list or map is another than an absent one."""
    deprecation: str = ""
    """The warning sent with every request for the kind, reads included."""
    warnings: Callable[[Body], list[str]] = _no_warnings
    """Warning headers for a create or update."""
    definition: Definition | None = None
    """Set of custom resources; the structure of other kinds is schema data."""
    update_warnings: Callable[[Body, Body], list[str]] | None = None
    """(new, old): those of an update, if they are not those of a create."""
    storage: str = ""
    """`group/version` the kind is stored in, if another declaration of the same resource holds the storage version."""
    from_storage: Callable[[Body], Body] | None = None
    to_storage: Callable[[Body], Body] | None = None
    scale_paths: Mapping[str, str] = field(
        default_factory=lambda: {
            "spec": "spec.replicas",
            "status": "status.replicas",
            "selector": "spec.selector",
        }
    )

    @cached_property
    def gv(self) -> GroupVersion:
        """Group and version."""
        return GroupVersion(self.group, self.version)

    @cached_property
    def api_version(self) -> str:
        """`apps/v1`, `v1`."""
        return str(self.gv)

    @cached_property
    def resource(self) -> str:
        """`deployments.apps`, `pods`: the key in the store, shared by all versions of the kind."""
        return group_resource(self.group, self.plural)

    @cached_property
    def storage_resource(self) -> str:
        """The key in the store: `resource`, unless another group holds the storage version (as of events.k8s.io)."""
        return group_resource(GroupVersion.parse(self.storage).group, self.plural) if self.storage else self.resource

    @cached_property
    def schema(self) -> str:
        """The key of the kind's structure in the schema data: `apps/v1/Deployment`, `v1/Pod`."""
        return f"{self.api_version}/{self.kind}"

    @property
    def list_kind(self) -> str:
        """The kind of a list of objects."""
        return self.definition.list_kind if self.definition else f"{self.kind}List"

    @cached_property
    def singular_name(self) -> str:
        """The singular resource name."""
        return self.singular or self.kind.lower()

    @cached_property
    def has_status(self) -> bool:
        """Whether the kind has a status subresource."""
        return any(s.name == "status" for s in self.subresources)

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The URL path of the collection, an object or a subresource."""
        parts = [self.gv.path]
        if self.namespaced and namespace:
            parts.append(f"namespaces/{namespace}")
        parts.append(self.plural)
        if name:
            parts.append(name)
        if subresource:
            parts.append(subresource)
        return "/".join(parts)
