"""`/version`: the upstream release whose behaviour is served, and whose build this is."""

from __future__ import annotations

from functools import cache
from typing import Any

from kfast.config import KUBERNETES_VERSION

_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


@cache
def version_info() -> dict[str, Any]:
    """`version.Info`; the build metadata behind the plus names kfast and its version."""
    import platform
    from importlib.metadata import version

    major, minor, _ = KUBERNETES_VERSION.removeprefix("v").split(".")
    machine = platform.machine()
    return {
        "major": major,
        "minor": minor,
        "emulationMajor": major,
        "emulationMinor": minor,
        "minCompatibilityMajor": major,
        "minCompatibilityMinor": str(int(minor) - 1),
        "gitVersion": f"{KUBERNETES_VERSION}+kfast.{version('kfast')}",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": f"python{platform.python_version()}",
        "compiler": platform.python_implementation().lower(),
        "platform": f"{platform.system().lower()}/{_MACHINES.get(machine, machine)}",
    }
