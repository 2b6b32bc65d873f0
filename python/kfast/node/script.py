"""What a simulated pod does, as its annotations say.

| annotation | meaning | default |
|---|---|---|
| `kfast.dev/start-delay` | seconds in ContainerCreating | 0 |
| `kfast.dev/init-seconds` | seconds each init container runs | 0 |
| `kfast.dev/ready-delay` | seconds from Running to Ready | 0 |
| `kfast.dev/ready` | `never`: runs without becoming Ready | |
| `kfast.dev/run-seconds` | seconds until the containers exit | they run on |
| `kfast.dev/exit-code` | their exit code | 0 |
| `kfast.dev/image-pull` | `fail`: ErrImagePull, then ImagePullBackOff | |
| `kfast.dev/stop-delay` | seconds to stop when deleted, at most the grace period | 0 |
| `kfast.dev/pod-ip` | its address, for a pod that a process on this machine stands for | one of its node's |
| `kfast.dev/cpu`, `kfast.dev/memory` | what each container uses, as quantities | what it requests |
| `kfast.dev/log`, `kfast.dev/log.<container>` | what containers print, see below | nothing |
| `kfast.dev/exec` | what commands do, see below | the tools of `node/simulation/tools.py` |

A value that is no number counts as the default.

Each line of a log is printed when a container starts. `@SECONDS text` is printed that long after it, `*SECONDS text`
after each so many seconds, `!text` (or `@SECONDS !text`) to stderr.

`exec` is YAML: command lines, `*` for any other, each with any of `stdout`, `stderr`, `exit` (a code) and `seconds`:
`{"date": {"stdout": "noon\\n"}, "check --all": {"stderr": "no", "exit": 3}}`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

PREFIX = "kfast.dev/"


_LINE = re.compile(r"(?:([@*])(\d+(?:\.\d+)?) )?(!?)(.*)")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a container's log: seconds after its start, and again after each `every` seconds if that is not 0."""

    after: float
    every: float
    stream: Literal["stdout", "stderr"]
    text: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a scripted command prints, and how it ends after some seconds."""

    stdout: str = ""
    stderr: str = ""
    exit: int = 0
    seconds: float = 0.0


def log_lines(annotations: Mapping[str, str], container: str) -> list[Line]:
    """What a container of a pod with these annotations prints."""
    text = annotations.get(f"{PREFIX}log.{container}", annotations.get(f"{PREFIX}log", ""))
    return [_line(line) for line in text.splitlines()]


def _line(text: str) -> Line:
    match = _LINE.fullmatch(text)
    mark, number, error, words = match.groups() if match is not None else (None, None, "", text)
    seconds = float(number) if number else 0.0
    every = seconds if mark == "*" else 0.0
    return Line(seconds, every, "stderr" if error else "stdout", words.encode() + b"\n")


def exec_outcome(annotations: Mapping[str, str], command: str) -> Outcome | None:
    """The outcome scripted for a command line; None if there is none, or the script is no YAML of that form."""
    text = annotations.get(f"{PREFIX}exec")
    if not text:
        return None
    import yaml  # takes long to load, and few pods have a script

    try:
        script: Any = yaml.safe_load(text)
    except yaml.YAMLError:
        return None
    known = script.get(command, script.get("*")) if isinstance(script, dict) else None
    if not isinstance(known, dict):
        return None
    try:
        return Outcome(
            str(known.get("stdout", "")),
            str(known.get("stderr", "")),
            int(known.get("exit", 0)) & 0xFF,
            max(0.0, float(known.get("seconds", 0))),
        )
    except (TypeError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class Script:
    """Delays in seconds and outcomes of one pod."""

    start_delay: float = 0.0
    init_seconds: float = 0.0
    ready_delay: float = 0.0
    never_ready: bool = False
    run_seconds: float = math.inf
    exit_code: int = 0
    pull_fails: bool = False
    stop_delay: float = 0.0
    pod_ip: str = ""

    @classmethod
    def read(cls, annotations: Mapping[str, str]) -> Script:
        """The script of a pod with these annotations."""
        if not any(key.startswith(PREFIX) for key in annotations):
            return _PLAIN
        return cls(
            start_delay=_seconds(annotations, "start-delay", 0.0),
            init_seconds=_seconds(annotations, "init-seconds", 0.0),
            ready_delay=_seconds(annotations, "ready-delay", 0.0),
            never_ready=annotations.get(f"{PREFIX}ready") == "never",
            run_seconds=_seconds(annotations, "run-seconds", math.inf),
            exit_code=int(_seconds(annotations, "exit-code", 0.0)) & 0xFF,
            pull_fails=annotations.get(f"{PREFIX}image-pull") == "fail",
            stop_delay=_seconds(annotations, "stop-delay", 0.0),
            pod_ip=annotations.get(f"{PREFIX}pod-ip", ""),
        )


def _seconds(annotations: Mapping[str, str], name: str, default: float) -> float:
    try:
        value = float(annotations[PREFIX + name])
    except (KeyError, ValueError):
        return default
    return value if value >= 0 and math.isfinite(value) else default


_PLAIN = Script()
