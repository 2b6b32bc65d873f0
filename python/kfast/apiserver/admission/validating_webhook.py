"""ValidatingAdmissionWebhook: webhooks that may refuse a request, all called at once."""

from __future__ import annotations

import asyncio

from kfast.apiserver.admission.chain import Attributes
from kfast.apiserver.admission.hooks import Invocation
from kfast.apiserver.admission.versions import Versions
from kfast.apiserver.admission.webhook_caller import HookError, WebhookPlugin, call
from kfast.errors import StatusError

_FAILED_OPEN = "failed-open.validating.webhook.admission.k8s.io/round_0_index_"


class ValidatingAdmissionWebhook(WebhookPlugin):
    """The first refusal to arrive is the client's answer."""

    name = "ValidatingAdmissionWebhook"
    step = "validating"

    async def validate(self, attributes: Attributes) -> None:
        """Raises StatusError: what a webhook says, 500 if one whose failures count cannot be asked."""
        chosen = [i for i in self._hooks.concerned(attributes) if self._hooks.selects(i.hook, attributes)]
        if not chosen:
            return
        versions = Versions(self._backend(), attributes)
        chosen = [i for i in chosen if await self._hooks.meets(i, attributes, versions, self.metrics)]
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
            with self.observed(hook, attributes):
                await call(self._backend(), invocation, attributes, versions, False, self._hooks.users)
        except HookError as error:
            refusal = self.failure(error, attributes, f"{_FAILED_OPEN}{place}")
            if refusal is not None:
                refusals.append(refusal)
        except StatusError as error:
            refusals.append(error)
