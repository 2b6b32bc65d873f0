"""What `kfast up` refuses before it starts, and how it says why."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from kfast.cli import up

REFUSED = [
    (["--nodes", "-1"], "Invalid value for '--nodes': -1 is not in the range x>=0."),
    (["--port", "65536"], "Invalid value for '--port': 65536 is not in the range 0<=x<=65535."),
    (["--kubelet-port", "-1"], "Invalid value for '--kubelet-port': -1 is not in the range 0<=x<=65535."),
    (["--event-ttl", "1x"], "Invalid value for '--event-ttl': '1x' is no duration such as 1h30m or 45s"),
    (
        ["--enable-admission-plugins", "AlwaysPullImages,Foo,Bar"],
        "Invalid value for '--enable-admission-plugins': Bar, Foo: there are NamespaceLifecycle, ",
    ),
    (
        ["--enable-admission-plugins", "AlwaysPullImages", "--disable-admission-plugins", "Priority,AlwaysPullImages"],
        "['AlwaysPullImages'] in enable-admission-plugins and disable-admission-plugins overlapped",
    ),
    (["--audit-log-path", "-"], "--audit-policy-file goes with --audit-log-path or --audit-webhook-config-file"),
]


@pytest.mark.parametrize(("arguments", "why"), REFUSED)
def test_bad_arguments_are_named(tmp_path: Path, arguments: list[str], why: str) -> None:
    answer = CliRunner().invoke(up.command, ["--port", "0", "--kubeconfig", str(tmp_path / "k"), *arguments])
    assert answer.exit_code in (1, 2)
    assert f"Error: {why}" in answer.output
    assert not (tmp_path / "k").exists()


def test_a_directory_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    data = tmp_path / "file" / "data"
    answer = CliRunner().invoke(up.command, ["--port", "0", "--data-dir", str(data)])
    assert (answer.exit_code, answer.output) == (1, f"Error: {data}: Not a directory\n")
