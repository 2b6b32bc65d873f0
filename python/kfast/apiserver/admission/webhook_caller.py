"""One call of an admission webhook: review out, verdict in, failures in upstream's words."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import ClassVar

from kfast.apiserver.admission.chain import Attributes, Plugin
from kfast.apiserver.admission.hooks import Hook, Hooks, Invocation
from kfast.apiserver.admission.metrics import AdmissionMetrics
from kfast.apiserver.admission.review import (
    AdmissionResponse,
    DeniedError,
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
from kfast.apiserver.webhook_users import WebhookUsers
from kfast.errors import StatusError

_log = logging.getLogger(__name__)


class HookError(Exception):
    """A webhook gave no verdict: its failurePolicy decides. `code` is what metrics count it as."""

    def __init__(self, hook: Hook, why: str, code: int = 503) -> None:
        super().__init__(f"failed calling webhook {quoted(hook.name)}: {why}")
        self.hook = hook
        self.code = code


class WebhookPlugin(Plugin):
    """What the two plugins of webhooks have in common."""

    step: ClassVar[str]
    """The `type` in metrics."""

    def __init__(self, hooks: Hooks, backend: Callable[[], Backend]) -> None:
        self._hooks = hooks
        self._backend = backend

    def handles(self, attributes: Attributes) -> bool:
        """Whether a webhook's rules take the request."""
        return bool(self._hooks.concerned(attributes))

    @property
    def metrics(self) -> AdmissionMetrics:
        """Where calls are counted."""
        return self._backend().admission.metrics

    @contextmanager
    def observed(self, hook: Hook, attributes: Attributes) -> Iterator[None]:
        """Counts a call by what is raised inside."""
        metrics, started = self.metrics, perf_counter()
        code, error_type = 0, "apiserver_internal_error"
        try:
            yield
            code, error_type = 200, ""
        except HookError as error:
            code, error_type = error.code, "" if hook.ignores_failures else "calling_webhook_error"
            raise
        except DeniedError as error:
            code, error_type = error.code, "no_error"
            raise
        finally:
            about = hook.name, self.step, attributes.operation
            if error_type:
                metrics.rejected(*about, error_type, code)
            metrics.called(*about, perf_counter() - started, code, bool(error_type))

    def failure(self, error: HookError, attributes: Attributes, annotation: str) -> StatusError | None:
        """What the client is told of a failure; None if it is ignored, which is noted."""
        if not error.hook.ignores_failures:
            return internal(str(error))
        _log.warning("failing open: %s", error)
        self.metrics.failed_open(error.hook.name, self.step)
        attributes.annotate(annotation, error.hook.name)
        return None


async def call(
    backend: Backend,
    invocation: Invocation,
    attributes: Attributes,
    versions: Versions,
    mutating: bool,
    users: WebhookUsers | None,
) -> AdmissionResponse:
    """The verdict of a webhook that allows the request. Raises StatusError if it does not, HookError if it does not
    say."""
    hook, kind = invocation
    if attributes.dry_run and hook.has_side_effects:
        raise bad_request(f"admission webhook {quoted(hook.name)} does not support dry run")
    if not hook.review_version:
        why = "webhook does not accept known AdmissionReview versions (v1, v1beta1)"
        raise HookError(hook, f"could not create admission objects: {why}", 400)
    uid = backend.new_uid()
    request = admission_request(attributes, kind, uid)
    body = review(hook.review_version, request, await versions.object(kind), await versions.old(kind))
    try:
        answer = await backend.webhooks.post(hook.target, body, hook.timeout, users)
        response = read_response(hook.review_version, uid, mutating, answer)
    except InvalidResponseError as error:
        raise HookError(hook, f"received invalid webhook response: {error}") from error
    except WebhookConfigError as error:
        raise HookError(hook, f"could not get REST client: {error}", 500) from error
    except WebhookError as error:
        raise HookError(hook, f"failed to call webhook: {error}", error.code) from error
    for key, value in response.annotations.items():
        attributes.annotate(f"{hook.name}/{key}", value)
    for text in response.warnings:
        attributes.warn(text)
    if not response.allowed:
        raise denial(hook.name, response.result)
    return response
