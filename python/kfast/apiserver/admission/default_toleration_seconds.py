"""DefaultTolerationSeconds: pods stay for a while on nodes that become unready or unreachable."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kfast.api.kind import Body
from kfast.apiserver.admission.chain import Attributes, Plugin, Rules

KEYS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
SECONDS = 300


class _Spec(msgspec.Struct):
    tolerations: list[Body] | None = None


_tolerations = msgspec.json.Decoder(_Spec).decode


class DefaultTolerationSeconds(Plugin):
    """Adds a toleration for each of the taints that a pod says nothing about."""

    name = "DefaultTolerationSeconds"
    in_core = True
    rules = Rules(create=("pods",), update=("pods",))

    def skims(self, attributes: Attributes) -> bool:
        """A pod that has its tolerations."""
        spec = attributes.object.get("spec") if attributes.object is not None else None
        return isinstance(spec, msgspec.Raw) and not _missing(_tolerations(spec).tolerations or ())

    async def admit(self, attributes: Attributes) -> None:
        """Adds the tolerations."""
        assert attributes.object is not None
        spec = attributes.object["spec"] = attributes.object.get("spec") or {}
        stated = spec.get("tolerations") or []
        if missing := _missing(stated):
            toleration = {"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": SECONDS}
            spec["tolerations"] = [*stated, *({"key": key, **toleration} for key in missing)]


def _missing(stated: Sequence[Body]) -> list[str]:
    """The taints that the tolerations say nothing about."""
    driven_off = [t.get("key") or "" for t in stated if (t.get("effect") or "NoExecute") == "NoExecute"]
    return [key for key in KEYS if key not in driven_off and "" not in driven_off]
