"""The architecture's rules hold: import layers, the crate graph, and nobody but the binding crate names pyo3."""

import json
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

ALLOWED = {
    "kfast-core": set(),
    "kfast-selector": {"kfast-core"},
    "kfast-schema": {"kfast-core"},
    "kfast-cel": {"kfast-core", "kfast-schema"},
    "kfast-pod": {"kfast-core", "kfast-schema"},
    "kfast-store": {"kfast-core", "kfast-selector"},
    "kfast-scheduler": {"kfast-core", "kfast-selector"},
    "kfast-endpoints": {"kfast-core", "kfast-selector"},
    "kfast-testkit": {"kfast-core", "kfast-selector", "kfast-store"},
    "kfast-py": {
        "kfast-core",
        "kfast-selector",
        "kfast-schema",
        "kfast-cel",
        "kfast-pod",
        "kfast-store",
        "kfast-scheduler",
        "kfast-endpoints",
    },
}


def crates() -> dict[str, dict]:
    command = ["cargo", "metadata", "--format-version", "1", "--no-deps", "--offline"]
    metadata = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    return {package["name"]: package for package in metadata["packages"]}


def normal_dependencies(package: dict) -> set[str]:
    return {d["name"] for d in package["dependencies"] if d["kind"] is None}


def test_crates_depend_only_as_designed():
    found = crates()
    assert set(found) == set(ALLOWED)
    for name, package in found.items():
        ours = {d for d in normal_dependencies(package) if d.startswith("kfast-")}
        assert ours <= ALLOWED[name], f"{name} may not depend on {ours - ALLOWED[name]}"


def test_only_the_binding_crate_names_pyo3():
    found = crates()
    assert "pyo3" in normal_dependencies(found.pop("kfast-py"))
    assert found
    for name, package in found.items():
        assert "pyo3" not in normal_dependencies(package), name


def test_layers_name_every_package():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(c for c in contracts if c["type"] == "layers")["layers"]
    named = {part.strip(" ()") for layer in layers for part in layer.replace(":", "|").split("|")}
    package = ROOT / "python" / "kfast"
    present = {p.name for p in package.iterdir() if (p / "__init__.py").exists()}
    present |= {p.stem for p in package.glob("*.py")} - {"__init__", "__main__"}
    assert len(present) > 10
    assert present <= named, f"not in any layer: {present - named}"


def sources(pattern: str) -> list[Path]:
    found = sorted((ROOT / "python" / "kfast").rglob(pattern))
    assert found
    return found


def test_rust_is_reached_through_one_door():
    offenders = [
        str(path.relative_to(ROOT))
        for path in sources("*.py")
        if path.name != "_core.py" and "kfast._native" in path.read_text()
    ]
    assert offenders == []


@pytest.mark.parametrize("word", ["utils", "helpers", "common", "misc", "base"])
def test_no_module_is_named_after_nothing(word: str):
    names = [p for p in sources("*.py") if p.stem == word]
    names += [p for p in (ROOT / "rust").rglob("*.rs") if p.stem == word]
    assert names == []


def test_sources_stay_readable():
    long = [
        f"{path.relative_to(ROOT)} ({lines})"
        for path in [*sources("*.py"), *(ROOT / "rust").rglob("src/**/*.rs")]
        if (lines := len(path.read_text().splitlines())) > 600
    ]
    assert long == []
