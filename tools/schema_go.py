"""Structs of the API types, read from the published Go modules: names, order, types and tags, no prose."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

MODULES = ("k8s.io/api", "k8s.io/apimachinery", "k8s.io/apiextensions-apiserver", "k8s.io/kube-aggregator")
META = "k8s.io/apimachinery/pkg/apis/meta/v1"

# Types whose JSON form is not the one of their fields.
SPECIAL = {
    f"{META}.Time": "Time",
    f"{META}.MicroTime": "MicroTime",
    f"{META}.FieldsV1": "FieldsV1",
    "k8s.io/apimachinery/pkg/api/resource.Quantity": "Quantity",
    "k8s.io/apimachinery/pkg/util/intstr.IntOrString": "IntOrString",
    "k8s.io/apimachinery/pkg/runtime.RawExtension": "RawExtension",
    "k8s.io/apimachinery/pkg/types.UID": "string",
    "k8s.io/apimachinery/pkg/types.NodeName": "string",
    "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSON": "JSON",
    **{
        f"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOr{x}": f"JSONSchemaPropsOr{x}"
        for x in ("Bool", "Array", "StringArray")
    },
}
BUILTIN = {
    "string": "string",
    "bool": "bool",
    "int": "int64",
    "int32": "int32",
    "int64": "int64",
    "float64": "double",
    "[]byte": "bytes",
    "interface{}": "JSON",
}

_STRUCT = re.compile(r"^type (\w+) struct ?\{(\})?$")
_NAMED = re.compile(r"^type (\w+) (= )?([\w.\[\]*{}]+)(?:\s*//.*)?$")
_FIELD = re.compile(r"^\s+(?:(\w+)\s+)?([\w.*\[\]{}]+)\s+`([^`]*)`")
_IMPORT = re.compile(r'^\s*(?:import )?(?:(\w+) )?"([\w./-]+)"$')


@dataclass
class GoField:
    """One field as declared; `type` is qualified with import paths."""

    type: str
    json: str
    options: frozenset[str]
    tag: int


@dataclass
class Package:
    """The declarations of one Go package."""

    path: str
    group: str | None
    structs: dict[str, list[GoField]] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)
    wrapped: set[str] = field(default_factory=set)
    """Named lists that protobuf wraps into a message."""

    @property
    def version(self) -> str:
        """Last element of the path."""
        return self.path.rsplit("/", 1)[-1]

    def schema_name(self, name: str) -> str:
        """`io.k8s.api.apps.v1.Deployment`, as upstream's OpenAPI names it."""
        return "io." + self.path.replace("k8s.io/", "k8s.", 1).replace("/", ".") + "." + name


def download(version: str) -> dict[str, Path]:
    """Directories of the modules, fetched through the Go proxy if they are not in the module cache."""
    dirs = {}
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "go.mod").write_text("module scratch\n")
        for module in MODULES:
            command = ["go", "mod", "download", "-json", f"{module}@{version}"]
            answer = subprocess.run(command, cwd=scratch, check=True, capture_output=True, text=True)
            dirs[module] = Path(json.loads(answer.stdout)["Dir"])
    return dirs


def packages(dirs: dict[str, Path]) -> dict[str, Package]:
    """All API packages by import path."""
    folders = [(f"k8s.io/api/{p.parent.name}/{p.name}", p) for p in dirs["k8s.io/api"].glob("*/v*") if p.is_dir()]
    for module, inside in (
        ("k8s.io/apimachinery", "pkg/apis/meta/v1"),
        ("k8s.io/apiextensions-apiserver", "pkg/apis/apiextensions/v1"),
        ("k8s.io/kube-aggregator", "pkg/apis/apiregistration/v1"),
    ):
        folders.append((f"{module}/{inside}", dirs[module] / inside))
    found = {}
    for path, folder in sorted(folders):
        package = Package(path, _group(folder))
        for file in sorted({*folder.glob("types*.go"), *folder.glob("watch.go"), *folder.glob("group_version.go")}):
            if not file.name.endswith(("_test.go", "_doc_generated.go")):
                _read(package, file.read_text())
        if package.structs:
            found[path] = package
    return found


def _group(folder: Path) -> str | None:
    """The API group: declared in register.go, or in the register.go of the unversioned parent."""
    for register in (folder / "register.go", folder.parent / "register.go"):
        if register.exists() and (match := re.search(r'const GroupName = "(.*)"', register.read_text())):
            return match[1]
    return None


def _read(package: Package, text: str) -> None:
    imports: dict[str, str] = {}
    fields: list[GoField] | None = None
    nullable = False
    for line in text.splitlines():
        if fields is not None:
            if line == "}":
                fields = None
            elif (match := _FIELD.match(line)) and (found := _field(match, imports, package.path)):
                fields.append(found)
        elif match := _STRUCT.match(line):
            package.structs[match[1]] = declared = []
            fields = None if match[2] else declared
        elif match := _NAMED.match(line):
            package.named[match[1]] = _qualify(match[3], imports, package.path)
            if nullable:
                package.wrapped.add(match[1])
            nullable = False
        elif match := _IMPORT.match(line):
            imports[match[1] or match[2].rsplit("/", 1)[-1]] = match[2]
        elif line.startswith("//"):
            nullable |= "+protobuf.nullable=true" in line
        else:
            nullable = False


def _field(match: re.Match[str], imports: dict[str, str], path: str) -> GoField | None:
    tags = dict(re.findall(r'(\w+):"([^"]*)"', match[3]))
    name, *options = tags.get("json", "-").split(",")
    if name == "-":
        return None
    proto = tags.get("protobuf", "").split(",")
    tag = int(proto[1]) if len(proto) > 1 else 0
    return GoField(_qualify(match[2], imports, path), name, frozenset(options), tag)


def _qualify(text: str, imports: dict[str, str], path: str) -> str:
    """A Go type with every name preceded by its import path."""
    if text in BUILTIN:
        return text
    if text.startswith("*"):
        return "*" + _qualify(text[1:], imports, path)
    if text.startswith("[]"):
        return "[]" + _qualify(text[2:], imports, path)
    if text.startswith("map["):
        return "map[]" + _qualify(text[text.index("]") + 1 :], imports, path)
    alias, dot, name = text.rpartition(".")
    return f"{imports.get(alias, alias) if dot else path}.{name}"
