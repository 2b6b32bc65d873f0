"""Numbers in texts, read as Go's strconv reads them at base 10 and 64 bits."""

from __future__ import annotations

import re

from kfast.apiserver.status_errors import quoted

MAX_INT = 2**63 - 1
_MIN_INT = -(2**63)
_MAX_UINT = 2**64 - 1
_INT = re.compile(r"[+-]?[0-9]+")
_UINT = re.compile(r"[0-9]+")
_DIGITS = 20
"""Of the largest number; Python refuses to read very many."""


def parse_int(text: str) -> int:
    """A signed number. Raises ValueError with Go's message."""
    return _parse("ParseInt", _INT, text, _MIN_INT, MAX_INT)


def parse_uint(text: str) -> int:
    """A number without sign. Raises ValueError with Go's message."""
    return _parse("ParseUint", _UINT, text, 0, _MAX_UINT)


def _parse(function: str, form: re.Pattern[str], text: str, low: int, high: int) -> int:
    if not form.fullmatch(text):
        raise ValueError(f"strconv.{function}: parsing {quoted(text)}: invalid syntax")
    digits = text.lstrip("+-0")
    if len(digits) <= _DIGITS:
        number = int(digits or "0") * (-1 if text.startswith("-") else 1)
        if low <= number <= high:
            return number
    raise ValueError(f"strconv.{function}: parsing {quoted(text)}: value out of range")
