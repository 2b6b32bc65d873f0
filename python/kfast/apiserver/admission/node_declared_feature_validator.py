"""NodeDeclaredFeatureValidator: a running pod is changed only in ways its node declares to support.

Source: `component-helpers/nodedeclaredfeatures` of v0.36: the features an update can ask for are those of resizing.
"""

from __future__ import annotations

from kfast.apiserver.admission.chain import Attributes, Plugin, Rules, refusal
from kfast.apiserver.admission.pod_node import changed_on_node, find_node
from kfast.store.protocol import Store

_POD_LEVEL = "InPlacePodLevelResourcesVerticalScaling"
_INIT_CONTAINERS = "InPlacePodVerticalScalingInitContainers"


class NodeDeclaredFeatureValidator(Plugin):
    """403 for an update that asks for features the node lacks."""

    name = "NodeDeclaredFeatureValidator"
    rules = Rules(update=("pods", "pods/resize"))

    def __init__(self, store: Store) -> None:
        self._store = store

    def skims(self, attributes: Attributes) -> bool:
        """What stays as it is asks for nothing new."""
        return True

    async def validate(self, attributes: Attributes) -> None:
        """Compares what is asked for with the node's status."""
        name = changed_on_node(attributes)
        wanted = _asked_for(attributes) if name else ()
        if not wanted:
            return
        declared = find_node(self._store, name, attributes).get("status", "declaredFeatures") or ()
        if missing := [feature for feature in wanted if feature not in declared]:
            features = ", ".join(missing)
            raise refusal(
                attributes, f'pod update requires features {features} which are not available on node "{name}"'
            )


def _asked_for(attributes: Attributes) -> list[str]:
    """Names of features, sorted."""
    new, old = ((body or {})["spec"] for body in (attributes.object, attributes.old))
    features = [_POD_LEVEL] if new.get("resources") != old.get("resources") else []
    containers = zip(new.get("initContainers") or (), old.get("initContainers") or (), strict=False)
    for mine, before in containers:
        if before.get("restartPolicy") != "Always" and mine.get("resources") != before.get("resources"):
            return [*features, _INIT_CONTAINERS]
    return features
