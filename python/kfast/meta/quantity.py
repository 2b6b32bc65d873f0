"""Resource amounts: `100m`, `1.5Gi`; exact arithmetic in the core."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kfast._core import Quantity

__all__ = ["Quantity", "add_resources", "parse", "subtract_resources"]

ZERO = Quantity.parse("0")


def parse(amount: str | int | float) -> Quantity:
    """Reads an amount; JSON numbers are taken as written. Raises ValueError with upstream's message."""
    return Quantity.parse(str(amount))


def add_resources(lists: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The sum of resource lists, per resource."""
    total: dict[str, Quantity] = {}
    for resources in lists:
        for name, amount in resources.items():
            total[name] = total.get(name, ZERO) + parse(amount)
    return {name: str(amount) for name, amount in total.items()}


def subtract_resources(minuend: Mapping[str, str], subtrahend: Mapping[str, str]) -> dict[str, str]:
    """The difference per resource of the first list."""
    return {name: str(parse(amount) - parse(subtrahend.get(name, "0"))) for name, amount in minuend.items()}
