"""MutatingAdmissionWebhook: webhooks that may change a request's object, called one after the other."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from kfast._core import CoreError, PatchError
from kfast.api.kind import Body, Kind
from kfast.apiserver.admission.chain import Attributes, Plugin
from kfast.apiserver.admission.hooks import Hook, Hooks, Invocation
from kfast.apiserver.admission.review import AdmissionResponse
from kfast.apiserver.admission.versions import Versions, replace_object, structure_of
from kfast.apiserver.admission.webhook_caller import HookError, call
from kfast.apiserver.backend import Backend
from kfast.apiserver.status_errors import internal, quoted

_log = logging.getLogger(__name__)
_JSON_PATCH = "application/json-patch+json"
_MUTATION = "mutation.webhook.admission.k8s.io/"
_PATCH = "patch.webhook.admission.k8s.io/"
_decode = msgspec.json.decode
_encode = msgspec.json.encode


@dataclass(slots=True)
class _Rounds:
    """What the first round tells the second: a webhook is called again if the object changed after its call, and its
    reinvocationPolicy allows that."""

    output: bytes = b""
    reinvocable: set[str] = field(default_factory=set)
    again: set[str] = field(default_factory=set)

    def require(self) -> None:
        """The object has changed: all that have been called and may be again, will be."""
        self.again |= self.reinvocable
        self.reinvocable = set()


class MutatingAdmissionWebhook(Plugin):
    """Each webhook sees what those before it made of the object."""

    name = "MutatingAdmissionWebhook"

    def __init__(self, hooks: Hooks, backend: Callable[[], Backend]) -> None:
        self._hooks = hooks
        self._backend = backend

    def handles(self, attributes: Attributes) -> bool:
        """Whether a webhook's rules take the request."""
        return bool(self._hooks.concerned(attributes))

    async def admit(self, attributes: Attributes) -> None:
        """Applies the patches of the webhooks. Raises StatusError: what a webhook says, 500 if one whose failures count
        cannot be asked, or its patch does not apply."""
        rounds = attributes.kept.setdefault(self.name, _Rounds())
        if attributes.reinvoked and rounds.output != _encode(attributes.object):
            rounds.require()  # plugins before this one changed the object since
        versions = Versions(self._backend(), attributes)
        try:
            for invocation in self._hooks.concerned(attributes):
                hook = invocation.hook
                if not self._hooks.selects(hook, attributes):
                    continue
                if attributes.reinvoked and hook.uid not in rounds.again:
                    continue
                if not await self._hooks.meets(invocation, attributes, versions):
                    continue
                if await self._call(invocation, attributes, versions):
                    rounds.require()
                    attributes.reinvoke = True
                if hook.reinvocable:
                    rounds.reinvocable.add(hook.uid)
        finally:
            rounds.output = _encode(attributes.object)

    async def _call(self, invocation: Invocation, attributes: Attributes, versions: Versions) -> bool:
        """Whether the webhook changed the object."""
        hook, changed = invocation.hook, False
        place = f"round_{int(attributes.reinvoked)}_index_{hook.index}"
        try:
            response = await call(self._backend(), invocation, attributes, versions, mutating=True)
            changed = await self._apply(invocation, attributes, versions, response, place)
        except HookError as error:
            if not hook.ignores_failures:
                raise error.status() from error
            _log.warning("failing open: %s", error)
            attributes.annotate(f"failed-open.{_MUTATION}{place}", hook.name)
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
