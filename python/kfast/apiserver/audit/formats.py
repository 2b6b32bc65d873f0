"""The lines of the audit log's file: JSON, or upstream's old text (audit/format.go)."""

from __future__ import annotations

import json

import msgspec

from kfast.api.kind import Body


def as_json(event: Body) -> bytes:
    """The event as one line of JSON."""
    return msgspec.json.encode(event) + b"\n"


def as_text(event: Body) -> bytes:
    """The event in the format `legacy`."""
    user = event.get("user") or {}
    impersonated = event.get("impersonatedUser")
    asked_as, its_groups = "<self>", "<lookup>"
    if impersonated is not None:
        asked_as = impersonated.get("username") or ""
        its_groups = _list(impersonated["groups"]) if impersonated.get("groups") else "<lookup>"
    status = event.get("responseStatus")
    fields = {
        "id": event.get("auditID") or "",
        "stage": event.get("stage") or "",
        "ip": next(iter(event.get("sourceIPs") or ()), "<unknown>"),
        "method": event.get("verb") or "",
        "user": user.get("username") or "<none>",
        "groups": _list(user["groups"]) if user.get("username") and user.get("groups") else "<none>",
        "as": asked_as,
        "asgroups": its_groups,
        "user-agent": event.get("userAgent") or "",
        "namespace": (event.get("objectRef") or {}).get("namespace") or "<none>",
        "uri": event.get("requestURI") or "",
        "response": str(status.get("code") or 0) if status else "<deferred>",
    }
    told = " ".join(f"{name}={_quoted(value)}" for name, value in fields.items())
    return f"{event['requestReceivedTimestamp']} AUDIT: {told}\n".encode()


def _list(values: list[str]) -> str:
    return ",".join(map(_quoted, values))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


FORMATS = {"json": as_json, "legacy": as_text}
