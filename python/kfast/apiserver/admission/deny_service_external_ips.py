"""DenyServiceExternalIPs: nobody draws traffic to himself with the external IPs of a Service."""

from __future__ import annotations

from kfast.apiserver.admission.chain import Attributes, Operation, Steps, refusal


class DenyServiceExternalIPs(Steps):
    """403 for external IPs that a Service did not have before. Off by default."""

    name = "DenyServiceExternalIPs"
    resources = ("services",)
    operations: tuple[Operation, ...] = ("CREATE", "UPDATE")

    def handles(self, attributes: Attributes) -> bool:
        """Creates and updates of services."""
        services = attributes.kind.resource == "services" and not attributes.subresource
        return services and attributes.operation in ("CREATE", "UPDATE")

    async def validate(self, attributes: Attributes) -> None:
        """Compares the addresses."""
        new, old = (
            set(((body or {}).get("spec") or {}).get("externalIPs") or ())
            for body in (attributes.object, attributes.old)
        )
        if not new <= old:
            raise refusal(attributes, "Use of external IPs is denied by admission control")
