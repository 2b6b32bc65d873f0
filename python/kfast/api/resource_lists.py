"""Amounts in resource lists: canonical text and comparison, cached since the same few occur in every pod."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from kfast._core import Quantity


@lru_cache(maxsize=8192)
def milli(quantity: str) -> int:
    """The amount in thousandths, rounded up. Raises ValueError on malformed text."""
    return Quantity.parse(quantity).milli_value


@lru_cache(maxsize=8192)
def canonical(quantity: str) -> str:
    """The text upstream writes, rounded up to thousandths; malformed text stays for the validation to report."""
    try:
        amount = Quantity.parse(quantity)
    except ValueError:
        return quantity
    text = str(amount)
    return str(Quantity.parse(f"{amount.milli_value}m")) if text[-1] in "nu" else text


def canonical_quantities(amounts: dict[str, Any] | None) -> None:
    """Rewrites a resource list in place with canonical amounts; numbers become strings as upstream's decoder does."""
    if amounts:
        for name, amount in amounts.items():
            amounts[name] = canonical(amount if isinstance(amount, str) else str(amount))
