"""The REST map: which resource serves which kind, read from lightkube-models without importing it."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path
from typing import Any

VERBS = {
    "post": "create",
    "put": "update",
    "delete": "delete",
    "deletecollection": "deletecollection",
    "get": "get",
    "list": "list",
    "patch": "patch",
    "watch": "watch",
}


def resources() -> list[dict[str, Any]]:
    """Every resource with group, version, kind, plural, scope, verbs and subresources, sorted."""
    spec = importlib.util.find_spec("lightkube.resources")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("lightkube-models is not installed")
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    below: list[tuple[tuple[str, str, str], str, dict[str, Any]]] = []
    for folder in spec.submodule_search_locations:
        for file in sorted(Path(folder).glob("*.py")):
            for scope, info in _declarations(ast.parse(file.read_text())):
                group, version, kind = info["resource"]
                verbs = sorted({VERBS[v] for v in info.get("verbs", []) if v in VERBS})
                if "action" in info:
                    sub = {"name": info["action"], "group": group, "version": version, "kind": kind, "verbs": verbs}
                    below.append((info["parent"], info["plural"], sub))
                    continue
                found[group, version, info["plural"]] = {
                    "group": group,
                    "version": version,
                    "kind": kind,
                    "plural": info["plural"],
                    "namespaced": scope.startswith("Namespaced"),
                    "verbs": verbs,
                    "subresources": [],
                }
    for (group, version, _), plural, sub in sorted(below, key=lambda b: (b[0], b[1], b[2]["name"])):
        found[group, version, plural]["subresources"].append(sub)
    return [found[key] for key in sorted(found)]


def _declarations(module: ast.Module) -> list[tuple[str, dict[str, Any]]]:
    """(name of the scope's class, arguments of ApiInfo) of every class."""
    out = []
    for node in module.body:
        if not isinstance(node, ast.ClassDef) or not isinstance(node.bases[0], ast.Attribute):
            continue
        for statement in node.body:
            if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
                info = {k.arg: _literal(k.value) for k in statement.value.keywords if k.arg}
                out.append((node.bases[0].attr, info))
    return out


def _literal(node: ast.expr) -> Any:
    if isinstance(node, ast.Call):
        return tuple(ast.literal_eval(a) for a in node.args)
    return ast.literal_eval(node)
