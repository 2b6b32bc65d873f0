"""Distils the schema data the wheel carries: `make schema` rewrites it, `--check` tells whether it is current.

Sources: Go modules k8s.io/* (structs, order, JSON names, protobuf tags), kubernetes-validate (required, enums, list
types, merge keys) and lightkube-models (REST map). Only names, types and numbers are taken.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import schema_go
import schema_rest
from schema_go import META, GoField, Package

KUBERNETES = "v1.36.0"
MODULE_VERSION = "v0.36.0"
TARGET = Path(__file__).parent.parent / "python/kfast/api/data/schema.json.gz"
TYPE_META = f"{META}.TypeMeta"
SCALARS = {"string", "bool", "int32", "int64", "double", "bytes"}


def definitions() -> dict[str, Any]:
    """The OpenAPI definitions of this version, by schema name."""
    spec = importlib.util.find_spec("kubernetes_validate")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("kubernetes-validate is not installed")
    file = Path(spec.origin).parent / f"kubernetes-json-schema/{KUBERNETES}-local/_definitions.json"
    defs: dict[str, Any] = json.loads(file.read_text())["$defs"]
    return defs


class Distiller:
    """Turns Go packages into type rows."""

    def __init__(self, packages: dict[str, Package], defs: dict[str, Any]) -> None:
        self.packages = packages
        self.defs = defs

    def rows(self) -> list[dict[str, Any]]:
        """One row per struct, sorted by schema name."""
        rows = []
        for package in self.packages.values():
            for name in (*package.structs, *package.named):
                if self.declared(f"{package.path}.{name}") is not None:
                    rows.append(self.row(package, name))
        return sorted(rows, key=lambda r: r["name"])

    def declared(self, go: str) -> list[GoField] | None:
        """The fields of a struct, or of the struct that a named type stands for."""
        path, _, name = go.rpartition(".")
        package = self.packages.get(path)
        if package is None or go in schema_go.SPECIAL:
            return None
        if name in package.structs:
            return package.structs[name]
        return self.declared(package.named.get(name, ""))

    def row(self, package: Package, name: str) -> dict[str, Any]:
        """The row of one struct."""
        schema_name = package.schema_name(name)
        definition = self.defs.get(schema_name)
        row: dict[str, Any] = {"name": schema_name}
        fields, embeds = self.fields(self.declared(f"{package.path}.{name}") or [])
        if kinds := self.kinds(package, name, fields):
            row["kinds"] = kinds
        if definition is not None:
            row["defined"] = True
            if definition.get("x-kubernetes-map-type") == "atomic":
                row["atomic"] = True
            for key, out in (("x-kubernetes-unions", "unions"), ("x-kubernetes-group-version-kind", "gvks")):
                if key in definition:
                    row[out] = definition[key]
            for column in fields:
                self.annotate(column, definition)
        row["fields"] = fields
        if embeds:
            row["embeds"] = embeds
        return row

    def kinds(self, package: Package, name: str, fields: list[dict[str, Any]]) -> list[str]:
        """The keys of the kinds a struct is the structure of."""
        if package.path == META:
            root = name == "WatchEvent" or fields[:1] == [{"name": "apiVersion", "type": "string"}]
            return [f"v1/{name}", f"meta.k8s.io/v1/{name}"] if root and name != "TypeMeta" else []
        if not any(f["name"] == "kind" and "tag" not in f for f in fields[:2]):
            return []
        return [f"{package.group}/{package.version}/{name}" if package.group else f"{package.version}/{name}"]

    def fields(self, declared: list[GoField]) -> tuple[list[dict[str, Any]], list[list[Any]]]:
        """Columns in Go's order with embedded structs inlined, and the embedded protobuf messages."""
        columns: list[dict[str, Any]] = []
        embeds: list[list[Any]] = []
        for field in declared:
            if field.type == TYPE_META and not field.tag:
                columns += [{"name": "apiVersion", "type": "string"}, {"name": "kind", "type": "string"}]
            elif "inline" in field.options:
                inner, _ = self.fields(self.declared(field.type) or [])
                columns += [{k: v for k, v in c.items() if k != "tag"} for c in inner]
                embeds.append([field.tag, self.type(field.type)])
            else:
                columns.append(self.column(field))
        return columns, embeds

    def column(self, field: GoField) -> dict[str, Any]:
        """One property."""
        pointer = field.type.startswith("*")
        expression = self.type(field.type.removeprefix("*"))
        row: dict[str, Any] = {"name": field.json, "type": expression}
        if field.tag:
            row["tag"] = field.tag
        structure = expression not in SCALARS and not expression.startswith(("[]", "map[]", "items[]"))
        if pointer:
            row["pointer"] = True
        elif "omitzero" not in field.options and (structure or "omitempty" not in field.options):
            row["always"] = True
        return row

    def type(self, go: str) -> str:
        """The type expression of a qualified Go type."""
        go = go.removeprefix("*")
        if go in schema_go.BUILTIN:
            return schema_go.BUILTIN[go]
        if go in schema_go.SPECIAL:
            return schema_go.SPECIAL[go]
        for prefix in ("[]", "map[]"):
            if go.startswith(prefix):
                return prefix + self.type(go[len(prefix) :])
        path, _, name = go.rpartition(".")
        package = self.packages.get(path)
        if package is None:
            raise LookupError(f"no Go package declares {go}")
        if self.declared(go) is not None:
            return package.schema_name(name)
        expression = self.type(package.named[name])
        return f"items{expression}" if name in package.wrapped else expression

    @staticmethod
    def annotate(column: dict[str, Any], definition: dict[str, Any]) -> None:
        """Adds what the OpenAPI definition knows of a property."""
        prop = definition["properties"][column["name"]]
        if column["name"] in definition.get("required", ()):
            column["required"] = True
        enum = prop.get("enum") or prop.get("items", {}).get("enum")
        if enum and column["name"] not in ("apiVersion", "kind"):
            column["enum"] = sorted(v for v in enum if v is not None)
        for key, out in (
            ("x-kubernetes-list-type", "list"),
            ("x-kubernetes-list-map-keys", "keys"),
            ("x-kubernetes-patch-merge-key", "merge_key"),
            ("x-kubernetes-patch-strategy", "patch"),
        ):
            if key in prop:
                column[out] = prop[key]
        if prop.get("x-kubernetes-map-type") == "atomic":
            column["atomic"] = True


def distil() -> bytes:
    """The uncompressed data file."""
    packages = schema_go.packages(schema_go.download(MODULE_VERSION))
    data = {
        "version": KUBERNETES,
        "types": Distiller(packages, definitions()).rows(),
        "resources": schema_rest.resources(),
    }
    return json.dumps(data, separators=(",", ":"), sort_keys=False).encode()


def main(arguments: list[str]) -> int:
    """Writes the file, or compares with `--check`."""
    data = distil()
    if "--check" in arguments:
        current = TARGET.exists() and gzip.decompress(TARGET.read_bytes()) == data
        print("schema data is current" if current else "schema data is stale: run `make schema`")
        return 0 if current else 1
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(gzip.compress(data, 9, mtime=0))
    print(f"{TARGET.name}: {len(data)} bytes, {TARGET.stat().st_size} compressed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
