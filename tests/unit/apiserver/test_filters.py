"""Who may ask at all, and what a fault of the server looks like."""

from __future__ import annotations

from typing import Any

import pytest

from kfast.meta.exchange import User


async def test_nobody_in_particular_is_anonymous_and_may_do_little(call: Any) -> None:
    call.user = None
    refused = await call("GET", "/api/v1/namespaces/default/pods")
    assert (refused.code, refused.body["reason"]) == (403, "Forbidden")
    assert refused.body["message"] == (
        'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" '
        'in the namespace "default"'
    )
    assert (await call("GET", "/version")).code == 200
    assert (await call("GET", "/healthz")).raw == b"ok"


async def test_a_token_nobody_knows_is_unauthorized(call: Any) -> None:
    call.user = None
    answer = await call("GET", "/api/v1/pods", headers={"Authorization": "Bearer nobody"})
    assert (answer.code, answer.body["reason"], answer.body["message"]) == (401, "Unauthorized", "Unauthorized")
    assert answer.headers["WWW-Authenticate"]


async def test_a_user_without_rights(call: Any) -> None:
    call.user = User("jane", groups=("system:authenticated",))
    answer = await call("POST", "/apis/apps/v1/namespaces/a/deployments/d/scale", {})
    assert answer.body["message"].startswith('deployments.apps "d" is forbidden: User "jane" cannot create resource')


async def test_a_fault_is_a_status(call: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("out of luck")

    monkeypatch.setattr(call.api.backend.store, "get", broken)
    answer = await call("GET", "/api/v1/namespaces/default/pods/p")
    assert (answer.code, answer.body["reason"]) == (500, "InternalError")
    assert answer.body["message"] == "Internal error occurred: RuntimeError: out of luck"
    assert "GET /api/v1/namespaces/default/pods/p failed" in caplog.text


async def test_every_answer_has_an_audit_id(call: Any) -> None:
    first, second = await call("GET", "/api/v1/pods"), await call("GET", "/nothing")
    assert first.headers["Audit-Id"] != second.headers["Audit-Id"]
    named = await call("GET", "/api/v1/pods", headers={"Audit-Id": "mine"})
    assert named.headers["Audit-Id"] == "mine"


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/", 200),
        ("GET", "/api", 200),
        ("GET", "/apis/apps/v1", 200),
        ("GET", "/nothing", 404),
        ("GET", "/api/v1/namespaces/default/nodes", 404),
        ("GET", "/api/v1/pods/p", 404),
        ("GET", "/apis/apps/v1/namespaces/default/namespaces", 404),
        ("POST", "/version", 405),
        ("HEAD", "/api/v1/namespaces/default", 405),
        ("HEAD", "/healthz", 200),
        ("OPTIONS", "/api/v1/namespaces", 405),
        ("GET", "/apis/apps/v9/deployments", 404),
        ("GET", "/apis/none/v1/deployments", 404),
        ("GET", "/api/v1/namespaces/default/", 200),
        ("GET", "/api/v1/namespaces/default/pods//", 200),
        ("GET", "/api/v1/namespaces//pods", 200),
        ("GET", "/api//v1/namespaces", 404),
        ("GET", "/api/v1//namespaces", 404),
        ("GET", "//api/v1/namespaces", 404),
        ("GET", "/api/v1/namespaces/def%61ult", 200),
        ("GET", "/api/v1/namespaces/default/../kube-system", 404),
        ("PUT", "/api/v1/namespaces/default/pods", 405),
        ("PATCH", "/api/v1/namespaces/default/pods", 405),
        ("POST", "/api/v1/namespaces/default/pods/p", 405),
        ("BREW", "/api/v1/namespaces/default/pods", 405),
        ("GET", "/apis/apps/v1/tokenreviews", 404),
        ("PUT", "/api/v1/namespaces/default/pods/p/binding", 405),
    ],
)
async def test_paths(call: Any, method: str, path: str, code: int) -> None:
    assert (await call(method, path)).code == code


async def test_a_start_on_an_old_store_changes_nothing(call: Any) -> None:
    before = call.api.backend.store.revision
    await call.api.start()
    assert call.api.backend.store.revision == before
    names = [n["metadata"]["name"] for n in (await call.ok("GET", "/api/v1/namespaces"))["items"]]
    assert names == ["default", "kube-node-lease", "kube-public", "kube-system"]
