"""The files of a simulated container: a tree in memory, gone with the container."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

_LIMIT = 64 << 20
"""Bytes in one container."""


class Files:
    """Absolute paths to contents; directories are there while they hold something or were made."""

    def __init__(self, files: dict[str, bytes] | None = None) -> None:
        self._files = dict(files or {})
        self._directories = {"/", "/tmp", "/home", "/root", "/var", "/etc"}
        for path in self._files:
            self._make_parents(path)

    @staticmethod
    def path(name: str, directory: str = "/") -> str:
        """`name` as an absolute, normal path."""
        return posixpath.normpath(posixpath.join(directory, name)).replace("//", "/")

    def is_directory(self, path: str) -> bool:
        """Whether there is a directory of that path."""
        return path in self._directories

    def is_file(self, path: str) -> bool:
        """Whether there is a file of that path."""
        return path in self._files

    def read(self, path: str) -> bytes:
        """A file's bytes. Raises FileNotFoundError and IsADirectoryError."""
        if path in self._directories:
            raise IsADirectoryError(f"{path}: Is a directory")
        if path not in self._files:
            raise FileNotFoundError(f"{path}: No such file or directory")
        return self._files[path]

    def write(self, path: str, data: bytes, *, append: bool = False) -> None:
        """Writes a file. Raises OSError if it cannot be there or the container is full."""
        if path in self._directories:
            raise IsADirectoryError(f"{path}: Is a directory")
        if posixpath.dirname(path) not in self._directories:
            raise FileNotFoundError(f"{path}: No such file or directory")
        data = (self._files.get(path, b"") if append else b"") + data
        if sum(map(len, self._files.values())) - len(self._files.get(path, b"")) + len(data) > _LIMIT:
            raise OSError(f"{path}: No space left on device")
        self._files[path] = data

    def make_directory(self, path: str) -> None:
        """Makes a directory and those above it. Raises FileExistsError."""
        if path in self._files:
            raise FileExistsError(f"{path}: File exists")
        self._directories.add(path)
        self._make_parents(path)

    def remove(self, path: str) -> None:
        """Removes a file, or a directory with all in it. Raises FileNotFoundError."""
        if path not in self._files and path not in self._directories:
            raise FileNotFoundError(f"{path}: No such file or directory")
        for found in [path, *self.below(path)]:
            self._files.pop(found, None)
            self._directories.discard(found)

    def below(self, directory: str) -> Iterator[str]:
        """Everything in a directory, at any depth, in order."""
        prefix = directory.rstrip("/") + "/"
        yield from sorted(p for p in (*self._files, *self._directories) if p.startswith(prefix) and p != prefix)

    def names(self, directory: str) -> list[str]:
        """The names in a directory, in order."""
        prefix = directory.rstrip("/") + "/"
        return sorted({path[len(prefix) :].partition("/")[0] for path in self.below(directory)})

    def _make_parents(self, path: str) -> None:
        while (path := posixpath.dirname(path)) not in self._directories:
            self._directories.add(path)
