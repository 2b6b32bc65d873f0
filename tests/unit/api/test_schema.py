import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfast._core import CoreError, DecodeError, StrictDecodeError
from kfast.api.schema import definitions, load_schema, rest_map, version

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
FORMATS = {".json": JSON, ".yaml": YAML, ".pb": PROTOBUF}

VECTORS = Path(__file__).parents[4] / "shared/data/api-testdata/v1.36.0"
needs_vectors = pytest.mark.skipif(not VECTORS.is_dir(), reason="../shared/data/api-testdata is absent")

# Written by a later version of the types: it has a status that v1.36 does not know.
NEWER = {"storage.k8s.io.v1.CSINode.after_roundtrip", "storage.k8s.io.v1beta1.CSINode.after_roundtrip"}


def vectors() -> list[str]:
    return sorted(f.stem for f in VECTORS.glob("*.json") if f.stem not in NEWER) if VECTORS.is_dir() else []


def vector(stem: str) -> tuple[str, dict]:
    """Key and object of a vector; a watch event carries no kind of its own."""
    wanted = json.loads((VECTORS / f"{stem}.json").read_bytes())
    if stem == "core.v1.Pod.after_roundtrip":
        # Written by types that leave out an empty map which v1.36 writes as null.
        wanted["status"]["nodeAllocatableResourceClaimStatuses"][0]["resources"] = None
    return (f"{wanted['apiVersion']}/{wanted['kind']}" if "kind" in wanted else "v1/WatchEvent"), wanted


def decode(key: str, body: bytes | str, media_type: str = JSON, validation: str = "Warn") -> tuple[dict, list[str]]:
    return load_schema().decode(key, body.encode() if isinstance(body, str) else body, media_type, validation)


@needs_vectors
def test_every_vector_decodes_alike_in_all_formats_and_encodes_back() -> None:
    schema = load_schema()
    for stem in vectors():
        key, wanted = vector(stem)
        for suffix, media_type in FORMATS.items():
            got, findings = decode(key, (VECTORS / f"{stem}{suffix}").read_bytes(), media_type)
            if key == "v1/WatchEvent":
                got = {k: v for k, v in got.items() if k not in ("apiVersion", "kind")}
            assert (got, findings) == (wanted, []), f"{stem}{suffix}"
        encoded = schema.encode(key, wanted, PROTOBUF)
        assert encoded == (VECTORS / f"{stem}.pb").read_bytes(), stem
        assert schema.encode(key, json.dumps(wanted).encode(), PROTOBUF) == encoded
    assert len(vectors()) == 188


@needs_vectors
def test_the_only_thing_unknown_in_newer_vectors_is_the_status() -> None:
    for stem in NEWER:
        key, wanted = vector(stem)
        assert decode(key, json.dumps(wanted))[1] == ['unknown field "status"']


@needs_vectors
@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_vectors_are_refused_or_read_but_never_crash(data: st.DataObject) -> None:
    """A panic would surface as a BaseException that is no CoreError."""
    stem = data.draw(st.sampled_from(vectors()))
    suffix = data.draw(st.sampled_from(sorted(FORMATS)))
    body = bytearray((VECTORS / f"{stem}{suffix}").read_bytes())
    cut = data.draw(st.integers(1, len(body)))
    del body[cut:]
    for _ in range(data.draw(st.integers(0, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    for call in (lambda: decode(vector(stem)[0], bytes(body), FORMATS[suffix]), lambda: sniff(bytes(body), suffix)):
        with contextlib.suppress(CoreError):
            call()


def sniff(body: bytes, suffix: str) -> tuple[str, str]:
    return load_schema().sniff(body, FORMATS[suffix], "Pod")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(sorted(FORMATS)))
def test_random_bytes_are_refused_or_read_but_never_crash(body: bytes, suffix: str) -> None:
    prefix = b"k8s\0" if suffix == ".pb" else b""
    for key in ("v1/Pod", "apiextensions.k8s.io/v1/CustomResourceDefinition"):
        with contextlib.suppress(CoreError):
            decode(key, prefix + body, FORMATS[suffix])


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b'{"spec":' * 100_000, JSON),
        (b"[" * 100_000, JSON),
        (b'{"metadata":{"managedFields":[{"fieldsV1":' + b'{"a":' * 100_000, JSON),
        (b"{a: " * 100_000, YAML),
        (b"- " * 100_000, YAML),
    ],
)
def test_deep_nesting_is_refused(body: bytes, media_type: str) -> None:
    with pytest.raises(DecodeError):
        decode("v1/Pod", body, media_type)


def test_deep_protobuf_is_refused() -> None:
    def length(n: int) -> bytes:
        out = b""
        while n >= 0x80:
            out, n = out + bytes([n & 0x7F | 0x80]), n >> 7
        return out + bytes([n])

    nested = b""
    for _ in range(5_000):  # JSONSchemaProps.not = 27, itself a JSONSchemaProps
        nested = b"\xda\x01" + length(len(nested)) + nested
    for tag in (b"\x0a", b"\x22", b"\x3a", b"\x12"):  # schema, validation, versions, spec
        nested = tag + length(len(nested)) + nested
    body = b"k8s\0\x12" + length(len(nested)) + nested
    with pytest.raises(DecodeError, match="exceeded max depth"):
        decode("apiextensions.k8s.io/v1/CustomResourceDefinition", body, PROTOBUF)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            '{"spec":{"replicas":"1"}}',
            'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go '
            "struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            '{"spec":{"replicas":1.5}}',
            'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal number 1.5 into Go '
            "struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            '{"spec":{"template":{"spec":{"containers":[{"env":[{"name":"A","value":1}]}]}}}}',
            'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal number into Go '
            "struct field EnvVar.spec.template.spec.containers.env.value of type string",
        ),
        (
            '{"spec":{"template":{"spec":{"containers":{}}}}}',
            'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal object into Go '
            "struct field PodSpec.spec.template.spec.containers of type []v1.Container",
        ),
        (
            '{"metadata":{"creationTimestamp":"now"}}',
            'Deployment in version "v1" cannot be handled as a Deployment: parsing time "now" as '
            '"2006-01-02T15:04:05Z07:00": cannot parse "now" as "2006"',
        ),
        (
            '{"spec":{"template":{"spec":{"overhead":{"cpu":"a lot"}}}}}',
            'Deployment in version "v1" cannot be handled as a Deployment: quantities must match the regular '
            "expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
        (
            '{"spec":',
            "the object provided is unrecognized (must be of type Deployment): couldn't get version/kind; json parse "
            'error: unexpected end of JSON input ({"spec":)',
        ),
        (
            '{"spec":{"replicas":"1"}',
            "the object provided is unrecognized (must be of type Deployment): couldn't get version/kind; json parse "
            'error: unexpected end of JSON input ({"spec":{"replicas":"1"})',
        ),
        (
            "no json",
            "the object provided is unrecognized (must be of type Deployment): couldn't get version/kind; json parse "
            "error: invalid character 'o' in literal null (expecting 'u') (6e6f206a736f6e)",
        ),
    ],
)
def test_refusals_speak_as_upstream(body: str, message: str) -> None:
    with pytest.raises(DecodeError) as refused:
        decode("apps/v1/Deployment", body)
    assert str(refused.value) == message


def test_protobuf_refusals_speak_as_upstream() -> None:
    with pytest.raises(DecodeError, match=r"expected prefix \[107 56 115 0\] \(6e6f\)$"):
        decode("v1/Pod", b"no", PROTOBUF)
    with pytest.raises(DecodeError, match=r'^Pod in version "v1" cannot be handled as a Pod: unexpected EOF$'):
        decode("v1/Pod", b"k8s\0\x12\x02\x0a\x05", PROTOBUF)
    with pytest.raises(DecodeError, match="proto: wrong wireType = 0 for field Metadata"):
        decode("v1/Pod", b"k8s\0\x12\x02\x08\x05", PROTOBUF)


FINDINGS_BODY = """{"apiVersion":"apps/v1","kind":"Deployment","foo":1,"metadata":{"labels":{"a":"b","a":"c"}},
"spec":{"replicas":1,"replicas":2,"template":{"spec":{"containers":[{"name":"c","bar":{},"bar":{}}]}}}}"""
FINDINGS = [
    'unknown field "foo"',
    'duplicate field "metadata.labels.a"',
    'duplicate field "spec.replicas"',
    'unknown field "spec.template.spec.containers[0].bar"',
]


def test_unknown_and_duplicate_fields_are_named_and_pruned() -> None:
    got, findings = decode("apps/v1/Deployment", FINDINGS_BODY)
    assert findings == FINDINGS
    assert "foo" not in got
    assert got["spec"]["replicas"] == 2
    assert got["metadata"]["labels"] == {"a": "c"}
    assert got["spec"]["template"]["spec"]["containers"] == [{"name": "c", "resources": {}}]


def test_strict_refuses_and_ignore_is_silent() -> None:
    with pytest.raises(StrictDecodeError) as refused:
        decode("apps/v1/Deployment", FINDINGS_BODY, validation="Strict")
    assert str(refused.value) == (
        'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: ' + ", ".join(FINDINGS)
    )
    assert decode("apps/v1/Deployment", FINDINGS_BODY, validation="Ignore")[1] == []


def test_names_are_matched_exactly() -> None:
    got, findings = decode("v1/ConfigMap", '{"Data":{"a":"b"},"data":{"c":"d"}}')
    assert (got["data"], findings) == ({"c": "d"}, ['unknown field "Data"'])


def test_yaml_duplicates_are_named_with_their_line() -> None:
    body = "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: b\n  a: c\nfoo: 1\n"
    got, findings = decode("v1/ConfigMap", body, YAML)
    assert got["data"] == {"a": "c"}
    assert findings == ['yaml: unmarshal errors:\n  line 5: key "a" already set in map', 'unknown field "foo"']


def test_values_come_back_as_upstream_writes_them() -> None:
    body = {
        "kind": "Pod",
        "spec": {
            "containers": [
                {
                    "ports": [],
                    "name": "c",
                    "resources": {"limits": {"cpu": "1000m", "memory": "1024Mi", "x/y": 2}, "requests": {"cpu": 0.5}},
                    "livenessProbe": {"httpGet": {"port": 80}},
                }
            ],
            "nodeName": None,
            "hostNetwork": False,
            "automountServiceAccountToken": False,
        },
        "metadata": {"creationTimestamp": None, "deletionTimestamp": "2024-01-01T01:00:00.5+01:00", "labels": {}},
        "apiVersion": "v1",
    }
    got, findings = decode("v1/Pod", json.dumps(body))
    assert json.dumps(got) == json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"deletionTimestamp": "2024-01-01T00:00:00Z"},
            "spec": {
                "containers": [
                    {
                        "name": "c",
                        "resources": {
                            "limits": {"cpu": "1", "memory": "1Gi", "x/y": "2"},
                            "requests": {"cpu": "500m"},
                        },
                        "livenessProbe": {"httpGet": {"port": 80}},
                    }
                ],
                "automountServiceAccountToken": False,
            },
            "status": {},
        }
    )
    assert findings == []


def test_protobuf_without_a_kind_takes_the_expected_one() -> None:
    got, _ = decode("v1/ConfigMap", b"k8s\0\x12\x05\x0a\x03\x0a\x01a", PROTOBUF)
    assert got == {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b'{"kind":"Pod","x":[{}],"apiVersion":"v1"}', JSON),
        (b"kind: Pod\napiVersion: v1\n", YAML),
        (b"k8s\0\x0a\x09\x0a\x02v1\x12\x03Pod", PROTOBUF),
    ],
)
def test_sniff_reads_kind_and_version(body: bytes, media_type: str) -> None:
    assert load_schema().sniff(body, media_type) == ("v1", "Pod")


def test_unknown_media_type_and_kind() -> None:
    with pytest.raises(DecodeError, match="unknown format"):
        decode("v1/Pod", b"{}", "application/cbor")
    with pytest.raises(ValueError, match="v1/Nothing"):
        decode("v1/Nothing", b"{}")
    with pytest.raises(ValueError, match=r"spec\.replicas"):
        load_schema().encode("apps/v1/Deployment", {"spec": {"replicas": "x"}}, PROTOBUF)


def test_definitions_are_those_of_openapi() -> None:
    defs = definitions()
    deployment = defs["io.k8s.api.apps.v1.Deployment"]
    assert deployment["x-kubernetes-group-version-kind"] == [{"group": "apps", "kind": "Deployment", "version": "v1"}]
    assert deployment["properties"]["spec"] == {"$ref": "#/definitions/io.k8s.api.apps.v1.DeploymentSpec"}
    assert defs["io.k8s.api.core.v1.ServiceSpec"]["properties"]["ports"] == {
        "type": "array",
        "items": {"$ref": "#/definitions/io.k8s.api.core.v1.ServicePort"},
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["port", "protocol"],
        "x-kubernetes-patch-merge-key": "port",
        "x-kubernetes-patch-strategy": "merge",
    }
    assert defs["io.k8s.api.core.v1.Secret"]["properties"]["data"] == {
        "type": "object",
        "additionalProperties": {"type": "string", "format": "byte"},
    }
    references = json.dumps(defs).split('"#/definitions/')[1:]
    assert {r.partition('"')[0] for r in references} <= defs.keys()


def test_rest_map_names_scope_verbs_and_subresources() -> None:
    [pods] = [r for r in rest_map() if (r["group"], r["version"], r["plural"]) == ("", "v1", "pods")]
    assert pods["namespaced"]
    assert pods["kind"] == "Pod"
    assert {"create", "deletecollection", "watch"} <= set(pods["verbs"])
    assert {"name": "eviction", "group": "policy", "version": "v1", "kind": "Eviction", "verbs": ["create"]} in pods[
        "subresources"
    ]
    kinds = set(load_schema().kinds())
    assert {f"{r['group']}/{r['version']}/{r['kind']}".lstrip("/") for r in rest_map()} <= kinds
    assert version() == "v1.36.0"
