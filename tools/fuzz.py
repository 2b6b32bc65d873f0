"""Runs every fuzz target for a short while: `python tools/fuzz.py [--seconds N] [--shared DIR] [target...]`.

Needs a nightly compiler and cargo-fuzz. Seeds are made from the shared test data, if it is there, into the ignored
`fuzz/corpus`, where what the runs learn stays too.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FUZZ = ROOT / "fuzz"
SHARED = ROOT.parent / "shared" / "data"
_DECODED = ("Pod", "Secret", "Deployment", "CustomResourceDefinition", "SubjectAccessReview", "WatchEvent")
_PATCHED = ("Pod", "Deployment", "Service")
_QUANTITIES = ("100m\n1.5Gi", "1e3\n1E", "0.5Ki\n9Ei", "-1n\n+8Mi", "12500e-3\n1024Mi")
_LABELS = ("a=b,c!=d", "x in (a,b),!y,z", "n>1,n<5", "app.kubernetes.io/name==web,t notin ()")
_FIELDS = ("metadata.name=a,status.phase!=Running", r"a=x\,y\=z\\,b==1")


_STRUCTURES: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
    (
        {
            "type": "object",
            "properties": {
                "spec": {
                    "type": "object",
                    "properties": {
                        "text": {"type": "string", "default": "d", "pattern": "^[a-z]+$", "nullable": True},
                        "list": {"type": "array", "items": {"type": "integer", "maximum": 3}},
                        "free": {"x-kubernetes-preserve-unknown-fields": True},
                    },
                    "anyOf": [{"required": ["text"]}, {"properties": {"list": {"minItems": 1}}}],
                }
            },
        },
        {"kind": "K", "metadata": {"name": "x"}, "spec": {"list": [1, 5], "free": {"a": None}, "other": 1}},
    ),
)
"""A schema and an object."""


def seeds(target: str, shared: Path) -> Iterator[bytes]:
    """Inputs of the form the target takes."""
    texts = {"quantity": _QUANTITIES, "label_selector": _LABELS, "field_selector": _FIELDS}
    if target in texts:
        yield from (text.encode() for text in texts[target])
    elif target == "cel":
        yield from _expressions()
    elif target.startswith("decode_"):
        suffix = {"decode_json": "json", "decode_yaml": "yaml", "decode_protobuf": "pb"}[target]
        for choice, kind in enumerate(_DECODED):
            yield from (bytes([choice]) + data for data in _samples(shared, kind, suffix))
    elif target == "structural":
        yield from (_compact(schema) + b"\0" + _compact(obj) for schema, obj in _STRUCTURES)
    elif target == "server_side_apply":
        yield from _applied(shared)
    elif target.endswith("_patch"):
        yield from _patches(target, shared)
    elif target in ("scheduler", "endpoints"):
        yield from _clusters(target, shared)
    else:
        for kind in _PATCHED:
            for data in _samples(shared, kind, "json"):
                yield data
                yield b'{"kind":"%sList","apiVersion":"v1","metadata":{},"items":[%s]}' % (kind.encode(), data)


def _expressions() -> Iterator[bytes]:
    """Those whose answers the tests know."""
    for path in sorted((ROOT / "rust/kfast-cel/tests/tables").glob("*.jsonl")):
        cases = map(json.loads, path.read_text().splitlines())
        yield from (case["expr"].encode() for case in cases if "expr" in case)


def _samples(shared: Path, kind: str, suffix: str) -> Iterator[bytes]:
    """Compact bodies of a kind."""
    for path in sorted((shared / "api-testdata").glob(f"*/*.{kind}.{suffix}")):
        data = path.read_bytes()
        yield _compact(json.loads(data)) if suffix == "json" else data


def _compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _patches(target: str, shared: Path) -> Iterator[bytes]:
    for choice, kind in enumerate(_PATCHED):
        for data in _samples(shared, kind, "json"):
            changes: tuple[Any, ...] = (
                {"metadata": {"labels": {"a": "b", "c": None}}},
                {"spec": {"containers": [{"name": "nameValue", "$patch": "delete"}], "$retainKeys": ["containers"]}},
                {"spec": {"ports": [{"port": 1}], "$setElementOrder/ports": [{"port": 1}]}},
                {"metadata": {"$deleteFromPrimitiveList/finalizers": ["finalizersValue"]}},
            )
            if target == "json_patch":
                changes = (
                    [{"op": "test", "path": "/kind", "value": kind}, {"op": "remove", "path": "/spec"}],
                    [{"op": "add", "path": "/metadata/finalizers/-", "value": {}}],
                    [{"op": "move", "from": "/spec", "path": "/status"}, {"op": "copy", "from": "", "path": "/a"}],
                )
            yield from (bytes([choice]) + data + b"\n" + _compact(change) for change in changes)


def _applied(shared: Path) -> Iterator[bytes]:
    owned = {"f:metadata": {"f:labels": {"f:a": {}}}, "f:spec": {"f:containers": {'k:{"name":"c"}': {".": {}}}}}
    entry = {"manager": "m", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": owned}
    config = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    for choice, kind in enumerate(_PATCHED):
        for data in _samples(shared, kind, "json"):
            yield bytes([choice]) + b"\n".join((data, _compact(config), _compact([entry])))


def _clusters(target: str, shared: Path) -> Iterator[bytes]:
    if target == "endpoints":
        tags = {"Service": b"V", "Pod": b"P", "EndpointSlice": b"S", "Endpoints": b"E"}
        objects = {tag: list(_samples(shared, kind, "json")) for kind, tag in tags.items()}
        yield b"\n".join(tag + data for tag, bodies in objects.items() for data in bodies)
        yield b"\n".join(tag + data for tag, bodies in objects.items() if tag in b"VP" for data in bodies)
        return
    path = shared / "scheduler-vectors" / "scenarios.jsonl.gz"
    if not path.exists():
        return
    with gzip.open(path, "rt") as lines:
        for line in itertools.islice(lines, 40):
            scenario = json.loads(line)
            tagged = [(b"N", n) for n in scenario["nodes"]] + [(b"P", p) for p in scenario["pods"]]
            tagged += [(b"E", scenario["pod"]), (b"P", scenario["pod"])]
            yield b"\n".join(tag + _compact(value) for tag, value in tagged)


def run(target: str, seconds: int, shared: Path) -> bool:
    """Whether the target found nothing."""
    corpus = FUZZ / "corpus" / target
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(seeds(target, shared)):
        (corpus / f"seed-{number}").write_bytes(data)
    limits = (f"-max_total_time={seconds}", "-max_len=65536", "-timeout=10", "-rss_limit_mb=4096", "-verbosity=0")
    command = ("nice", "cargo", "+nightly", "fuzz", "run", target, str(corpus), "--", *limits)
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def main() -> int:
    """The exit code: 1 if any target found something."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("targets", nargs="*")
    arguments = parser.parse_args()
    known = [b["name"] for b in tomllib.loads((FUZZ / "Cargo.toml").read_text())["bin"]]
    failed = []
    for target in arguments.targets or known:
        found = not run(target, arguments.seconds, arguments.shared)
        print(f"{target}: {'failed' if found else 'ok'}", flush=True)
        failed += [target] * found
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
