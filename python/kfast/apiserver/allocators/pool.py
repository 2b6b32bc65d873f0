"""A range of numbers to take from: asked-for ones in the lower band, generated ones in the upper band first."""

from __future__ import annotations

import random


class FullError(Exception):
    """Nothing is left."""


class TakenError(Exception):
    """The number is in use."""


class Pool:
    """`size` numbers from 0; those below `static` are generated only when the others are gone."""

    def __init__(self, size: int, static: int, rng: random.Random) -> None:
        self._size = size
        self._static = static
        self._random = rng
        self._taken: set[int] = set()

    def __contains__(self, number: int) -> bool:
        return number in self._taken

    def __len__(self) -> int:
        return len(self._taken)

    def take(self, number: int) -> None:
        """Raises TakenError."""
        if number in self._taken:
            raise TakenError
        self._taken.add(number)

    def take_any(self) -> int:
        """A free number: random where to look first, then the next free. Raises FullError."""
        for begin, end in ((self._static, self._size), (0, self._static)):
            span = end - begin
            first = self._random.randrange(span) if span else 0
            for step in range(span):
                number = begin + (first + step) % span
                if number not in self._taken:
                    self._taken.add(number)
                    return number
        raise FullError

    def give_back(self, number: int) -> None:
        """Frees a number; one that is free stays free."""
        self._taken.discard(number)
