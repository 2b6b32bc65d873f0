"""The steps every write of an object shares: metadata the system owns, strategy, validation, canonical bytes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import product
from typing import Any

import msgspec

from kfast._core import Object, with_managed_fields
from kfast.api.kind import Body, FieldError, Kind
from kfast.apiserver.backend import Backend
from kfast.apiserver.empties import Empties, put_back, take_empties
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.scope import Scope
from kfast.apiserver.status_errors import bad_request, invalid, wrong_object
from kfast.apiserver.strconv import parse_uint
from kfast.clock import rfc3339
from kfast.errors import StatusError
from kfast.meta.gvk import GroupVersion
from kfast.meta.validation import validate_object_meta, validate_object_meta_update

_NAME_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
NAME_SUFFIX = 5
"""Characters a generated name ends with."""
_PAIRS = ["".join(pair) for pair in product(_NAME_ALPHABET, repeat=2)]
_TRIPLES = ["".join(triple) for triple in product(_NAME_ALPHABET, repeat=3)]
_SUFFIXES = len(_PAIRS) * len(_TRIPLES)
_NAME_BASE = 63 - NAME_SUFFIX
_SYSTEM_OWNED = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation")
_OTHER_NAMESPACE = "the namespace of the provided object does not match the namespace sent on the request"
_NOT_SPEC = frozenset({"metadata", "status", "apiVersion", "kind"})

decode_json = msgspec.json.decode
encode_json = msgspec.json.encode
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def metadata_of(body: Body) -> dict[str, Any]:
    """The object's metadata, made if absent."""
    metadata = body.get("metadata")
    if not isinstance(metadata, dict):
        metadata = body["metadata"] = {}
    return metadata


def stored_body(scope: Scope, obj: Object) -> Body:
    """A stored object in the version of `scope`, without its resourceVersion and managed fields."""
    return _stored(scope, obj, obj.untracked())


def stored_bodies(scope: Scope, obj: Object) -> tuple[Body, Body]:
    """The same twice, sharing nothing."""
    data = obj.untracked()
    return _stored(scope, obj, data), _stored(scope, obj, data)


def _stored(scope: Scope, obj: Object, data: bytes) -> Body:
    body: Body = decode_json(data)
    if not scope.shows(obj):
        body = scope.from_storage(body)
    body["metadata"].pop("resourceVersion", None)
    return body


def skimmed_bodies(obj: Object) -> tuple[Body, Body]:
    """The same of an object that is stored as it is shown, for who changes metadata only: all else is JSON
    (`msgspec.Raw`)."""
    members = _members(obj.untracked())
    named = {"apiVersion": obj.api_version, "kind": obj.kind}
    first, second = ({**members, **named, "metadata": decode_json(members["metadata"])} for _ in range(2))
    for body in (first, second):
        body["metadata"].pop("resourceVersion", None)
    return first, second


def canonical(scope: Scope, body: Body, managed: bytes) -> bytes:
    """The bytes the store keeps: storage version; apiVersion, kind and metadata first; no resourceVersion; the JSON
    `managed` as managed fields."""
    body = scope.to_storage(body)
    metadata = body["metadata"]
    metadata.pop("resourceVersion", None)
    ordered = {"apiVersion": body.pop("apiVersion"), "kind": body.pop("kind"), "metadata": metadata}
    ordered.update(body)
    return with_managed_fields(encode_json(ordered), managed)


def preview(scope: Scope, body: Body, managed: bytes, revision: int) -> Object:
    """The handle a dry run answers with: as stored, at an existing revision or (0) none."""
    data = decode_json(canonical(scope, body, managed))
    if revision:
        data["metadata"]["resourceVersion"] = str(revision)
    return Object.parse(encode_json(data))


def match_namespace(info: RequestInfo, body: Body) -> None:
    """Fills in the namespace of the path; there is none outside namespaces. Raises StatusError 400 if the body states
    another."""
    metadata = metadata_of(body)
    stated = metadata.get("namespace") or ""
    if not info.served.kind.namespaced:
        metadata.pop("namespace", None)
        return
    if stated and stated != info.namespace:
        raise bad_request(_OTHER_NAMESPACE)
    metadata["namespace"] = info.namespace


def match_name(info: RequestInfo, body: Body) -> None:
    """Raises StatusError 400 unless name and namespace are those of the path."""
    match_namespace(info, body)
    name = metadata_of(body).get("name") or ""
    if not name:
        why = f"the name of the object ({info.name} based on URL) was undeterminable: name must be provided"
        raise bad_request(why)
    if name != info.name:
        raise bad_request(f"the name of the object ({name}) does not match the name on the URL ({info.name})")


def wipe_system_owned(metadata: dict[str, Any]) -> None:
    """Takes out what a client may not set on a new object."""
    for key in (*_SYSTEM_OWNED, "selfLink", "resourceVersion"):
        metadata.pop(key, None)


def stated_revision(stated: str, dry_run: bool) -> int:
    """The resourceVersion of a new object, 0 if it is none. Raises StatusError 500 unless it is a dry run, as
    upstream's store does: after everything else, and not for one that is no number."""
    try:
        revision = parse_uint(stated or "0")
    except ValueError:
        return 0
    if revision and not dry_run:
        raise StatusError(500, "", "resourceVersion should not be set on objects to be created")
    return revision


def begin_create(backend: Backend, scope: Scope, body: Body) -> bool:
    """Sets what the system owns on an admitted new object: its status is not the client's to say. Whether its name
    was generated."""
    metadata = metadata_of(body)
    wipe_system_owned(metadata)
    generated = metadata.get("generateName") if not metadata.get("name") else None
    if generated:
        metadata["name"] = generate_name(backend, generated)
    metadata["uid"] = backend.new_uid()
    metadata["creationTimestamp"] = rfc3339(backend.clock.now())
    kind = scope.kind
    if kind.has_generation:
        metadata["generation"] = 1
    if kind.has_status and not kind.keeps_status_on_create:
        body.pop("status", None)
    return bool(generated)


def unique_owners(metadata: dict[str, Any], admitted: bool = False) -> list[str]:
    """Drops repeated owner references and warns of the uids that were stated twice, by the client or (`admitted`)
    since."""
    owners = metadata.get("ownerReferences")
    if not owners or len(owners) == 1:
        return []
    unique = [owner for at, owner in enumerate(owners) if owner not in owners[:at]]
    if len(unique) == len(owners):
        return []
    repeated = ", ".join(sorted({str(owner.get("uid")) for owner in unique if owners.count(owner) > 1}))
    metadata["ownerReferences"] = unique
    when = " after mutating admission happens" if admitted else ""
    return [
        f".metadata.ownerReferences contains duplicate entries{when}; API server dedups owner references in 1.20+, and "
        f"may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {repeated}"
    ]


def generate_name(backend: Backend, prefix: str) -> str:
    """`prefix`, cut to 58 characters, and five random ones."""
    return prefix[:_NAME_BASE] + name_suffix(backend)


def name_suffix(backend: Backend) -> str:
    """What makes a generated name unique."""
    return random_suffix(backend.random)


def random_suffix(rng: random.Random) -> str:
    """The same of a generator."""
    number = int(rng.random() * _SUFFIXES)
    return _PAIRS[number // len(_TRIPLES)] + _TRIPLES[number % len(_TRIPLES)]


def match_uid(kind: Kind, new: Body, old: Body) -> None:
    """Raises StatusError 409 if the uid is another's."""
    uid, before = metadata_of(new).get("uid"), old["metadata"]
    if uid and uid != before.get("uid"):
        name, namespace = before.get("name", ""), before.get("namespace") or ""
        raise wrong_object(kind, namespace, name, "UID", uid, before.get("uid", ""))


def begin_update(new: Body, old: Body) -> None:
    """Keeps on an update what the system owns; validation refuses another uid, which admission may have set, and a
    deletion the system did not mark."""
    metadata, before = metadata_of(new), old["metadata"]
    metadata["uid"] = metadata.get("uid") or before.get("uid", "")
    for key in ("creationTimestamp", "generation"):
        if key in before:
            metadata[key] = before[key]
        else:
            metadata.pop(key, None)
    if "deletionTimestamp" in before:
        metadata["deletionTimestamp"] = before["deletionTimestamp"]
    if "deletionGracePeriodSeconds" in before:
        metadata.setdefault("deletionGracePeriodSeconds", before["deletionGracePeriodSeconds"])
    metadata.pop("selfLink", None)


def keep_status(new: Body, old: Body) -> None:
    """The main resource never changes status."""
    if "status" in old:
        new["status"] = old["status"]
    else:
        new.pop("status", None)


def keep_all_but_status(new: Body, old: Body, taken: tuple[str, ...]) -> Body:
    """The object a write to the status subresource leaves: `old` with the status of `new` and the fields of its
    metadata that are `taken`."""
    merged = dict(old)
    if "status" in new:
        merged["status"] = new["status"]
    else:
        merged.pop("status", None)
    metadata = merged["metadata"] = dict(old["metadata"])
    for key in taken:
        if key in new["metadata"]:
            metadata[key] = new["metadata"][key]
        else:
            metadata.pop(key, None)
    return merged


def spec_changed(new: Body, old: Body) -> bool:
    """Whether anything outside metadata and status differs."""
    keys = (new.keys() | old.keys()) - _NOT_SPEC
    return any(new.get(key) != old.get(key) for key in keys)


def bump_generation(kind: Kind, new: Body, old: Body) -> None:
    """generation counts changes outside metadata and status, and what else the kind says."""
    if kind.generation_grows and (spec_changed(new, old) or kind.counts(new, old)):
        metadata = new["metadata"]
        metadata["generation"] = int(metadata.get("generation") or 0) + 1


def validate_create(backend: Backend, scope: Scope, body: Body) -> None:
    """Raises StatusError 422 with every violation."""
    kind = scope.kind
    errors = _validate_in_namespace(backend, kind, body, None)
    errors += [FieldError(*v) for v in validate_object_meta(body["metadata"], kind.namespaced, kind.name_rule)]
    errors += kind.validate(body)
    _raise(kind, body["metadata"], errors)


def validate_update(
    backend: Backend,
    scope: Scope,
    new: Body,
    old: Body,
    version: str,
    part: str,
    empties: Empties,
    refused: Sequence[FieldError] = (),
) -> None:
    """Raises StatusError 422. Only the `main` part changes specs; any other has the rules of the subresource of that
    name. `version` is the resourceVersion the update is based on, `empties` are those of `new`; `refused` is what its
    author may not do."""
    kind = scope.kind
    errors = [*_validate_in_namespace(backend, kind, new, old), *refused]
    if new["metadata"] != old["metadata"]:
        metadata = {**new["metadata"], "resourceVersion": version}
        again = kind.metadata_on_update if part == "main" else ("update",)
        errors += [
            FieldError(*v)
            for v in validate_object_meta_update(metadata, old["metadata"], kind.namespaced, kind.name_rule, again)
        ]
    if part == "main":
        if kind.validates_on_update and (errors or kind.validates_metadata or spec_changed(new, old)):
            put_back(empties)
            errors += kind.validate(new)
            if empties:
                take_empties(backend, scope, new)
        errors += _changed(backend, scope, new, old, empties)
    elif part in scope.subresources:
        errors += scope.subresources[part].validate(new, old)
    _raise(kind, old["metadata"], errors)


def _changed(backend: Backend, scope: Scope, new: Body, old: Body, empties: Empties) -> list[FieldError]:
    """What the kind says of the change. Nothing changes by an empty list, but messages show it."""
    errors = scope.kind.validate_update(new, old)
    if not empties or not (errors or scope.kind.tells_empties):
        return errors
    put_back(empties)
    shown = scope.kind.validate_update(new, old)
    take_empties(backend, scope, new)
    same = [(e.path, e.reason) for e in shown] == [(e.path, e.reason) for e in errors]
    return shown if same or scope.kind.tells_empties else errors


def _validate_in_namespace(backend: Backend, kind: Kind, new: Body, old: Body | None) -> list[FieldError]:
    if kind.validate_in_namespace is None:
        return []
    namespace = backend.store.get("namespaces", "", new["metadata"].get("namespace") or "")
    return kind.validate_in_namespace(new, old, namespace.labels if namespace is not None else {})


def _raise(kind: Kind, metadata: dict[str, Any], errors: list[FieldError]) -> None:
    if errors:
        group = GroupVersion.parse(kind.storage).group if kind.storage else kind.group
        raise invalid(group, kind.kind, metadata.get("name", ""), errors)
