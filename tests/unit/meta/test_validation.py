"""Metadata and label selectors, with upstream's paths and messages."""

from typing import Any

import pytest

from kfast.meta.validation import validate_label_selector, validate_object_meta, validate_object_meta_update

GOOD: dict[str, Any] = {
    "name": "web",
    "namespace": "shop",
    "labels": {"app": "web"},
    "annotations": {"Example.com/Note": "anything goes"},
    "finalizers": ["example.com/guard"],
    "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r", "uid": "u", "controller": True}],
}


def found(errors: list[tuple[str, str, str]]) -> list[tuple[str, str]]:
    return [(path, message.split(": ", 2)[-1][:60]) for path, _, message in errors]


def test_good_metadata_passes() -> None:
    assert validate_object_meta(GOOD, True, "subdomain") == []
    assert validate_object_meta({"name": "a:b"}, False, "path") == []
    assert validate_object_meta({"name": "a-x", "generateName": "a-"}, False, "label") == []


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        ({"name": ""}, "metadata.name", "Required value: name or generateName is required"),
        ({"namespace": ""}, "metadata.namespace", "Required value"),
        ({"namespace": "A"}, "metadata.namespace", 'Invalid value: "A": a lowercase RFC 1123 label'),
        ({"generateName": "Ab-"}, "metadata.generateName", 'Invalid value: "Ab-": a lowercase RFC 1123 subdomain'),
        ({"labels": {"a/b/c": ""}}, "metadata.labels", 'Invalid value: "a/b/c": a valid label key must consist'),
        ({"labels": {"a": "-"}}, "metadata.labels", 'Invalid value: "-": a valid label must be'),
        ({"annotations": {"a b": ""}}, "metadata.annotations", 'Invalid value: "a b": name part'),
        ({"annotations": {"a": "x" * 2**18}}, "metadata.annotations", "Too long: may not be more than 262144 bytes"),
        ({"finalizers": ["a/b c"]}, "metadata.finalizers", 'Invalid value: "a/b c": name part'),
        ({"finalizers": ["a"]}, "metadata.finalizers[0]", 'Invalid value: "a": name is neither a standard'),
        ({"finalizers": ["orphan", "foregroundDeletion"]}, "metadata.finalizers", "Invalid value: ["),
        ({"ownerReferences": [{"kind": "a", "name": "b", "uid": "c"}]}, "metadata.ownerReferences.apiVersion", ""),
        ({"ownerReferences": [{"apiVersion": "v1", "name": "b", "uid": "c"}]}, "metadata.ownerReferences.kind", ""),
        ({"ownerReferences": GOOD["ownerReferences"] * 2}, "metadata.ownerReferences", "Invalid value: [{"),
        ({"managedFields": [{"operation": "x"}]}, "metadata.managedFields[0].operation", 'Invalid value: "x": must be'),
        ({"generation": -1}, "metadata.generation", "Invalid value: -1: must be greater than or equal to 0"),
    ],
)
def test_bad_metadata_is_named(change: dict[str, Any], path: str, message: str) -> None:
    errors = validate_object_meta({**GOOD, **change}, True, "subdomain")
    assert [e[0] for e in errors] == [path]
    assert errors[0][2].startswith(message)


def test_a_namespace_is_not_allowed_on_cluster_scoped_kinds() -> None:
    errors = validate_object_meta({"name": "a", "namespace": "b"}, False, "subdomain")
    assert errors == [("metadata.namespace", "FieldValueForbidden", "Forbidden: not allowed on this type")]


def test_identity_is_fixed_on_updates() -> None:
    old = {**GOOD, "uid": "u", "resourceVersion": "1", "creationTimestamp": "t", "generation": 2}
    assert validate_object_meta_update({**old, "labels": {}}, old, True) == []
    changed = {**old, "uid": "v", "name": "b", "generation": 1, "resourceVersion": ""}
    assert found(validate_object_meta_update(changed, old, True, again=())) == [
        ("metadata.resourceVersion", "must be specified for an update"),
        ("metadata.generation", "must not be decremented"),
        ("metadata.name", "field is immutable"),
        ("metadata.uid", "field is immutable"),
    ]


def test_no_finalizer_is_added_during_deletion() -> None:
    old = {**GOOD, "resourceVersion": "1", "deletionTimestamp": "t"}
    assert validate_object_meta_update({**old, "finalizers": []}, old, True) == []
    errors = validate_object_meta_update({**old, "finalizers": ["b/c", "a"]}, old, True, again=())
    message = (
        "Forbidden: no new finalizers can be added if the object is being deleted, "
        'found new finalizers []string{"a", "b/c"}'
    )
    assert errors == [("metadata.finalizers", "FieldValueForbidden", message)]


def test_label_selectors() -> None:
    good = {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "c", "operator": "In", "values": ["d"]}]}
    assert validate_label_selector(good, "spec.selector") == validate_label_selector(None, "x") == []
    expressions: list[dict[str, Any]] = [
        {"key": "a", "operator": "In"},
        {"key": "a", "operator": "Exists", "values": ["b"]},
        {"key": "a", "operator": "Gt"},
        {"key": "", "operator": "Exists"},
        {"key": "a", "operator": "NotIn", "values": ["-"]},
    ]
    errors = validate_label_selector({"matchExpressions": expressions}, "spec.selector")
    prefix = "spec.selector.matchExpressions"
    assert [(path, reason) for path, reason, _ in errors] == [
        (f"{prefix}[0].values", "FieldValueRequired"),
        (f"{prefix}[1].values", "FieldValueForbidden"),
        (f"{prefix}[2].operator", "FieldValueInvalid"),
        (f"{prefix}[3].key", "FieldValueInvalid"),
        (f"{prefix}[3].key", "FieldValueInvalid"),
        (f"{prefix}[4].values[0]", "FieldValueInvalid"),
    ]
