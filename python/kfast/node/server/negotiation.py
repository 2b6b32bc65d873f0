"""Which protocol goes over SPDY: `X-Stream-Protocol-Version`."""

from __future__ import annotations

from collections.abc import Sequence

from kfast.http.spdy import PROTOCOL
from kfast.meta.exchange import Request
from kfast.node.server.answers import RefusedError

_HEADER = "X-Stream-Protocol-Version"


def negotiated(request: Request, supported: Sequence[str]) -> tuple[str, dict[str, str]]:
    """The client's first protocol that is supported, and the headers of the 101. Raises RefusedError."""
    headers = request.headers
    upgrade = headers.get("upgrade", "").lower()
    if "upgrade" not in headers.get("connection", "").lower() or upgrade != PROTOCOL.lower():
        raise RefusedError(400, "Upgrade request required")
    offered = [name.strip() for name in headers.get(_HEADER.lower(), "").split(",") if name.strip()]
    if not offered:
        raise RefusedError(400, f"unable to upgrade: header {_HEADER} is missing or empty")
    chosen = next((name for name in offered if name in supported), None)
    if chosen is None:
        both = f"client supports [{' '.join(offered)}], server accepts [{' '.join(supported)}]"
        raise RefusedError(403, f"unable to upgrade: unable to negotiate protocol: {both}")
    return chosen, {"Connection": "Upgrade", "Upgrade": PROTOCOL, _HEADER: chosen}
