"""The data in the wheel is what `make schema` writes from its sources."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[3] / "tools/schema.py"


def test_data_is_current() -> None:
    for module in ("kubernetes_validate", "lightkube.resources"):
        try:
            found = importlib.util.find_spec(module)
        except ModuleNotFoundError:
            found = None
        if found is None:
            pytest.skip(f"{module} is not installed (extra: schema)")
    if shutil.which("go") is None:
        pytest.skip("no Go toolchain to fetch the k8s.io modules with")
    checked = subprocess.run([sys.executable, str(TOOL), "--check"], capture_output=True, text=True, env=os.environ)
    if checked.returncode and "go" in checked.stderr and "CalledProcessError" in checked.stderr:
        pytest.skip("the k8s.io modules cannot be downloaded")
    assert checked.returncode == 0, checked.stdout + checked.stderr
