"""The rules of `names` with their verdicts remembered: the same keys, values and names recur in every object."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from kfast.meta import names

Rule = Callable[[str], tuple[str, ...]]
"""Complaints about a text, none if it is fine."""


def _remembered(rule: Callable[[str], list[str]]) -> Rule:
    @lru_cache(maxsize=16384)
    def remembered(text: str) -> tuple[str, ...]:
        return tuple(rule(text))

    return remembered


dns_label = _remembered(names.dns_label)
dns_subdomain = _remembered(names.dns_subdomain)
qualified_name = _remembered(names.qualified_name)
label_value = _remembered(names.label_value)
env_var_name = _remembered(names.env_var_name)
config_key = _remembered(names.config_key)
port_name = _remembered(names.port_name)
