"""Every file that declares something is registered, and nothing unfinished or local is left in the tree."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from kfast.api.catalog import KINDS
from kfast.controllers.catalog import CONTROLLERS

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "python" / "kfast"


def declaring(folder: Path, name: str) -> list[Path]:
    """The files that assign `name` at their top level."""
    found = [
        path
        for path in sorted(folder.rglob("*.py"))
        if any(
            isinstance(node, ast.Assign | ast.AnnAssign)
            and name in [t.id for t in getattr(node, "targets", [getattr(node, "target", None)]) if hasattr(t, "id")]
            for node in ast.parse(path.read_text()).body
        )
    ]
    assert found
    return found


def module(path: Path) -> str:
    relative = path.relative_to(PACKAGE.parent).with_suffix("")
    parts = relative.parts[:-1] if relative.name == "__init__" else relative.parts
    return ".".join(parts)


def imported(path: Path) -> set[str]:
    """The modules a file imports, also as names out of a package."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


@pytest.mark.parametrize(
    ("folder", "name", "registered"), [("api", "KIND", len(KINDS)), ("controllers", "CONTROLLER", len(CONTROLLERS))]
)
def test_every_declaration_is_in_its_catalog(folder: str, name: str, registered: int) -> None:
    catalog = imported(PACKAGE / folder / "catalog.py")
    files = declaring(PACKAGE / folder, name)
    assert [module(path) for path in files if module(path) not in catalog] == []
    assert registered >= len(files)


def test_every_scheduler_plugin_is_registered() -> None:
    plugins = ROOT / "rust" / "kfast-scheduler" / "src" / "plugins"
    exports = (plugins / "mod.rs").read_text()
    modules = {p.stem for p in plugins.glob("*.rs")} | {p.name for p in plugins.iterdir() if p.is_dir()}
    modules.discard("mod")
    assert len(modules) > 10
    assert {m for m in modules if not re.search(rf"\bmod {m};", exports)} == set()
    profile = (plugins.parent / "framework" / "registry.rs").read_text()
    names = re.findall(r"^pub use \w+::(\w+);", exports, re.MULTILINE)
    assert len(names) == len(modules)
    assert [name for name in names if not re.search(rf"\bp::{name}\b", profile)] == []


def test_the_stub_and_the_door_export_the_same() -> None:
    stub = ast.parse((PACKAGE / "_native.pyi").read_text())
    declared = {n.name for n in stub.body if isinstance(n, ast.ClassDef | ast.FunctionDef) and n.name[0] != "_"}
    (exports,) = (n for n in ast.parse((PACKAGE / "_core.py").read_text()).body if isinstance(n, ast.Assign))
    assert set(ast.literal_eval(exports.value)) == declared


def texts(*patterns: str) -> list[Path]:
    left_out = {".venv", "target", "node_modules", ".git", ".mypy_cache", ".ruff_cache", ".pytest_cache"}
    found = [p for pattern in patterns for p in ROOT.glob(pattern) if not left_out & set(p.relative_to(ROOT).parts)]
    assert found
    return found


def test_nothing_is_left_to_do() -> None:
    unfinished = re.compile(r"\bTODO\b|\bFIXME\b|\bXXX\b|NotImplementedError|\btodo!\(|\bunimplemented!\(")
    sources = texts("python/kfast/**/*.py", "rust/**/*.rs")
    assert [str(p.relative_to(ROOT)) for p in sources if unfinished.search(p.read_text())] == []


def test_no_path_of_one_machine() -> None:
    local = re.compile(r"(?<![\w.])/(?:root|home/\w+|work|tmp)/\w")
    documents = texts("*.md", "docs/**/*.md", "examples/**/*", "Makefile", "pyproject.toml", "python/kfast/**/*.py")
    found = [str(p.relative_to(ROOT)) for p in documents if p.is_file() and local.search(p.read_text(errors="ignore"))]
    assert found == []
