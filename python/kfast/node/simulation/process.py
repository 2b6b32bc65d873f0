"""A command that runs in a simulated container."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from kfast.clock import Clock
from kfast.meta.exchange import Channel
from kfast.node.runtime import Console
from kfast.node.simulation.files import Files


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """What a program is given: its command line, its streams, the container's files and environment."""

    command: tuple[str, ...]
    console: Console
    environment: Mapping[str, str]
    files: Files
    clock: Clock

    @property
    def arguments(self) -> tuple[str, ...]:
        """The command line without the program."""
        return self.command[1:]

    async def read(self) -> bytes:
        """The next bytes of stdin; empty at the end."""
        return await self.console.read()

    async def read_all(self) -> bytes:
        """All of stdin."""
        parts = []
        while data := await self.console.read():
            parts.append(data)
        return b"".join(parts)

    async def write(self, data: bytes | str) -> None:
        """Prints to stdout."""
        await self.console.write(data.encode() if isinstance(data, str) else data)

    async def fail(self, message: str, code: int = 1) -> int:
        """Prints `program: message` to stderr; the exit code."""
        await self.console.complain(f"{self.command[0]}: {message}\n".encode())
        return code

    def with_streams(self, *, stdin: Channel | None = None, stdout: Channel | None = None) -> Process:
        """The same with other streams where one is given."""
        console = replace(self.console, stdin=stdin or self.console.stdin, stdout=stdout or self.console.stdout)
        return replace(self, console=console)

    def running(self, command: tuple[str, ...]) -> Process:
        """The same for another command line."""
        return replace(self, command=command)


Program = Callable[[Process], Awaitable[int]]
"""Runs to the end; its exit code."""


class Pipe:
    """A `Channel` in memory: what is written is kept, what was given is read."""

    def __init__(self, data: bytes = b"") -> None:
        self._unread = data
        self._written: list[bytes] = []

    @property
    def written(self) -> bytes:
        """All that was written."""
        return b"".join(self._written)

    async def read(self) -> bytes:
        """What was given, once."""
        data, self._unread = self._unread, b""
        return data

    async def write(self, data: bytes) -> None:
        """Keeps `data`."""
        self._written.append(data)

    async def finish(self) -> None:
        """Nothing waits for the end."""

    def close(self) -> None:
        """Nothing waits for the end."""
