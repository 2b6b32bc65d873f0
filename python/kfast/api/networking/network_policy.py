"""NetworkPolicy."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, label_selector
from kfast.api.field_errors import forbidden
from kfast.api.kind import Body, Column, FieldError, Kind
from kfast.api.label_selectors import validate_selector

_PEERS = (("ingress", "from"), ("egress", "to"))


def _defaults(policy: Body) -> None:
    spec = policy.setdefault("spec", {})
    spec.setdefault("podSelector", {})
    for direction, _ in _PEERS:
        for rule in spec.get(direction) or ():
            for port in rule.get("ports") or ():
                if port.get("protocol") is None:
                    port["protocol"] = "TCP"
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


def _validate(policy: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    spec = policy["spec"]
    validate_selector(spec["podSelector"], "spec.podSelector", errors)
    for direction, field in _PEERS:
        for i, rule in enumerate(spec.get(direction) or ()):
            for j, peer in enumerate(rule.get(field) or ()):
                path = f"spec.{direction}[{i}].{field}[{j}]"
                if peer.get("ipBlock") is not None and (peer.get("podSelector") or peer.get("namespaceSelector")):
                    errors.append(forbidden(path, "may not specify both ipBlock and another peer"))
                for name in ("podSelector", "namespaceSelector"):
                    validate_selector(peer.get(name), f"{path}.{name}", errors)
    return errors


KIND = Kind(
    group="networking.k8s.io",
    version="v1",
    kind="NetworkPolicy",
    plural="networkpolicies",
    short_names=("netpol",),
    columns=(NAME, Column("Pod-Selector", label_selector("spec.podSelector")), AGE),
    defaults=_defaults,
    validate=_validate,
)
