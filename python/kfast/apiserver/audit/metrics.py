"""What auditing counts, under upstream's names (apiserver's audit/metrics)."""

from __future__ import annotations

from kfast.apiserver.metrics import Counter, Family


class AuditMetrics:
    """The families of one API server."""

    def __init__(self) -> None:
        self.events = Counter("apiserver_audit_event_total", "Audit events handed to the backends.", ())
        self.levels = Counter("apiserver_audit_level_total", "Requests by the level they are recorded at.", ("level",))
        self.errors = Counter("apiserver_audit_error_total", "Audit events that a backend lost.", ("plugin",))
        self.rejected = Counter(
            "apiserver_audit_requests_rejected_total", "Requests refused because they could not be recorded.", ()
        )

    @property
    def families(self) -> tuple[Family, ...]:
        """All of them."""
        return self.events, self.levels, self.errors, self.rejected
