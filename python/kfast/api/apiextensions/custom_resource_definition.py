"""CustomResourceDefinition."""

from __future__ import annotations

from kfast.api.admissionregistration.client_config import default_client_config
from kfast.api.apiextensions import conditions
from kfast.api.apiextensions.definition_validation import (
    validate,
    validate_status_update,
    validate_update,
    versions_of,
)
from kfast.api.apiextensions.format_warnings import format_warnings, new_format_warnings
from kfast.api.kind import Body, DeleteDefaults, Kind, Subresource
from kfast.clock import rfc3339

FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
"""Held by a definition until its objects are gone."""


def _defaults(crd: Body) -> None:
    spec = crd.setdefault("spec", {})
    naming = spec.setdefault("names", {})
    kind = naming.get("kind") or ""
    if not naming.get("singular") and kind:
        naming["singular"] = kind.lower()
    if not naming.get("listKind") and kind:
        naming["listKind"] = f"{kind}List"
    conversion = spec.get("conversion")
    if conversion is None:
        conversion = spec["conversion"] = {"strategy": "None"}
    default_client_config((conversion.get("webhook") or {}).get("clientConfig") or {})
    if not spec.get("preserveUnknownFields"):
        spec.pop("preserveUnknownFields", None)
    if not (crd.get("status") or {}).get("storedVersions"):
        crd["status"] = dict(crd.get("status") or {})
        _note_storage(crd)


def _note_storage(crd: Body) -> None:
    """Adds the storage version to the versions that objects may be stored in."""
    stored = crd["status"].get("storedVersions") or []
    storage = next((version.get("name") or "" for version in versions_of(crd) if version.get("storage")), None)
    if storage is not None and storage not in stored:
        crd["status"]["storedVersions"] = [*stored, storage]


def _prepare_create(crd: Body) -> None:
    crd["status"] = {"conditions": None, "acceptedNames": {"plural": "", "kind": ""}}
    _note_storage(crd)


def _prepare_update(new: Body, old: Body) -> None:
    new["status"] = dict(old.get("status") or {})
    _note_storage(new)


def _mark_deleted(crd: Body, now: float) -> None:
    """The first delete leaves the definition to the finalizer that removes its objects."""
    metadata = crd["metadata"]
    metadata["deletionTimestamp"] = rfc3339(now)
    finalizers = metadata.get("finalizers") or []
    metadata["finalizers"] = finalizers if FINALIZER in finalizers else [*finalizers, FINALIZER]
    why = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon"
    conditions.put(crd, conditions.TERMINATING, "True", "InstanceDeletionPending", why, now)


KIND = Kind(
    group="apiextensions.k8s.io",
    version="v1",
    kind="CustomResourceDefinition",
    plural="customresourcedefinitions",
    namespaced=False,
    short_names=("crd", "crds"),
    categories=("api-extensions",),
    subresources=(Subresource("status", validate=validate_status_update),),
    unconditional_update=False,
    name_rule="subdomain_only",
    delete=DeleteDefaults(mark=_mark_deleted),
    defaults=_defaults,
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
    validate=validate,
    validates_on_update=False,
    validate_update=validate_update,
    warnings=format_warnings,
    update_warnings=new_format_warnings,
)
