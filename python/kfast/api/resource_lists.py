"""Amounts in resource lists: canonical text and comparison (apimachinery's resource.Quantity, at milli precision)."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import Any

_QUANTITY = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)(?:(Ki|Mi|Gi|Ti|Pi|Ei)|([numkMGTPE])|[eE]([+-]?\d+))?")
_DECIMAL = ("n", "u", "m", "", "k", "M", "G", "T", "P", "E")
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")


@lru_cache(maxsize=8192)
def milli(quantity: str) -> int:
    """The amount in thousandths, rounded up. Raises ValueError on malformed text."""
    return _parse(quantity)[0]


def _parse(quantity: str) -> tuple[int, str]:
    match = _QUANTITY.fullmatch(quantity)
    if match is None:
        raise ValueError(f"quantities must match the regular expression, got {quantity!r}")
    sign, digits, binary, decimal, exponent = match.groups()
    amount = Fraction(sign + digits) * 1000
    if binary:
        amount *= 1024 ** _BINARY.index(binary)
    elif decimal:
        amount *= Fraction(1000) ** (_DECIMAL.index(decimal) - 3)
    elif exponent:
        if abs(int(exponent)) > 64:
            raise ValueError(f"exponent out of range in {quantity!r}")
        amount *= Fraction(10) ** int(exponent)
    style = "binary" if binary else "exponent" if exponent else "decimal"
    return -(-amount.numerator // amount.denominator), style


@lru_cache(maxsize=8192)
def canonical(quantity: str) -> str:
    """The text upstream writes: no fraction, the largest suffix that keeps it whole; malformed text as it is."""
    try:
        amount, style = _parse(quantity)
    except ValueError:
        return quantity
    if style == "binary" and abs(amount) >= 1024_000:
        whole, power = -(-amount // 1000), 0
        while power < 6 and whole % 1024 == 0:
            whole, power = whole // 1024, power + 1
        return f"{whole}{_BINARY[power]}"
    if amount == 0:
        return "0"
    power = -1
    while power < 6 and amount % 1000 == 0:
        amount, power = amount // 1000, power + 1
    if style == "exponent":
        return f"{amount}e{power * 3}" if power else str(amount)
    return f"{amount}{_DECIMAL[power + 3]}"


def canonical_quantities(amounts: dict[str, Any] | None) -> None:
    """Rewrites a resource list in place with canonical amounts; numbers become strings as upstream's decoder does."""
    if amounts:
        for name, amount in amounts.items():
            amounts[name] = canonical(amount if isinstance(amount, str) else str(amount))
