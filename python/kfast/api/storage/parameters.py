"""Rules StorageClass and VolumeAttributesClass share: the provisioner and its parameters."""

from __future__ import annotations

from kfast.api.field_errors import invalid, required, too_long
from kfast.api.kind import FieldError
from kfast.meta.name_rules import qualified_name

_MOST_PARAMETERS = 512
_LARGEST_PARAMETERS = 256 * 1024


def check_provisioner(name: str, path: str, errors: list[FieldError]) -> None:
    """A qualified name in any case."""
    if not name:
        errors.append(required(path))
    else:
        errors += [invalid(path, name.lower(), problem) for problem in qualified_name(name.lower())]


def check_parameters(parameters: dict[str, str] | None, optional: bool, errors: list[FieldError]) -> None:
    """Not too many, not too large."""
    given, path = parameters or {}, "parameters"
    if len(given) > _MOST_PARAMETERS:
        errors.append(too_long(path, _MOST_PARAMETERS))
        return
    if "" in given:
        errors.append(invalid(path, "", "field can not be empty."))
    if sum(len(key.encode()) + len(value.encode()) for key, value in given.items()) > _LARGEST_PARAMETERS:
        errors.append(too_long(path, _LARGEST_PARAMETERS))
    if not given and not optional:
        errors.append(required(path, "must contain at least one key/value pair"))
