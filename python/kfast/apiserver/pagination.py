"""Continue tokens: stateless, upstream's format, so that any server of the same store can go on."""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple

import msgspec

from kfast.apiserver.status_errors import bad_request, expired, quoted
from kfast.apiserver.strconv import MAX_INT
from kfast.errors import StatusError

_VERSION = "meta.k8s.io/v1"
LATEST = -1
"""The revision of a token that goes on at the newest state: an inconsistent list."""

_INVALID = "invalid continue token: continue key is not valid"
_EXPIRED = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


class ContinueToken(NamedTuple):
    """Where the next page starts and the revision it is read at."""

    revision: int
    start: str


def encode_continue(revision: int, start: str) -> str:
    """base64url of `{"v":"meta.k8s.io/v1","rv":N,"start":"ns/name\\u0000"}`, unpadded."""
    data = msgspec.json.encode({"v": _VERSION, "rv": revision, "start": start})
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode_continue(token: str) -> ContinueToken:
    """Raises StatusError 400 on anything this server did not issue."""
    try:
        data = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        fields = msgspec.json.decode(data)
        version, revision, start = fields["v"], fields["rv"], fields["start"]
    except (binascii.Error, ValueError, KeyError, TypeError, RecursionError, msgspec.DecodeError):
        raise bad_request(f"{_INVALID}: illegal base64 or JSON") from None
    if version != _VERSION:
        raise bad_request(f"{_INVALID}: server does not recognize this encoded version {quoted(str(version))}")
    if (
        type(revision) is not int
        or not isinstance(start, str)
        or not start
        or (revision < 1 and revision != LATEST)
        or revision > MAX_INT
    ):
        raise bad_request(f"{_INVALID}: incorrect encoded start resourceVersion (version {_VERSION})")
    return ContinueToken(revision, start)


class ContinueExpiredError(StatusError):
    """410 with a token that goes on at the newest state; the token stands in `metadata.continue`."""

    def __init__(self, start: str) -> None:
        base = expired(_EXPIRED)
        super().__init__(base.code, base.reason, base.message)
        self.token = encode_continue(LATEST, start)

    def to_dict(self) -> dict[str, object]:
        """The `Status` with its continue token."""
        return super().to_dict() | {"metadata": {"continue": self.token}}
