"""Commands in simulated containers: from the pod's script, from Python, or from the tools."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from typing import Any

from kfast.clock import Clock
from kfast.node.runtime import Console, ContainerError
from kfast.node.script import Outcome, exec_outcome
from kfast.node.simulation.files import Files
from kfast.node.simulation.process import Process, Program
from kfast.node.simulation.shell import NAMES, Shell
from kfast.node.simulation.tools import TOOLS
from kfast.runtime import Object

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NOT_FOUND = 127


class Containers:
    """Keeps the files of each container while its pod is there. `programs` come before the tools of their name."""

    def __init__(self, clock: Clock, programs: Mapping[str, Program]) -> None:
        self._clock = clock
        self._programs = {**TOOLS, **programs}
        self._files: dict[str, dict[str, Files]] = {}

    async def run(self, pod: Object, container: str, command: tuple[str, ...], console: Console) -> int:
        """The exit code. Raises ContainerError if there is no such command."""
        process = self._process(pod, container, command, console)
        scripted = exec_outcome(pod.get("metadata", "annotations", default={}) or {}, shlex.join(command))
        if scripted is not None:
            return await _play(scripted, process)
        name = os.path.basename(command[0])
        if name not in NAMES and name not in self._programs:
            why = f'exec: "{command[0]}": executable file not found in $PATH'
            raise ContainerError(f"OCI runtime exec failed: exec failed: unable to start container process: {why}")
        return await self._start(process)

    async def echo(self, pod: Object, container: str, console: Console) -> None:
        """The main process of a container with stdin: prints what it reads."""
        if not any(c["name"] == container and c.get("stdin") for c in pod.get("spec", "containers")):
            return
        while data := await console.read():
            await console.write(data)

    def remove(self, uid: str) -> None:
        """The pod is gone."""
        self._files.pop(uid, None)

    async def _start(self, process: Process) -> int:
        name = os.path.basename(process.command[0])
        program = self._programs.get(name)
        if program is not None:
            return await program(process)
        if name in NAMES:
            return await Shell(process, self._start).run()
        await process.console.complain(f"sh: {process.command[0]}: not found\n".encode())
        return _NOT_FOUND

    def _process(self, pod: Object, container: str, command: tuple[str, ...], console: Console) -> Process:
        kept = self._files.setdefault(pod.uid, {})
        if container not in kept:
            kept[container] = _first_files(pod)
        return Process(
            command=command,
            console=console,
            environment=_environment(pod, container),
            files=kept[container],
            clock=self._clock,
        )


async def _play(outcome: Outcome, process: Process) -> int:
    if outcome.seconds:
        await process.clock.sleep(outcome.seconds)
    await process.write(outcome.stdout)
    await process.console.complain(outcome.stderr.encode())
    return outcome.exit


def _first_files(pod: Object) -> Files:
    host, address = _hostname(pod), pod.get("status", "podIP", default="") or "127.0.0.1"
    return Files(
        {
            "/etc/hostname": f"{host}\n".encode(),
            "/etc/hosts": f"127.0.0.1\tlocalhost\n{address}\t{host}\n".encode(),
        }
    )


def _environment(pod: Object, container: str) -> dict[str, str]:
    """What is stated literally; references to other objects are not looked up."""
    found: list[dict[str, Any]] = [
        c
        for key in ("containers", "initContainers", "ephemeralContainers")
        for c in pod.get("spec", key, default=()) or ()
        if c["name"] == container
    ]
    stated = found[0].get("env") or () if found else ()
    literal = {entry["name"]: entry.get("value") or "" for entry in stated if "valueFrom" not in entry}
    return {"PATH": _PATH, "HOSTNAME": _hostname(pod), "HOME": "/root", **literal}


def _hostname(pod: Object) -> str:
    return str(pod.get("spec", "hostname", default="") or pod.name)
