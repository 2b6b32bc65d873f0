"""The syntax of cron schedules, as robfig/cron's standard parser reads it."""

from __future__ import annotations

from kfast._core import check_time_zone

_DESCRIPTORS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
_ZONES = ("TZ=", "CRON_TZ=")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: tuple[tuple[int, int, dict[str, int]], ...] = (
    (0, 59, {}),
    (0, 23, {}),
    (1, 31, {}),
    (1, 12, {name: index + 1 for index, name in enumerate(_MONTHS)}),
    (0, 6, {name: index for index, name in enumerate(_DAYS)}),
)


def _number(text: str, names: dict[str, int]) -> int:
    if text.lower() in names:
        return names[text.lower()]
    if not text.isdecimal():
        raise ValueError(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax')
    return int(text)


def _parse_range(text: str, low: int, high: int, names: dict[str, int]) -> frozenset[int]:
    span, slash, step_text = text.partition("/")
    first, dash, last = span.partition("-")
    if "-" in last or "/" in step_text:
        raise ValueError(f"too many {'hyphens' if '-' in last else 'slashes'}: {text}")
    if first in ("*", "?"):
        start, end = low, high
    else:
        start = _number(first, names)
        end = _number(last, names) if dash else high if slash else start
    step = _number(step_text, {}) if slash else 1
    if start < low:
        raise ValueError(f"beginning of range ({start}) below minimum ({low}): {text}")
    if end > high:
        raise ValueError(f"end of range ({end}) above maximum ({high}): {text}")
    if start > end:
        raise ValueError(f"beginning of range ({start}) beyond end of range ({end}): {text}")
    if step == 0:
        raise ValueError(f"step of range should be a positive number: {text}")
    return frozenset(range(start, end + 1, step))


def parse_schedule(schedule: str) -> tuple[frozenset[int], ...]:
    """Minutes, hours, days of the month, months and days of the week; nothing for a descriptor such as @daily.

    Raises ValueError with the parser's message. A time zone may lead.
    """
    if schedule.startswith(_ZONES):
        zone, separator, schedule = schedule.partition("=")[2].partition(" ")
        if not separator:
            raise ValueError("invalid schedule format: runtime error: slice bounds out of range [:-1]")
        try:
            check_time_zone(zone)
        except ValueError as error:
            raise ValueError(f"provided bad location {zone}: {error}") from None
        schedule = schedule.strip()
    if schedule.startswith("@"):
        if schedule not in _DESCRIPTORS and not schedule.startswith("@every "):
            raise ValueError(f"unrecognized descriptor: {schedule}")
        return ()
    fields = schedule.split()
    if len(fields) != len(_FIELDS):
        raise ValueError(f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]")
    return tuple(
        frozenset().union(*(_parse_range(part, low, high, names) for part in field.split(",")))
        for field, (low, high, names) in zip(fields, _FIELDS, strict=True)
    )
