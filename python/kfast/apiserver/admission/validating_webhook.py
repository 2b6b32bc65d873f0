"""ValidatingAdmissionWebhook: webhooks that may refuse a request, all called at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from kfast.apiserver.admission.chain import Attributes, Plugin
from kfast.apiserver.admission.hooks import Hooks, Invocation
from kfast.apiserver.admission.versions import Versions
from kfast.apiserver.admission.webhook_caller import HookError, call
from kfast.apiserver.backend import Backend
from kfast.errors import StatusError

_log = logging.getLogger(__name__)
_FAILED_OPEN = "failed-open.validating.webhook.admission.k8s.io/round_0_index_"


class ValidatingAdmissionWebhook(Plugin):
    """The first refusal to arrive is the client's answer."""

    name = "ValidatingAdmissionWebhook"

    def __init__(self, hooks: Hooks, backend: Callable[[], Backend]) -> None:
        self._hooks = hooks
        self._backend = backend

    def handles(self, attributes: Attributes) -> bool:
        """Whether a webhook's rules take the request."""
        return bool(self._hooks.concerned(attributes))

    async def validate(self, attributes: Attributes) -> None:
        """Raises StatusError: what a webhook says, 500 if one whose failures count cannot be asked."""
        chosen = [i for i in self._hooks.concerned(attributes) if self._hooks.selects(i.hook, attributes)]
        if not chosen:
            return
        versions = Versions(self._backend(), attributes)
        chosen = [i for i in chosen if await self._hooks.meets(i, attributes, versions)]
        for invocation in chosen:  # converted once, whatever the order of the calls
            await versions.object(invocation.kind)
            await versions.old(invocation.kind)
        refusals: list[StatusError] = []
        await asyncio.gather(
            *(self._ask(place, invocation, attributes, versions, refusals) for place, invocation in enumerate(chosen))
        )
        if refusals:
            raise refusals[0]

    async def _ask(
        self,
        place: int,
        invocation: Invocation,
        attributes: Attributes,
        versions: Versions,
        refusals: list[StatusError],
    ) -> None:
        hook = invocation.hook
        try:
            await call(self._backend(), invocation, attributes, versions, mutating=False)
        except StatusError as error:
            refusals.append(error)
        except HookError as error:
            if not hook.ignores_failures:
                refusals.append(error.status())
                return
            _log.warning("failing open: %s", error)
            attributes.annotate(f"{_FAILED_OPEN}{place}", hook.name)
