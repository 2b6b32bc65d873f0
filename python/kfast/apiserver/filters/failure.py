"""The outermost filter's answer to what went wrong: always a `Status`, never a lost connection."""

from __future__ import annotations

from kfast.apiserver.encode import document
from kfast.apiserver.status_errors import internal
from kfast.errors import StatusError
from kfast.meta.exchange import Request, Response


def failure(request: Request, error: StatusError) -> Response:
    """The `Status` of a refused request, with Retry-After where the client should come back."""
    headers = {}
    retry_after = error.details.get("retryAfterSeconds")
    if retry_after and error.code in (429, 503, 504, 500):
        headers["Retry-After"] = str(retry_after)
    if error.code == 401:
        headers["WWW-Authenticate"] = 'Basic realm="kubernetes-master"'
    response = document(request, error.to_dict(), error.code)
    response.headers |= headers
    response.warnings = error.warnings
    return response


def crashed(request: Request, error: Exception) -> Response:
    """500 for a fault of the server itself."""
    return failure(request, internal(f"{type(error).__name__}: {error}"))
