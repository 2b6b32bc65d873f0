"""An admission plugin that wants to see what is created."""

from __future__ import annotations

from kfast.apiserver.admission.chain import ALL, Attributes, Plugin, Rules


class Looking(Plugin):
    """Has every create go through the plugins' hooks, and sees its object there."""

    name = "Looking"
    rules = Rules(create=ALL)

    async def admit(self, attributes: Attributes) -> None:
        assert attributes.object is not None

    async def validate(self, attributes: Attributes) -> None:
        assert attributes.object is not None
