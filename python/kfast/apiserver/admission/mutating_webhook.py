"""MutatingAdmissionWebhook: webhooks that may change a request's object, called one after the other."""

from __future__ import annotations

from typing import Any

import msgspec

from kfast._core import CoreError, PatchError
from kfast.api.kind import Body, Kind
from kfast.apiserver.admission.chain import Attributes
from kfast.apiserver.admission.hooks import Hook, Invocation
from kfast.apiserver.admission.review import AdmissionResponse
from kfast.apiserver.admission.rounds import Rounds
from kfast.apiserver.admission.versions import Versions, replace_object, structure_of
from kfast.apiserver.admission.webhook_caller import HookError, WebhookPlugin, call
from kfast.apiserver.status_errors import internal, quoted

_JSON_PATCH = "application/json-patch+json"
_MUTATION = "mutation.webhook.admission.k8s.io/"
_PATCH = "patch.webhook.admission.k8s.io/"
_decode = msgspec.json.decode
_encode = msgspec.json.encode


class MutatingAdmissionWebhook(WebhookPlugin):
    """Each webhook sees what those before it made of the object."""

    name = "MutatingAdmissionWebhook"
    step = "admit"

    async def admit(self, attributes: Attributes) -> None:
        """Applies the patches of the webhooks. Raises StatusError: what a webhook says, 500 if one whose failures count
        cannot be asked, or its patch does not apply."""
        rounds = Rounds[str].begin(self.name, attributes)
        versions = Versions(self._backend(), attributes)
        try:
            for invocation in self._hooks.concerned(attributes):
                hook = invocation.hook
                if not self._hooks.selects(hook, attributes):
                    continue
                if attributes.reinvoked and hook.uid not in rounds.again:
                    continue
                if not await self._hooks.meets(invocation, attributes, versions, self.metrics):
                    continue
                if await self._call(invocation, attributes, versions):
                    rounds.changed()
                    attributes.reinvoke = True
                if hook.reinvocable:
                    rounds.reinvocable.add(hook.uid)
        finally:
            rounds.end(attributes)

    async def _call(self, invocation: Invocation, attributes: Attributes, versions: Versions) -> bool:
        """Whether the webhook changed the object."""
        hook, changed = invocation.hook, False
        place = f"round_{int(attributes.reinvoked)}_index_{hook.index}"
        try:
            with self.observed(hook, attributes):
                response = await call(self._backend(), invocation, attributes, versions, True, self._hooks.users)
                changed = await self._apply(invocation, attributes, versions, response, place)
        except HookError as error:
            refusal = self.failure(error, attributes, f"failed-open.{_MUTATION}{place}")
            if refusal is not None:
                raise refusal from error
        finally:
            about = {"configuration": hook.configuration, "webhook": hook.name, "mutated": changed}
            attributes.annotate(_MUTATION + place, _encode(about).decode())
        return changed

    async def _apply(
        self,
        invocation: Invocation,
        attributes: Attributes,
        versions: Versions,
        response: AdmissionResponse,
        place: str,
    ) -> bool:
        hook, kind = invocation
        operations = _operations(hook, response)
        if not operations:
            return False
        if attributes.object is None:
            what = f"admission webhook {quoted(hook.name)} attempted to modify the object"
            raise internal(f"{what}, which is not supported for this operation")
        before = await versions.object(kind)
        new, changed = self._patched(attributes, kind, before, response.patch)
        about = {
            "configuration": hook.configuration,
            "webhook": hook.name,
            "patch": operations,
            "patchType": response.patch_type,
        }
        attributes.annotate(_PATCH + place, _encode(about).decode(), "Request")
        await replace_object(self._backend(), attributes, kind, new)
        versions.changed()
        return changed

    def _patched(self, attributes: Attributes, kind: Kind, before: bytes, patch: bytes) -> tuple[Body, bool]:
        """The object the patch leaves, with defaults, and whether it is another. Raises StatusError 500."""
        schema = attributes.schema or kind.schema
        try:
            new, _ = structure_of(self._backend(), kind, schema).patch(schema, _JSON_PATCH, before, patch, "Ignore")
        except PatchError as error:
            raise internal(str(error.args[-1])) from error
        except CoreError as error:
            mistyped = str(error).partition(" cannot be handled as a ")[2].partition(": ")[2]
            raise internal(mistyped or str(error)) from error
        stated = f"{new.get('apiVersion')}/{new.get('kind')}"
        if stated != schema:
            raise internal(f"converting ({stated}) to ({schema}): unknown conversion")
        changed = new != _decode(before)
        if not attributes.schema:
            kind.defaults(new)
        return new, changed


def _operations(hook: Hook, response: AdmissionResponse) -> list[Any]:
    """The operations of the patch. Raises HookError if it is none."""
    if not response.patch:
        return []
    try:
        operations = _decode(response.patch)
    except (msgspec.DecodeError, UnicodeDecodeError):
        first = quoted(response.patch[:1].decode("latin-1"))[1:-1]
        why = f"invalid character '{first}' looking for beginning of value"
        raise HookError(hook, f"received undecodable patch in webhook response: {why}") from None
    if operations is not None and not isinstance(operations, list):
        why = "json: cannot unmarshal object into Go value of type jsonpatch.Patch"
        raise HookError(hook, f"received undecodable patch in webhook response: {why}")
    if operations and response.patch_type != "JSONPatch":
        raise HookError(hook, f"unsupported patch type {quoted(response.patch_type)}")
    return operations or []
