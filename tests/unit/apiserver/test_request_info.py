"""Paths and methods as RequestInfo reads them."""

from __future__ import annotations

import pytest

from kfast.apiserver.request_info import request_info
from kfast.meta.exchange import Request

CASES = [
    # method, path, verb, group, version, namespace, resource, subresource, name
    ("GET", "/api/v1/pods", "list", "", "v1", "", "pods", "", ""),
    ("GET", "/api/v1/pods?watch=true", "watch", "", "v1", "", "pods", "", ""),
    ("GET", "/api/v1/pods?watch=false", "list", "", "v1", "", "pods", "", ""),
    ("GET", "/api/v1/watch/pods", "watch", "", "v1", "", "pods", "", ""),
    ("GET", "/api/v1/namespaces/a/pods/", "list", "", "v1", "a", "pods", "", ""),
    ("GET", "/api/v1/namespaces/a/pods/p", "get", "", "v1", "a", "pods", "", "p"),
    ("GET", "/api/v1/namespaces/a/pods/p?watch=true", "get", "", "v1", "a", "pods", "", "p"),
    ("PUT", "/api/v1/namespaces/a/pods/p/status", "update", "", "v1", "a", "pods", "status", "p"),
    ("POST", "/api/v1/namespaces/a/pods/p/eviction", "create", "", "v1", "a", "pods", "eviction", "p"),
    ("GET", "/api/v1/namespaces", "list", "", "v1", "", "namespaces", "", ""),
    ("GET", "/api/v1/namespaces/a", "get", "", "v1", "a", "namespaces", "", "a"),
    ("PUT", "/api/v1/namespaces/a/finalize", "update", "", "v1", "a", "namespaces", "finalize", "a"),
    ("DELETE", "/apis/apps/v1/namespaces/a/deployments", "deletecollection", "apps", "v1", "a", "deployments", "", ""),
    ("PATCH", "/apis/apps/v1/namespaces/a/deployments/d", "patch", "apps", "v1", "a", "deployments", "", "d"),
    ("GET", "/api/v1/namespaces/a/services/s/proxy/x/y", "get", "", "v1", "a", "services", "proxy", "s"),
]


@pytest.mark.parametrize("case", CASES, ids=[f"{c[0]} {c[1]}" for c in CASES])
def test_resource_requests(case: tuple[str, ...]) -> None:
    method, path, *wanted = case
    path, _, query = path.partition("?")
    request = Request(method, path, {"watch": [query.partition("=")[2]]} if query else {})
    info = request_info(request, lambda *_: None)
    assert info.is_resource
    got = (info.verb, info.api_group, info.api_version, info.namespace, info.resource, info.subresource, info.name)
    assert got == tuple(wanted)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/api",
        "/api/",
        "/api/v1",
        "/api/v1/",
        "/apis",
        "/apis/apps",
        "/apis/apps/v1",
        "/apis/apps/v1/",
        "/healthz",
        "//",
        "/openapi/v3/apis/apps/v1",
    ],
)
def test_everything_else_is_no_resource(path: str) -> None:
    info = request_info(Request("GET", path), lambda *_: None)
    assert (info.is_resource, info.verb, info.path) == (False, "get", path)
