"""Health, version, metrics and the issuer's documents."""

from __future__ import annotations

import re

import msgspec
import pytest

from kfast.apiserver.discovery import Discovery
from kfast.apiserver.health import Health
from kfast.apiserver.metrics import Metrics, RequestLabels
from kfast.apiserver.nonresource import NonResource
from kfast.errors import StatusError
from kfast.meta.exchange import Request


@pytest.fixture
def paths():
    return NonResource(
        Discovery(list),
        Health(),
        Metrics(),
        jwks=lambda: {"keys": []},
        issuer="https://issuer",
        external_url=lambda: "https://h:1",
    )


def get(paths, path, **query):
    return paths.respond(Request("GET", path, query={k: [v] for k, v in query.items()}))


def test_version_is_a_semantic_version_with_integer_parts(paths):
    info = get(paths, "/version").payload
    assert (info["major"], info["minor"]) == ("1", "36")
    assert re.fullmatch(r"v1\.36\.\d+\+kfast\.\d+\.\d+\.\d+", info["gitVersion"])


def test_health_is_ok_until_a_check_fails(paths):
    why: list[str] = []
    paths.health.ready["informer-sync"] = lambda: why[0] if why else None
    for path in ("/healthz", "/livez", "/readyz", "/readyz/informer-sync", "/livez/ping"):
        assert (get(paths, path).status, get(paths, path).payload) == (200, b"ok")
    assert get(paths, "/readyz", verbose="").payload == b"[+]ping ok\n[+]informer-sync ok\nreadyz check passed\n"
    why.append("not yet")
    assert get(paths, "/livez").status == 200
    failed = get(paths, "/readyz")
    assert (failed.status, failed.payload) == (
        500,
        b"[+]ping ok\n[-]informer-sync failed: reason withheld\nreadyz check failed\n",
    )
    assert get(paths, "/readyz", exclude="informer-sync").status == 200
    assert get(paths, "/readyz/informer-sync").payload == b"internal server error: not yet\n"
    assert get(paths, "/readyz/none").status == 404


def test_metrics_count_requests_and_durations(paths):
    labels = RequestLabels("GET", "", "v1", "pods", "", "resource")
    for seconds in (0.001, 0.03, 100.0):
        paths.metrics.observe(labels, 200, seconds)
    paths.metrics.watching(labels, 1)
    text = get(paths, "/metrics").payload.decode()
    assert re.search(r'apiserver_request_total\{code="200",.*resource="pods".*\} 3\.0', text)
    assert re.search(r'duration_seconds_bucket\{.*le="0\.005".*\} 1\.0', text)
    assert re.search(r'duration_seconds_bucket\{.*le="0\.05".*\} 2\.0', text)
    assert re.search(r'duration_seconds_bucket\{.*le="\+Inf".*\} 3\.0', text)
    assert re.search(r"^process_resident_memory_bytes [1-9]", text, re.MULTILINE)
    assert re.search(r"apiserver_longrunning_requests\{.*\} 1\.0", text)


def test_issuer_documents(paths):
    found = get(paths, "/.well-known/openid-configuration").payload
    assert (found["issuer"], found["jwks_uri"]) == ("https://issuer", "https://h:1/openid/v1/jwks")
    keys = get(paths, "/openid/v1/jwks")
    assert (keys.content_type, msgspec.json.decode(keys.payload)) == ("application/jwk-set+json", {"keys": []})


def test_documents_are_read_with_get_only(paths):
    for path in ("/version", "/api", "/openid/v1/jwks"):
        for method in ("HEAD", "POST", "OPTIONS"):
            with pytest.raises(StatusError) as refused:
                paths.respond(Request(method, path))
            assert (refused.value.code, refused.value.reason) == (405, "MethodNotAllowed")
    for path in ("/", "/healthz", "/metrics"):
        assert paths.respond(Request("POST", path)).status == 200


def test_other_paths_are_nobodys(paths):
    for path in ("/nope", "/healthz/", "//api/v1/pods", "/apis/nope", "/apis/nope/v1/x"):
        absent = get(paths, path)
        assert (absent.status, absent.payload) == (404, b"404 page not found\n")
        assert absent.content_type == "text/plain; charset=utf-8"
    with pytest.raises(StatusError) as refused:
        get(paths, "/api/nope")
    assert refused.value.to_dict()["message"] == "the server could not find the requested resource"
    with pytest.raises(StatusError):
        paths.respond(Request("GET", "/nope", native=True))
    assert "/api" in get(paths, "/").payload["paths"]
