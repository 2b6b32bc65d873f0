"""Lists of completion indexes, `0-3,7` (upstream: batch/validation's index intervals)."""

from __future__ import annotations

import re

from kfast.api.field_errors import quoted

_NUMBER = re.compile(r"[-+]?[0-9]+")


def parse_interval(text: str, completions: int) -> tuple[int, int]:
    """First and last index of `3` or `0-3`. Raises ValueError with upstream's message."""
    limits = text.split("-")
    if len(limits) > 2:
        raise ValueError(
            f"the fragment {quoted(text)} violates the requirement that an index interval can have at most two parts "
            "separated by '-'"
        )
    ends = []
    for limit in limits:
        if not _NUMBER.fullmatch(limit):
            raise ValueError(f"cannot convert string to integer for index: {quoted(limit)}")
        if int(limit) >= completions:
            raise ValueError(f"too large index: {quoted(limit)}")
        ends.append(int(limit))
    if len(ends) > 1 and ends[0] >= ends[1]:
        raise ValueError(f"non-increasing order, previous: {ends[0]}, current: {ends[1]}")
    return ends[0], ends[-1]


def count_indexes(text: str, completions: int) -> int:
    """How many indexes are listed. Raises ValueError with upstream's message."""
    total, last = 0, None
    for part in text.split(",") if text else ():
        first, end = parse_interval(part, completions)
        if last is not None and last >= first:
            raise ValueError(f"non-increasing order, previous: {last}, current: {first}")
        total, last = total + end - first + 1, end
    return total


def overlap(one: str, other: str, completions: int) -> int | None:
    """The first index that is in both lists; malformed parts count for nothing."""
    spans = [_spans(text, completions) for text in (one, other)]
    return next((max(a, c) for a, b in spans[0] for c, d in spans[1] if a <= d and c <= b), None)


def _spans(text: str, completions: int) -> list[tuple[int, int]]:
    spans = []
    for part in text.split(",") if text else ():
        try:
            spans.append(parse_interval(part, completions))
        except ValueError:
            continue
    return spans
