"""DefaultTolerationSeconds: pods stay for a while on nodes that become unready or unreachable."""

from __future__ import annotations

from kfast.apiserver.admission.chain import Attributes, Plugin, Rules

KEYS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
SECONDS = 300


class DefaultTolerationSeconds(Plugin):
    """Adds a toleration for each of the taints that a pod says nothing about."""

    name = "DefaultTolerationSeconds"
    in_core = True
    rules = Rules(create=("pods",), update=("pods",))

    async def admit(self, attributes: Attributes) -> None:
        """Adds the tolerations."""
        assert attributes.object is not None
        spec = attributes.object["spec"] = attributes.object.get("spec") or {}
        stated = spec.get("tolerations") or []
        driven_off = [t.get("key") or "" for t in stated if (t.get("effect") or "NoExecute") == "NoExecute"]
        missing = [key for key in KEYS if key not in driven_off and "" not in driven_off]
        if missing:
            toleration = {"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": SECONDS}
            spec["tolerations"] = [*stated, *({"key": key, **toleration} for key in missing)]
