"""ExtendedResourceToleration: pods that ask for special hardware tolerate the taint of nodes that have it."""

from __future__ import annotations

from kfast.apiserver.admission.chain import Attributes, Plugin, Rules


class ExtendedResourceToleration(Plugin):
    """Adds a toleration for each extended resource that containers ask for. Off by default."""

    name = "ExtendedResourceToleration"
    rules = Rules(create=("pods",), update=("pods",))

    async def admit(self, attributes: Attributes) -> None:
        """Adds the tolerations."""
        spec = (attributes.object or {}).get("spec") or {}
        asked = {
            name
            for group in ("containers", "initContainers")
            for container in spec.get(group) or ()
            for name in (container.get("resources") or {}).get("requests") or {}
            if _is_extended(name)
        }
        for name in sorted(asked):
            toleration = {"key": name, "operator": "Exists", "effect": "NoSchedule"}
            stated = spec.get("tolerations") or []
            if toleration not in stated:
                spec["tolerations"] = [*stated, toleration]


def _is_extended(name: str) -> bool:
    return "/" in name and "kubernetes.io/" not in name and not name.startswith("requests.")
