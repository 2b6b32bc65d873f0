"""Errors every layer may raise; each names what failed, on which object, and what to do."""

from __future__ import annotations

from typing import Any


class KfastError(Exception):
    """Root of all errors kfast raises on purpose."""


class StatusError(KfastError):
    """An API call was answered with a failure `Status`; the same class on both sides of the wire.

    `code` is the HTTP code, `reason` upstream's machine-readable reason, `details` the `StatusDetails`
    dict (`name`, `group`, `kind`, `uid`, `causes`, `retryAfterSeconds`), empty if there are none. `warnings` go
    with the answer as Warning headers.
    """

    def __init__(self, code: int, reason: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details or {}
        self.shows_details = details is not None
        self.warnings: list[str] = []

    def to_dict(self) -> dict[str, Any]:
        """The `Status` object of the API."""
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            status["reason"] = self.reason
        if self.shows_details:
            status["details"] = self.details
        status["code"] = self.code
        return status

    @classmethod
    def from_dict(cls, status: dict[str, Any]) -> StatusError:
        """The error a `Status` object stands for."""
        return cls(
            int(status.get("code") or 500),
            str(status.get("reason") or ""),
            str(status.get("message") or "unknown error"),
            status.get("details"),
        )

    @property
    def not_found(self) -> bool:
        """The object or resource does not exist."""
        return self.code == 404

    @property
    def conflict(self) -> bool:
        """The object changed since it was read: read again and retry."""
        return self.code == 409 and self.reason == "Conflict"

    @property
    def already_exists(self) -> bool:
        """An object of that name is there already."""
        return self.code == 409 and self.reason == "AlreadyExists"

    @property
    def expired(self) -> bool:
        """The resourceVersion is compacted: list again."""
        return self.code == 410
