"""DenyServiceExternalIPs: nobody draws traffic to himself with the external IPs of a Service."""

from __future__ import annotations

from kfast.apiserver.admission.chain import Attributes, Plugin, Rules, refusal


class DenyServiceExternalIPs(Plugin):
    """403 for external IPs that a Service did not have before. Off by default."""

    name = "DenyServiceExternalIPs"
    rules = Rules(create=("services",), update=("services",))

    async def validate(self, attributes: Attributes) -> None:
        """Compares the addresses."""
        new, old = (
            set(((body or {}).get("spec") or {}).get("externalIPs") or ())
            for body in (attributes.object, attributes.old)
        )
        if not new <= old:
            raise refusal(attributes, "Use of external IPs is denied by admission control")
