"""Administrative access to devices needs a label of the namespace."""

from typing import Any

import pytest

CLAIMS = "/apis/resource.k8s.io/v1/namespaces/default/resourceclaims"
MERGE = {"Content-Type": "application/merge-patch+json"}
WHY = (
    "admin access to devices requires the `resource.kubernetes.io/admin-access: true` label on the containing namespace"
)
REQUEST = {"name": "a", "exactly": {"deviceClassName": "gpu", "adminAccess": True}}
SPEC = {"devices": {"requests": [REQUEST]}}


@pytest.mark.parametrize(
    ("path", "spec"), [(CLAIMS, SPEC), (CLAIMS.replace("claims", "claimtemplates"), {"spec": SPEC})]
)
async def test_requests(call: Any, path: str, spec: Any) -> None:
    body = {"metadata": {"name": "c"}, "spec": spec}
    refused = await call("POST", path, body)
    (cause,) = refused.body["details"]["causes"]
    assert (refused.code, cause["reason"]) == (422, "FieldValueForbidden")
    assert (cause["field"], cause["message"]) == ("spec.devices.requests[0].adminAccess", f"Forbidden: {WHY}")
    labels = {"metadata": {"labels": {"resource.kubernetes.io/admin-access": "true"}}}
    await call.ok("PATCH", "/api/v1/namespaces/default", labels, MERGE)
    assert (await call("POST", path, body)).code == 201


async def test_allocations(call: Any) -> None:
    plain = {"name": "a", "exactly": {"deviceClassName": "gpu"}}
    await call.ok("POST", CLAIMS, {"metadata": {"name": "c"}, "spec": {"devices": {"requests": [plain]}}})
    result = {"request": "a", "driver": "d.example.com", "pool": "p", "device": "d", "adminAccess": True}
    status = {"status": {"allocation": {"devices": {"results": [result]}}}}
    refused = await call("PATCH", f"{CLAIMS}/c/status", status, MERGE)
    assert refused.code == 422
    assert refused.body["details"]["causes"][0]["field"] == "status.allocation.devices.results[0].adminAccess"
