"""The order of an API group's versions."""

from __future__ import annotations

import re
from typing import Any

_VERSION = re.compile(r"v(\d+)(?:(alpha|beta)(\d+))?\Z")


def version_rank(version: str) -> tuple[Any, ...]:
    """Sort key: GA before beta before alpha, then the higher number; other names last, alphabetically."""
    match = _VERSION.match(version)
    if match is None:
        return (1, version)
    stability = {None: 0, "beta": 1, "alpha": 2}[match[2]]
    return (0, stability, -int(match[1]), -int(match[3] or 0))
