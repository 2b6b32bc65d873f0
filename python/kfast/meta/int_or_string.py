"""Fields that hold an integer or a percentage (`maxSurge: 25%`)."""

from __future__ import annotations

import re

_PERCENT = re.compile(r"[+-]?[0-9]+%")


def scaled_value(value: int | str, total: int, *, round_up: bool) -> int:
    """The integer, or the percentage of `total` rounded up or down.

    Raises ValueError on text that is no percentage, with upstream's message.
    """
    if isinstance(value, int):
        return value
    if not value.endswith("%"):
        raise ValueError("invalid value for IntOrString: invalid type: string is not a percentage")
    if not _PERCENT.fullmatch(value):
        number = value[:-1]
        detail = f'strconv.Atoi: parsing "{number}": invalid syntax'
        raise ValueError(f'invalid value for IntOrString: invalid value "{value}": {detail}')
    product = int(value[:-1]) * total
    return -(-product // 100) if round_up else product // 100
