"""AlwaysPullImages: no pod runs an image that happens to be on its node without the right to pull it."""

from __future__ import annotations

from collections.abc import Iterator

from kfast.api.kind import Body
from kfast.apiserver.admission.chain import Attributes, Plugin, Rules, refusal
from kfast.apiserver.status_errors import quoted

_GROUPS = ("initContainers", "containers", "ephemeralContainers")


class AlwaysPullImages(Plugin):
    """Has every container and image volume of a pod pull its image. Off by default."""

    name = "AlwaysPullImages"
    rules = Rules(create=("pods",), update=("pods",))

    def handles(self, attributes: Attributes) -> bool:
        """Of updates, those that bring new images."""
        if attributes.object is None or attributes.old is None:
            return True
        before = {holder.get("image") for _, holder, _ in _pulling(attributes.old)}
        return any(
            holder.get("image") not in before for _, holder, key in _pulling(attributes.object) if key != "pullPolicy"
        )

    async def admit(self, attributes: Attributes) -> None:
        """Sets the policies."""
        for _, holder, key in _pulling(attributes.object or {}):
            holder[key] = "Always"

    async def validate(self, attributes: Attributes) -> None:
        """Nobody has set them back since."""
        for path, holder, key in _pulling(attributes.object or {}):
            if holder.get(key) != "Always":
                stated = quoted(holder.get(key) or "")
                why = f'{path}.{key}: Unsupported value: {stated}: supported values: "Always"'
                raise refusal(attributes, why)


def _pulling(pod: Body) -> Iterator[tuple[str, Body, str]]:
    """What pulls images in a pod: its path, itself, and the name of its policy."""
    spec = pod.get("spec") or {}
    for group in _GROUPS:
        for at, container in enumerate(spec.get(group) or ()):
            yield f"spec.{group}[{at}]", container, "imagePullPolicy"
    for at, volume in enumerate(spec.get("volumes") or ()):
        if volume.get("image") is not None:
            yield f"spec.volumes[{at}].image", volume["image"], "pullPolicy"
