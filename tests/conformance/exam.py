"""Upstream's conformance names, which test stands for which, and the count of those that pass."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

NAMES = Path("../shared/data/conformance_1.36.2.txt")
API_SERVER_NAMES = Path(__file__).with_name("api_server_names.txt")
"""Names that need an API server and at most a process it can call: no node, no controller of workloads."""
NOT_YET = Path(__file__).with_name("not_yet.txt")
"""Names whose tests may fail for now."""
_SUFFIX = " [Conformance]"


def conformance(sig: str, group: str = "") -> Callable[[str], pytest.MarkDecorator]:
    """A decorator for the tests of one group: its argument is the rest of the conformance name.

    The full name is `[sig] group rest [Conformance]`; without the suffix it is the marker's argument.
    """

    def named(rest: str) -> pytest.MarkDecorator:
        return pytest.mark.conformance(" ".join(part for part in (f"[{sig}]", group, rest) if part))

    return named


def names_in(path: Path) -> list[str]:
    """The names in a file, one a line."""
    lines = (line.strip().removesuffix(_SUFFIX).replace("''", "'") for line in path.read_text().splitlines())
    return [line for line in lines if line]


def names_of(item: pytest.Item) -> list[str]:
    """The names a test stands for."""
    return [str(mark.args[0]) for mark in item.iter_markers("conformance")]


def sig_of(name: str) -> str:
    """The special interest group in front of a name."""
    found = re.match(r"\[(sig-[a-z-]+)\] ", name)
    assert found, f"{name!r} starts with no [sig-...]"
    return found[1]


class Tally:
    """Which names were run, and which of them passed in every test that stands for them."""

    def __init__(self) -> None:
        self.run: set[str] = set()
        self.failed: set[str] = set()

    def add(self, names: list[str], passed: bool) -> None:
        """Notes the outcome of one phase of a test."""
        self.run.update(names)
        if not passed:
            self.failed.update(names)

    def lines(self) -> list[str]:
        """A line for each SIG: names passed of those that need only an API server, and others passed."""
        required = set(names_in(API_SERVER_NAMES))
        passed = self.run - self.failed
        total, reached, extra = Counter(map(sig_of, required)), Counter[str](), Counter[str]()
        for name in passed:
            (reached if name in required else extra)[sig_of(name)] += 1
        table = [
            f"{sig:<22}{reached[sig]:>4} of {total[sig]:<4}{f' and {extra[sig]} more' if extra[sig] else ''}"
            for sig in sorted(total | extra)
        ]
        return [*table, f"{'total':<22}{reached.total():>4} of {total.total():<4} and {extra.total()} more"]
