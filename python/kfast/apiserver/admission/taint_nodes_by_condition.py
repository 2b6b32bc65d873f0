"""TaintNodesByCondition: a new node takes no pods until its conditions are known (upstream: nodetaint)."""

from __future__ import annotations

from kfast.apiserver.admission.chain import Attributes, Plugin, Rules

_KEY, _EFFECT = "node.kubernetes.io/not-ready", "NoSchedule"


class TaintNodesByCondition(Plugin):
    """Taints new nodes as not ready; the node lifecycle controller lifts that."""

    name = "TaintNodesByCondition"
    rules = Rules(create=("nodes",))

    async def admit(self, attributes: Attributes) -> None:
        """Adds the taint."""
        node = attributes.object
        if node is None:
            return
        spec = node["spec"] = node.get("spec") or {}
        taints = spec["taints"] = spec.get("taints") or []
        if not any(taint.get("key") == _KEY and taint.get("effect") == _EFFECT for taint in taints):
            taints.append({"key": _KEY, "effect": _EFFECT})
