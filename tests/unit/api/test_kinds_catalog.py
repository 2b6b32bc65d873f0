"""The catalog against upstream's discovery of v1.36, the schema data and the filled vectors."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from kfast.api.catalog import KINDS, Catalog, by_gvk, by_resource, default_catalog, preferred
from kfast.api.kind import Kind
from kfast.api.schema import load_schema

ROOT = Path(__file__).parents[3]
VECTORS = ROOT.parent / "shared/data/api-testdata/v1.36.0"
NOW = 1_700_000_000.0
SAMPLES = 60
DISCOVERY = {
    (row["group"], row["version"], row["plural"]): row
    for row in json.loads((ROOT / "tests/golden/discovery.json").read_text())
}
API_SERVICE: dict[str, Any] = {
    "apiVersion": "apiregistration.k8s.io/v1",
    "kind": "APIService",
    "metadata": {"name": "v1.example.com"},
    "spec": {
        "group": "example.com",
        "version": "v1",
        "service": {"namespace": "n", "name": "s", "port": 443},
        "caBundle": "YQ==",
        "groupPriorityMinimum": 1000,
        "versionPriority": 15,
    },
    "status": {"conditions": [{"type": "Available", "status": "True", "reason": "Passed"}]},
}
ISSUERS = "cert-manager.io_issuers.yaml"


def name_of(kind: Kind) -> str:
    return kind.schema


def vector(kind: Kind) -> dict:
    path = VECTORS / f"{kind.group or 'core'}.{kind.version}.{kind.kind}.json"
    if not VECTORS.exists():
        pytest.skip("shared test data ../shared/data/api-testdata is absent")
    if kind.kind == "CustomResourceDefinition":  # its group has no vectors: a definition of an application
        return yaml.safe_load((VECTORS.parents[1] / "manifests/cert-manager-crds" / ISSUERS).read_text()) | {
            "status": {}
        }
    if kind.kind == "APIService":  # nor has this one
        return copy.deepcopy(API_SERVICE)
    return json.loads(path.read_text())


def test_every_ga_resource_is_served():
    expected = set(DISCOVERY)
    assert {(kind.group, kind.version, kind.plural) for kind in KINDS} == expected
    assert len(KINDS) == len(expected)


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
def test_discovery_equals_upstreams(kind: Kind):
    row = DISCOVERY[kind.group, kind.version, kind.plural]
    declared = {
        "group": kind.group,
        "version": kind.version,
        "plural": kind.plural,
        "kind": kind.kind,
        "namespaced": kind.namespaced,
        "singular": kind.singular_name,
        "verbs": sorted(kind.verbs),
        "shortNames": list(kind.short_names),
        "categories": list(kind.categories),
        "subresources": {
            s.name: {"kind": s.kind or kind.kind, "groupVersion": s.group_version, "verbs": sorted(s.verbs)}
            for s in kind.subresources
        },
    }
    assert declared == row


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
def test_schema_data_knows_the_kind(kind: Kind):
    assert kind.schema in load_schema().kinds()


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
def test_columns_evaluate_on_the_filled_vector(kind: Kind):
    filled = vector(kind)
    bare = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": "x"}}
    for column in kind.columns:
        for obj in (filled, bare):
            if not isinstance(column.value, str):
                assert isinstance(column.value(obj, NOW), str | int | float | bool)


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
def test_defaults_are_idempotent(kind: Kind):
    filled = vector(kind)
    for obj in (filled, {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": "x"}}):
        kind.defaults(obj)
        once = copy.deepcopy(obj)
        kind.defaults(obj)
        assert obj == once


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
def test_strategies_take_any_well_typed_object(kind: Kind):
    new = vector(kind)
    kind.defaults(new)
    old = copy.deepcopy(new)
    kind.prepare_create(new)
    kind.validate(new)
    kind.prepare_update(new, old)
    kind.validate_update(new, old)
    if kind.validates_on_update:  # else the whole object is checked again, and vectors are not valid
        assert set(kind.validate_update(copy.deepcopy(old), old)) <= set(kind.validate(old))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.storage], ids=name_of)
def test_a_version_that_is_not_stored_points_at_one_that_is(kind: Kind):
    stored = default_catalog().stored(kind)
    assert not stored.storage
    assert kind.storage_resource == stored.resource
    assert kind.from_storage is not None
    assert kind.to_storage is not None


def test_look_ups():
    assert by_gvk("apps", "v1", "Deployment") is by_resource("apps", "v1", "deployments")
    assert preferred("horizontalpodautoscalers.autoscaling").version == "v2"
    assert preferred("pods").kind == "Pod"
    assert by_gvk("apps", "v2", "Deployment") is None


def test_kinds_come_and_go_at_run_time():
    catalog = default_catalog()
    widget = Kind(group="example.com", version="v1", kind="Widget", plural="widgets")
    catalog.add(widget)
    assert catalog.preferred("widgets.example.com") is widget
    assert catalog.groups()["example.com"] == ["v1"]
    catalog.remove(widget)
    assert catalog.by_gvk("example.com", "v1", "Widget") is None
    assert len(catalog) == len(KINDS) == len(Catalog(KINDS))


def key_paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all fields in a decoded object."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key)
            yield from key_paths(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from key_paths(item, (*path, index))


def without(value: Any, path: tuple[Any, ...]) -> Any:
    copied = copy.deepcopy(value)
    inner = copied
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return copied


def run_strategies(kind: Kind, new: dict[str, Any], old: dict[str, Any]) -> None:
    kind.defaults(new)
    for column in kind.columns:
        if not isinstance(column.value, str):
            column.value(new, NOW)
    created = copy.deepcopy(new)
    kind.prepare_create(created)
    kind.warnings(created)
    kind.validate(created)
    kind.prepare_update(new, old)
    kind.validate(new)
    kind.validate_update(new, old)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.verbs != ("create",)], ids=name_of)
def test_no_absent_field_breaks_a_strategy(kind: Kind):
    schema = load_schema()
    filled = vector(kind)
    old = copy.deepcopy(filled)
    kind.defaults(old)
    paths = [path for path in key_paths(filled) if path[0] not in ("apiVersion", "kind", "metadata", "status")]
    bare = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": "x"}}
    step = len(paths) // SAMPLES + 1
    for sample in (bare, *(without(filled, path) for path in paths[::step])):
        body, _ = schema.decode(kind.schema, json.dumps(sample).encode(), "application/json", "Ignore")
        run_strategies(kind, body, copy.deepcopy(old))
