"""What a CustomResourceDefinition may say (upstream: apiextensions/validation).

Upstream checks an internal version of the object in which what all versions share stands in the spec itself, and so
do the paths of its errors: `spec.validation` is the schema of a definition whose versions have the same one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from kfast.api.apiextensions import api_approval, conditions
from kfast.api.apiextensions.conversion_validation import validate_conversion
from kfast.api.apiextensions.schemas import check_schema
from kfast.api.apiextensions.selectable_fields import validate_selectable_fields
from kfast.api.field_errors import immutable, invalid, not_supported, required
from kfast.api.kind import Body, FieldError
from kfast.meta import names

_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_WARNING_LENGTH = 256


class Shared(NamedTuple):
    """A part of the versions: where it stands in v1, and where in the internal version if all versions agree."""

    key: str
    hoisted: str


_SCHEMA = Shared("schema", "validation")
_SUBRESOURCES = Shared("subresources", "subresources")
_COLUMNS = Shared("additionalPrinterColumns", "additionalPrinterColumns")
_FIELDS = Shared("selectableFields", "selectableFields")


def versions_of(crd: Body) -> list[Body]:
    """The versions a definition declares."""
    return (crd.get("spec") or {}).get("versions") or []


def validate(crd: Body) -> list[FieldError]:
    """A new definition."""
    return [*_validate_name(crd), *_validate_spec(crd, None), *_validate_status(crd), *_validate_approval(crd, None)]


def validate_update(new: Body, old: Body) -> list[FieldError]:
    """A change of the spec."""
    errors = [*_validate_spec(new, old)]
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    naming, named = spec.get("names") or {}, before.get("names") or {}
    if conditions.is_true(old, conditions.ESTABLISHED):
        immutable("spec.scope", spec.get("scope"), before.get("scope"), errors)
        immutable("spec.names.kind", naming.get("kind"), named.get("kind"), errors)
    immutable("spec.group", spec.get("group"), before.get("group"), errors)
    immutable("spec.names.plural", naming.get("plural"), named.get("plural"), errors)
    return [*errors, *_validate_status(new), *_validate_approval(new, old)]


def validate_status_update(new: Body, _old: Body) -> list[FieldError]:
    """A write of the status."""
    return _validate_names((new.get("status") or {}).get("acceptedNames") or {}, "status.acceptedNames")


def _validate_name(crd: Body) -> list[FieldError]:
    spec, name = crd.get("spec") or {}, crd["metadata"].get("name") or ""
    wanted = f"{(spec.get('names') or {}).get('plural') or ''}.{spec.get('group') or ''}"
    why = 'must be spec.names.plural+"."+spec.group'
    return [] if not name or name == wanted else [invalid("metadata.name", name, why)]


def _validate_approval(new: Body, old: Body | None) -> list[FieldError]:
    if not api_approval.protected((new.get("spec") or {}).get("group") or ""):
        return []
    state, reason = api_approval.approval(new)
    if old is not None and api_approval.approval(old).state == state:
        return []
    path = f"metadata.annotations[{api_approval.ANNOTATION}]"
    if state == "Missing":
        return [required(path, reason)]
    return [invalid(path, api_approval.annotation(new), reason)] if state == "Invalid" else []


def _validate_status(crd: Body) -> list[FieldError]:
    """The names, and that what may be stored is declared."""
    errors = validate_status_update(crd, crd)
    path, stored = "status.storedVersions", (crd.get("status") or {}).get("storedVersions")
    if not stored:
        return [*errors, invalid(path, stored, "must have at least one stored version")]
    versions = versions_of(crd)
    errors += [
        invalid(path, stored, f"must have the storage version {version.get('name')}")
        for version in versions
        if version.get("storage") and version.get("name") not in stored
    ]
    known = {version.get("name") for version in versions}
    for at, name in enumerate(stored):
        if name not in known:
            why = (
                f"missing from spec.versions; {name} was previously a storage version, and must remain in "
                f"spec.versions until a storage migration ensures no data remains persisted in {name} and removes "
                f"{name} from status.storedVersions"
            )
            errors.append(invalid(f"{path}[{at}]", name, why))
    return errors


def _validate_spec(crd: Body, old: Body | None) -> list[FieldError]:
    spec = crd.get("spec") or {}
    versions = spec.get("versions") or []
    errors = [*_validate_group(spec.get("group") or ""), *_validate_scope(spec.get("scope") or "")]
    errors += [
        required(f"spec.versions[{at}].schema.openAPIV3Schema")
        for at, version in enumerate(versions)
        if (version.get("schema") or {}).get("openAPIV3Schema") is None and (old is None or _has_schemas(old))
    ]
    for at, version in enumerate(versions):
        path = f"spec.versions[{at}]"
        name = version.get("name") or ""
        if complaints := names.dns_label_1035(name):
            errors.append(invalid(f"{path}.name", name, ",".join(complaints)))
        errors += _validate_deprecation(version, f"{path}.deprecationWarning")
        errors += _parts(versions, version, path, hoisted=False, old=old)
    listed = [version.get("name") for version in versions]
    if len(set(listed)) != len(listed):
        errors.append(invalid("spec.versions", _internal(versions), "must contain unique version names"))
    if sum(bool(version.get("storage")) for version in versions) != 1:
        why = "must have exactly one version marked as storage version"
        errors.append(invalid("spec.versions", _internal(versions), why))
    first = versions[0].get("name") or "" if versions else ""
    if first and (complaints := names.dns_label_1035(first)):
        errors.append(invalid("spec.version", first, ",".join(complaints)))
    naming = spec.get("names") or {}
    errors += [
        required(f"spec.names.{key}") for key in ("plural", "singular", "kind", "listKind") if not naming.get(key)
    ]
    errors += _validate_names(naming, "spec.names")
    if versions:
        errors += _parts(versions, versions[0], "spec", hoisted=True, old=old)
    errors += validate_conversion(spec.get("conversion"), "spec.conversion", old)
    if spec.get("preserveUnknownFields") and not (old or {}).get("spec", {}).get("preserveUnknownFields"):
        why = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        errors.append(invalid("spec.preserveUnknownFields", True, why))
    return errors


def _internal(versions: list[Body]) -> list[Body] | None:
    """The versions as the internal version shows them, of which upstream's messages tell; parts that all share are
    left out there."""
    names = ("name", "served", "storage", "deprecated", "deprecationWarning")
    absent = {"served": False, "storage": False, "deprecated": False}
    parts = [
        part.key
        for part in (_SCHEMA, _SUBRESOURCES, _COLUMNS, _FIELDS)
        if any(version.get(part.key) != versions[0].get(part.key) for version in versions)
    ]
    return [
        {name[0].upper() + name[1:]: version.get(name, absent.get(name)) for name in names}
        | {
            part.key[0].upper() + part.key[1:]: version.get(part.key) if part.key in parts else None
            for part in (_SCHEMA, _SUBRESOURCES, _COLUMNS, _FIELDS)
        }
        for version in versions
    ] or None


def _has_schemas(crd: Body) -> bool:
    return all((version.get("schema") or {}).get("openAPIV3Schema") is not None for version in versions_of(crd))


def _validate_group(group: str) -> Iterator[FieldError]:
    if not group:
        yield required("spec.group")
    elif complaints := names.dns_subdomain(group):
        yield invalid("spec.group", group, ",".join(complaints))
    elif "." not in group:
        yield invalid("spec.group", group, "should be a domain with at least one dot")


def _validate_scope(scope: str) -> Iterator[FieldError]:
    if not scope:
        yield required("spec.scope")
    elif scope not in ("Cluster", "Namespaced"):
        yield not_supported("spec.scope", scope, ("Cluster", "Namespaced"))


def _validate_names(naming: Body, path: str) -> list[FieldError]:
    errors: list[FieldError] = []

    def label(key: str, text: str, mixed: bool = False) -> None:
        complaints = names.dns_label_1035(text.lower() if mixed else text)
        if complaints:
            preface = "may have mixed case, but should otherwise match: " if mixed else ""
            errors.append(invalid(f"{path}.{key}", text, preface + ",".join(complaints)))

    for key in ("plural", "singular", "kind", "listKind"):
        if naming.get(key):
            label(key, naming[key], mixed=key in ("kind", "listKind"))
    for at, name in enumerate(naming.get("shortNames") or ()):
        label(f"shortNames[{at}]", name)
    kind = naming.get("kind")
    if kind and kind == naming.get("listKind"):
        errors.append(invalid(f"{path}.listKind", kind, "kind and listKind may not be the same"))
    for at, name in enumerate(naming.get("categories") or ()):
        label(f"categories[{at}]", name)
    return errors


def _validate_deprecation(version: Body, path: str) -> Iterator[FieldError]:
    warning = version.get("deprecationWarning")
    if warning is None:
        return
    if not version.get("deprecated"):
        yield invalid(path, warning, "can only be set for deprecated versions")
        return
    if len(warning.encode()) > _WARNING_LENGTH:
        yield invalid(path, warning, f"must be <= {_WARNING_LENGTH} characters long")
    if not warning:
        yield invalid(path, warning, "must not be an empty string")
    for at, char in enumerate(warning):
        if not char.isprintable() or _UNPRINTABLE.match(char):
            at = len(warning[:at].encode())
            why = f"must only contain printable UTF-8 characters; non-printable character found at index {at}"
            yield invalid(path, warning, why)
            break


def _parts(versions: list[Body], version: Body, path: str, *, hoisted: bool, old: Body | None) -> Iterator[FieldError]:
    """The checks of what a version, or all together, have: a part is looked at where the internal version has it."""

    def here(part: Shared) -> str | None:
        shared = all(other.get(part.key) == versions[0].get(part.key) for other in versions)
        if shared is not hoisted:
            return None
        return f"{path}.{part.hoisted if hoisted else part.key}"

    status = any("status" in (other.get("subresources") or {}) for other in (versions if hoisted else (version,)))
    schema = (version.get("schema") or {}).get("openAPIV3Schema")
    if (at := here(_SCHEMA)) is not None and schema is not None:
        before = old and next((v for v in versions_of(old) if v.get("name") == version.get("name")), None)
        yield from check_schema(schema, f"{at}.openAPIV3Schema", status, (before or {}).get("schema"))
    if (at := here(_SUBRESOURCES)) is not None:
        yield from _validate_scale((version.get("subresources") or {}).get("scale"), f"{at}.scale")
    if (at := here(_COLUMNS)) is not None:
        for number, column in enumerate(version.get(_COLUMNS.key) or ()):
            yield from _validate_column(column, f"{at}[{number}]")
    if (at := here(_FIELDS)) is not None and version.get(_FIELDS.key):
        yield from validate_selectable_fields(version[_FIELDS.key], schema, at)


def _validate_scale(scale: Body | None, path: str) -> Iterator[FieldError]:
    if scale is None:
        return
    for key, part in (("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")):
        text = scale.get(key) or ""
        if not text:
            yield required(f"{path}.{key}")
        elif not text.startswith("."):
            yield invalid(f"{path}.{key}", text, "must be a simple json path starting with .")
        elif not text.startswith(part):
            yield invalid(f"{path}.{key}", text, f"should be a json path under {part[:-1]}")
    selector = scale.get("labelSelectorPath")
    if selector and not selector.startswith("."):
        yield invalid(f"{path}.labelSelectorPath", selector, "must be a simple json path starting with .")
    elif selector and not selector.startswith((".spec.", ".status.")):
        yield invalid(f"{path}.labelSelectorPath", selector, "should be a json path under either .spec or .status")


def _validate_column(column: Body, path: str) -> Iterator[FieldError]:
    if not column.get("name"):
        yield required(f"{path}.name")
    kind, one_of = column.get("type") or "", f"must be one of {','.join(_COLUMN_TYPES)}"
    if not kind:
        yield required(f"{path}.type", one_of)
    elif kind not in _COLUMN_TYPES:
        yield invalid(f"{path}.type", kind, one_of)
    if column.get("format") and column["format"] not in _COLUMN_FORMATS:
        yield invalid(f"{path}.format", column["format"], f"must be one of {','.join(_COLUMN_FORMATS)}")
    text = column.get("jsonPath") or ""
    if not text:
        yield required(f"{path}.JSONPath")
    elif not text.startswith("."):
        yield invalid(f"{path}.JSONPath", text, "must be a simple json path starting with .")
