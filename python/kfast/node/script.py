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

A value that is no number counts as the default.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

PREFIX = "kfast.dev/"


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
        )


def _seconds(annotations: Mapping[str, str], name: str, default: float) -> float:
    try:
        value = float(annotations[PREFIX + name])
    except (KeyError, ValueError):
        return default
    return value if value >= 0 and math.isfinite(value) else default


_PLAIN = Script()
