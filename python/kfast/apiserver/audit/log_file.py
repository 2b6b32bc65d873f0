"""The audit log's file: one JSON document a line, rotated by size, old files removed by age and number."""

from __future__ import annotations

import gzip
import re
import shutil
import sys
import time
from pathlib import Path
from typing import BinaryIO

from kfast.clock import Clock
from kfast.config import AuditConfig

_MEGABYTE = 1 << 20
_DAY = 86400.0


class LogFile:
    """Appends to `config.log_path` (`-`: standard output). A full file is renamed to `<stem>-<time><suffix>`."""

    def __init__(self, config: AuditConfig, clock: Clock) -> None:
        """Raises OSError if the file cannot be written."""
        self._config = config
        self._clock = clock
        self._path = None if config.log_path is None or str(config.log_path) == "-" else Path(config.log_path)
        self._file: BinaryIO = sys.stdout.buffer
        self._size = 0
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._open(self._path)

    def write(self, line: bytes) -> None:
        """Appends one line; on disk as far as the system is concerned when it returns."""
        limit = self._config.max_size_megabytes * _MEGABYTE
        if self._path is not None and limit and self._size and self._size + len(line) > limit:
            self._rotate(self._path)
        self._file.write(line)
        self._file.flush()
        self._size += len(line)

    def close(self) -> None:
        """Closes the file."""
        if self._path is not None:
            self._file.close()

    def _open(self, path: Path) -> None:
        new = not path.exists()
        self._file = path.open("ab")
        if new:
            path.chmod(0o600)
        self._size = path.stat().st_size

    def _rotate(self, path: Path) -> None:
        self._file.close()
        path.rename(_free(path, self._clock.now()))
        self._open(path)
        self._tidy(path)

    def _tidy(self, path: Path) -> None:
        """Removes old files by number and age, newest first, and compresses what is left."""
        config, now = self._config, self._clock.now()
        pattern = re.compile(
            re.escape(path.stem) + r"-(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3})" + re.escape(path.suffix) + r"(\.gz)?"
        )
        found = [(match[1], file) for file in path.parent.iterdir() if (match := pattern.fullmatch(file.name))]
        oldest = _stamp(now - config.max_age_days * _DAY) if config.max_age_days else ""
        for number, (stamp, file) in enumerate(sorted(found, reverse=True), 1):
            if stamp < oldest or (config.max_backups and number > config.max_backups):
                file.unlink()
            elif config.compress and file.suffix != ".gz":
                with file.open("rb") as plain, gzip.open(f"{file}.gz", "wb") as packed:
                    shutil.copyfileobj(plain, packed)
                file.unlink()


def _free(path: Path, now: float) -> Path:
    """A name for the full file that is not taken."""
    while (target := path.with_name(f"{path.stem}-{_stamp(now)}{path.suffix}")).exists():
        now += 0.001
    return target


def _stamp(now: float) -> str:
    milliseconds = round(now * 1000)
    seconds, rest = divmod(milliseconds, 1000)
    return f"{time.strftime('%Y-%m-%dT%H-%M-%S', time.gmtime(seconds))}.{rest:03d}"
