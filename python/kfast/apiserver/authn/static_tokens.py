"""Static bearer tokens: upstream's `--token-auth-file`."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from kfast.errors import KfastError
from kfast.meta.exchange import User


class StaticTokens:
    """Tokens that never expire."""

    def __init__(self, users: Mapping[str, User]) -> None:
        self._users = dict(users)

    @classmethod
    def read(cls, path: Path) -> StaticTokens:
        """Reads lines `token,user,uid,"group1,group2"`. Raises KfastError with the line that is wrong."""
        users: dict[str, User] = {}
        with path.open(newline="", encoding="utf-8") as file:
            for number, row in enumerate(csv.reader(file), 1):
                if not row:
                    continue
                if len(row) < 3 or not row[0].strip():
                    raise KfastError(f"{path}:{number}: a token line is token,user,uid[,groups]")
                groups = [group.strip() for group in row[3].split(",")] if len(row) > 3 else []
                users[row[0].strip()] = User(row[1].strip(), row[2].strip(), tuple(g for g in groups if g))
        return cls(users)

    def authenticate(self, token: str, audiences: Sequence[str] = ()) -> tuple[User, tuple[str, ...]] | None:
        """The token's user; static tokens are for every audience."""
        user = self._users.get(token)
        return (user, tuple(audiences)) if user is not None else None
