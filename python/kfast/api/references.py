"""Rules that references to objects of any kind share."""

from __future__ import annotations

import re
from typing import Any

from kfast.api.field_errors import invalid, required
from kfast.api.kind import FieldError
from kfast.api.name_checks import check, dns_subdomain
from kfast.meta.names import path_segment, regex_error

Reference = dict[str, Any]

_PATH_FMT = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"
_PATH = re.compile(_PATH_FMT)


def check_segments(reference: Reference, fields: tuple[str, ...], path: str, errors: list[FieldError]) -> None:
    """Fields that must be there and fit into a URL path."""
    for field in fields:
        text = reference.get(field) or ""
        if not text:
            errors.append(required(f"{path}.{field}"))
        errors += [invalid(f"{path}.{field}", text, problem) for problem in path_segment(text)]


def check_typed(reference: Reference, path: str, errors: list[FieldError]) -> None:
    """`apiGroup` if given, `kind` and `name`."""
    group = reference.get("apiGroup")
    if group is not None:
        check(dns_subdomain, group, f"{path}.apiGroup", errors)
    check_segments(reference, ("kind", "name"), path, errors)


def domain_prefixed_path(text: str, path: str, errors: list[FieldError]) -> None:
    """`example.com/some/path`."""
    domain, _, rest = text.partition("/")
    if not text:
        errors.append(required(path))
    elif not domain or not rest:
        errors.append(invalid(path, text, 'must be a domain-prefixed path (such as "acme.io/foo")'))
    else:
        check(dns_subdomain, domain, path, errors)
        if not _PATH.fullmatch(rest):
            errors.append(invalid(path, rest, regex_error("Invalid path", _PATH_FMT)))
