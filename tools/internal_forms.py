"""Distils the internal structs of the API server, whose Go names error messages show: `make schema` rewrites the data.

Source: pkg/apis/*/types.go of the Go module k8s.io/kubernetes. Only names, order and types are taken.
"""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

VERSION = "v1.36.2"
DATA = Path(__file__).parent.parent / "python/kfast/api/data"
TARGET, SCHEMA = DATA / "internal.json.gz", DATA / "schema.json.gz"
_META = "io.k8s.apimachinery.pkg.apis.meta.v1."
_EXTERNAL = [
    "ObjectMeta",
    "LabelSelector",
    "LabelSelectorRequirement",
    "FieldSelectorRequirement",
    "Condition",
    "OwnerReference",
    "ManagedFieldsEntry",
    "DeleteOptions",
    "Preconditions",
]
GROUPS = [
    "apps",
    "authentication",
    "authorization",
    "autoscaling",
    "batch",
    "certificates",
    "coordination",
    "core",
    "discovery",
    "flowcontrol",
    "networking",
    "node",
    "policy",
    "rbac",
    "resource",
    "scheduling",
    "storage",
    "storagemigration",
]

_STRUCT = re.compile(r"^type (\w+) struct \{(\})?$")
_NAMED = re.compile(r"^type (\w+) =? ?([\w.\[\]*]+)$")
_FIELD = re.compile(r"^\t(\w+)\s+([\w.*\[\]]+)")
_EMBEDDED = re.compile(r"^\t(?:(\w+)\.)?(\w+)$")
_SCALARS = {
    **dict.fromkeys(("string", "types.UID", "types.NodeName"), "s"),
    **dict.fromkeys(("int", "int32", "int64", "float64", "uint8"), "i"),
    **dict.fromkeys(("[]byte", "metav1.GroupResource", "metav1.Time", "metav1.MicroTime"), "?"),
    **dict.fromkeys(("runtime.RawExtension", "runtime.Object"), "?"),
    "bool": "b",
    "resource.Quantity": "q",
    "intstr.IntOrString": "o",
}


def source() -> Path:
    """The directory of pkg/apis, fetched through the Go proxy if it is not in the module cache."""
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "go.mod").write_text("module scratch\n")
        command = ["go", "mod", "download", "-json", f"k8s.io/kubernetes@{VERSION}"]
        answer = subprocess.run(command, cwd=scratch, check=True, capture_output=True, text=True)
    return Path(json.loads(answer.stdout)["Dir"]) / "pkg/apis"


def read(group: str, text: str, structs: dict[str, list[list[str]]], named: dict[str, str]) -> None:
    """Adds the declarations of one file."""
    fields: list[list[str]] | None = None
    for line in text.splitlines():
        line = re.sub(r"\s*(//.*|`.*`.*)$", "", line)
        if fields is not None:
            if line == "}":
                fields = None
            elif match := _EMBEDDED.match(line):
                fields.append(["", f"{match[1] or group}.{match[2]}"])
            elif match := _FIELD.match(line):
                fields.append([match[1], match[2]])
        elif match := _STRUCT.match(line):
            structs[f"{group}.{match[1]}"] = declared = []
            fields = None if match[2] else declared
        elif match := _NAMED.match(line):
            named[f"{group}.{match[1]}"] = match[2]


def resolve(group: str, text: str, structs: dict[str, list[list[str]]], named: dict[str, str]) -> str:
    """A type of the data: scalars as letters, `?` for what is null or itself, `m.` before types with JSON names."""
    if text in _SCALARS:
        return _SCALARS[text]
    if text.startswith("*"):
        return "*" + resolve(group, text[1:], structs, named)
    if text.startswith("[]"):
        return "[]" + resolve(group, text[2:], structs, named)
    if text.startswith("map["):
        return "{}" + resolve(group, text[text.index("]") + 1 :], structs, named)
    if text.startswith(("metav1.", "v1.")):
        return "m." + text.partition(".")[2]
    key = text.replace("api.", "core.") if "." in text else f"{group}.{text}"
    if key in structs:
        return key
    if key in named:
        return resolve(key.partition(".")[0], named[key], structs, named)
    raise KeyError(f"{group}: {text}")


def external(name: str) -> list[list[str]]:
    """The fields of a type of meta/v1, by JSON names; those that are shown even if unset are marked with `!`."""
    types = {row["name"]: row for row in json.loads(gzip.decompress(SCHEMA.read_bytes()))["types"]}
    rows = []
    for field in types[f"{_META}{name}"]["fields"]:
        kind = field["type"].replace("map[]", "{}").replace(_META, "m.")
        for word, letter in (("string", "s"), ("bool", "b"), ("int64", "i"), ("int32", "i")):
            kind = kind.replace(word, letter) if kind.endswith(word) else kind
        kind = "?" if kind in ("Time", "MicroTime", "FieldsV1") else kind
        rows.append([field["name"] + "!" * bool(field.get("always")), "*" * bool(field.get("pointer")) + kind])
    return rows


def distil() -> bytes:
    """The data file."""
    structs: dict[str, list[list[str]]] = {}
    named: dict[str, str] = {}
    folder = source()
    for group in GROUPS:
        for file in sorted((folder / group).glob("*types*.go")):
            read(group, file.read_text(), structs, named)
    rows = {
        name: [[field, resolve(name.partition(".")[0], kind, structs, named)] for field, kind in fields]
        for name, fields in sorted(structs.items())
    }
    rows |= {f"m.{name}": external(name) for name in _EXTERNAL}
    return gzip.compress(json.dumps(rows, separators=(",", ":")).encode(), mtime=0)


def main() -> int:
    """Writes the data, or with --check compares it."""
    data = distil()
    if "--check" in sys.argv:
        return int(gzip.decompress(TARGET.read_bytes()) != gzip.decompress(data))
    TARGET.write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
