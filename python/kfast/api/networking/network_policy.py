"""NetworkPolicy."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, label_selector
from kfast.api.kind import Body, Column, Kind
from kfast.api.networking.network_policy_validation import (
    PEERS,
    policy_warnings,
    validate_policy,
    validate_policy_update,
)


def _defaults(policy: Body) -> None:
    spec = policy.setdefault("spec", {})
    spec.setdefault("podSelector", {})
    for direction, _ in PEERS:
        for rule in spec.get(direction) or ():
            for port in rule.get("ports") or ():
                if port.get("protocol") is None:
                    port["protocol"] = "TCP"
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


KIND = Kind(
    group="networking.k8s.io",
    version="v1",
    kind="NetworkPolicy",
    plural="networkpolicies",
    short_names=("netpol",),
    columns=(NAME, Column("Pod-Selector", label_selector("spec.podSelector")), AGE),
    defaults=_defaults,
    warnings=policy_warnings,
    validate=validate_policy,
    validates_on_update=False,
    validate_update=validate_policy_update,
)
