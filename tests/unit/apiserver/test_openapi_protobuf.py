"""OpenAPI v2 in gnostic's protobuf, field by field."""

from __future__ import annotations

import pytest

from kfast.apiserver.openapi.merge import merged
from kfast.apiserver.openapi.protobuf import document_protobuf


def field(number: int, data: bytes) -> bytes:
    assert len(data) < 128
    key = number << 3 | 2
    head = bytes((key,)) if key < 128 else bytes((key & 127 | 128, key >> 7))
    return head + bytes((len(data),)) + data


def pair(name: bytes, data: bytes) -> bytes:
    return field(1, name) + field(2, data)


def schema(fields: bytes) -> bytes:
    """The only definition of a document."""
    return field(9, field(1, pair(b"A", fields)))


def parameters(fields: bytes) -> bytes:
    return field(10, field(1, pair(b"p", fields)))


ANY = field(2, b'["a"]\n')


@pytest.mark.parametrize(
    ("document", "encoded"),
    [
        ({"swagger": "2.0", "schemes": ["https"], "host": ""}, field(1, b"2.0") + field(5, b"https")),
        ({"definitions": {"A": {"type": "string"}}}, schema(field(22, field(1, b"string")))),
        (
            {"definitions": {"A": {"type": "string", "$ref": "x"}}},
            schema(field(1, b"x") + field(22, field(1, b"string"))),
        ),
        ({"definitions": {"A": {"items": {"format": "f"}}}}, schema(field(23, field(1, field(2, b"f"))))),
        ({"definitions": {"A": {"additionalProperties": False}}}, schema(field(21, b"\x10\x00"))),
        (
            {"definitions": {"A": {"additionalProperties": {"format": "f"}}}},
            schema(field(21, field(1, field(2, b"f")))),
        ),
        ({"definitions": {"A": {"x-k": ["a"]}}}, schema(field(31, pair(b"x-k", ANY)))),
        ({"definitions": {"A": {"enum": [["a"], ["a"]]}}}, schema(field(20, ANY) * 2)),
        ({"definitions": {"A": {"maxLength": 300}}}, schema(b"\x58\xac\x02")),
        ({"definitions": {"A": {"minimum": -1}}}, schema(b"\x49" + b"\0" * 6 + b"\xf0\xbf")),
        ({"definitions": {"A": {"maxLength": -1}}}, schema(b"\x58" + b"\xff" * 9 + b"\x01")),
        ({"definitions": {"A": {"oneOf": []}}}, schema(b"")),
        ({"parameters": {"p": {"in": "body", "name": "n"}}}, parameters(field(1, field(2, b"n") + field(3, b"body")))),
        (
            {"parameters": {"p": {"in": "path", "name": "n"}}},
            parameters(field(2, field(4, field(2, b"path") + field(4, b"n")))),
        ),
        (
            {"paths": {"/a": {"get": {"responses": {"200": {"description": "OK"}}}}, "x-k": ["a"]}},
            field(
                8,
                field(2, pair(b"/a", field(2, field(9, field(1, pair(b"200", field(1, field(1, b"OK"))))))))
                + field(1, pair(b"x-k", ANY)),
            ),
        ),
        ({"security": [{"B": []}]}, field(12, field(1, pair(b"B", b"")))),
        (
            {"securityDefinitions": {"B": {"type": "apiKey", "in": "header"}}},
            field(13, field(1, pair(b"B", field(2, field(1, b"apiKey") + field(3, b"header"))))),
        ),
    ],
)
def test_documents(document, encoded):
    assert document_protobuf(document) == encoded


@pytest.mark.parametrize(
    "document",
    [
        {"swagger": 2},
        {"paths": []},
        {"definitions": {"A": "x"}},
        {"definitions": {"A": {"minimum": "1"}}},
        {"definitions": {"A": {"maxLength": "x"}}},
        {"parameters": {"p": {"in": "cookie"}}},
        {"securityDefinitions": {"B": {"type": "oauth2", "flow": "x"}}},
        [],
    ],
)
def test_what_is_no_document(document):
    with pytest.raises(ValueError, match="not an OpenAPI v2 document"):
        document_protobuf(document)


def refers(name: str) -> dict:
    return {"get": {"schema": {"$ref": f"#/definitions/{name}"}}}


def test_documents_merge_without_conflicts():
    kinds = "x-kubernetes-group-version-kind"
    one = {"paths": {"/a": refers("A")}, "definitions": {"A": {"type": "object"}, "S": {kinds: [1]}}}
    other = {
        "paths": {"/a": refers("Lost"), "/b": refers("A"), "/c": refers("S")},
        "definitions": {"A": {"type": "string"}, "Lost": {}, "S": {kinds: [2, 1]}, "Unused": {}},
        "parameters": {"p": {"in": "path"}},
    }
    third = {"paths": {"/d": refers("A")}, "definitions": {"A": {"type": "string"}}}
    assert merged(one, [other, third, {"paths": {"/a": {}}, "definitions": {"B": {}}}]) == {
        "paths": {"/a": refers("A"), "/b": refers("A_v2"), "/c": refers("S"), "/d": refers("A_v2")},
        "definitions": {
            "A": {"type": "object"},
            "A_v2": {"type": "string"},
            "S": {kinds: [1, 2]},
            "Unused": {},
        },
        "parameters": {"p": {"in": "path"}},
    }
    assert other["definitions"]["S"] == {kinds: [2, 1]}
