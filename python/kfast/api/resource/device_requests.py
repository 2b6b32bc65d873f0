"""Defaults of device requests, in claims and claim templates (upstream: resource/v1 defaults)."""

from __future__ import annotations

from typing import Any


def _default_request(request: dict[str, Any]) -> None:
    if not request.get("allocationMode"):
        request["allocationMode"] = "ExactCount"
    if request["allocationMode"] == "ExactCount" and not request.get("count"):
        request["count"] = 1


def default_claim_spec(spec: dict[str, Any]) -> None:
    """Exactly one device unless a request says otherwise."""
    for request in spec.setdefault("devices", {}).get("requests") or ():
        if request.get("exactly") is not None:
            _default_request(request["exactly"])
        for alternative in request.get("firstAvailable") or ():
            _default_request(alternative)
