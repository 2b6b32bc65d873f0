"""The counters of statuses: not negative, not beyond another counter, never going back."""

from __future__ import annotations

from collections.abc import Iterable

from kfast.api.field_errors import invalid, non_negative
from kfast.api.kind import Body, FieldError


def counts(status: Body, names: Iterable[str], errors: list[FieldError]) -> None:
    """None of the counters may be negative."""
    for name in names:
        non_negative(f"status.{name}", status.get(name), errors)


def within(status: Body, names: Iterable[str], limit: str, errors: list[FieldError], shown: str = "") -> None:
    """None of the counters may be beyond the one called `limit`."""
    most = status.get(limit) or 0
    for name in names:
        if (status.get(name) or 0) > most:
            errors.append(invalid(f"status.{name}", status[name], f"cannot be greater than {shown or limit}"))


def collisions(new: Body, old: Body, errors: list[FieldError]) -> None:
    """The collision count of a status never goes back."""
    before, now = (body.get("status", {}).get("collisionCount") for body in (old, new))
    if before is not None and (now is None or now < before):
        errors.append(invalid("status.collisionCount", now or 0, "cannot be decremented"))
