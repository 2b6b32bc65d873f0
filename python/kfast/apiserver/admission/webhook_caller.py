"""One call of an admission webhook: review out, verdict in, failures in upstream's words."""

from __future__ import annotations

from kfast.apiserver.admission.chain import Attributes
from kfast.apiserver.admission.hooks import Hook, Invocation
from kfast.apiserver.admission.review import (
    AdmissionResponse,
    InvalidResponseError,
    admission_request,
    denial,
    read_response,
    review,
)
from kfast.apiserver.admission.versions import Versions
from kfast.apiserver.backend import Backend
from kfast.apiserver.status_errors import bad_request, internal, quoted
from kfast.apiserver.webhook_client import WebhookConfigError, WebhookError
from kfast.errors import StatusError


class HookError(Exception):
    """A webhook gave no verdict: its failurePolicy decides."""

    def __init__(self, hook: Hook, why: str) -> None:
        super().__init__(f"failed calling webhook {quoted(hook.name)}: {why}")

    def status(self) -> StatusError:
        """What the client is told if failures count."""
        return internal(str(self))


async def call(
    backend: Backend, invocation: Invocation, attributes: Attributes, versions: Versions, mutating: bool
) -> AdmissionResponse:
    """The verdict of a webhook that allows the request. Raises StatusError if it does not, HookError if it does not
    say."""
    hook, kind = invocation
    if attributes.dry_run and hook.has_side_effects:
        raise bad_request(f"admission webhook {quoted(hook.name)} does not support dry run")
    if not hook.review_version:
        why = "webhook does not accept known AdmissionReview versions (v1, v1beta1)"
        raise HookError(hook, f"could not create admission objects: {why}")
    uid = backend.new_uid()
    request = admission_request(attributes, kind, uid)
    body = review(hook.review_version, request, await versions.object(kind), await versions.old(kind))
    try:
        answer = await backend.webhooks.post(hook.target, body, hook.timeout)
        response = read_response(hook.review_version, uid, mutating, answer)
    except InvalidResponseError as error:
        raise HookError(hook, f"received invalid webhook response: {error}") from error
    except WebhookConfigError as error:
        raise HookError(hook, f"could not get REST client: {error}") from error
    except WebhookError as error:
        raise HookError(hook, f"failed to call webhook: {error}") from error
    for key, value in response.annotations.items():
        attributes.annotate(f"{hook.name}/{key}", value)
    for text in response.warnings:
        attributes.warn(text)
    if not response.allowed:
        raise denial(hook.name, response.result)
    return response
