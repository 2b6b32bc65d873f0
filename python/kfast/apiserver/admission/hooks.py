"""The webhooks that are configured, and which of them a request concerns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from kfast._core import LabelSelector
from kfast.api.admissionregistration.match_conditions import match_environment
from kfast.api.catalog import Catalog
from kfast.api.kind import Body, Kind
from kfast.apiserver.admission.chain import Attributes
from kfast.apiserver.admission.expressions import Compiled, Evaluator, ExpressionError, inputs, match_conditions
from kfast.apiserver.admission.metrics import AdmissionMetrics
from kfast.apiserver.admission.rules import Concerned, exempt, matched_kind, namespace_selected, object_selected
from kfast.apiserver.admission.versions import Versions
from kfast.apiserver.authz.authorizer import Authorizer
from kfast.apiserver.followed import Followed
from kfast.apiserver.status_errors import forbidden
from kfast.apiserver.webhook_client import WebhookTarget
from kfast.apiserver.webhook_users import WebhookUsers
from kfast.errors import StatusError
from kfast.store.protocol import Store

HookKind = Literal["mutating", "validating"]
_TIMEOUT = 10


@dataclass(frozen=True, slots=True, eq=False)
class Hook:
    """One webhook of a configuration. `index` is its place among all of its kind."""

    name: str
    configuration: str
    uid: str
    index: int
    body: Body
    target: WebhookTarget
    timeout: float
    ignores_failures: bool
    has_side_effects: bool
    """Even on dry run."""
    reinvocable: bool
    namespaces: LabelSelector
    objects: LabelSelector
    review_version: str
    """Of AdmissionReview; empty if the webhook knows none we do."""
    conditions: list[Compiled] = field(default_factory=list)
    """All of them must be true of a request."""


class Invocation(NamedTuple):
    """A webhook to be called with the object as `kind`."""

    hook: Hook
    kind: Kind


class Hooks:
    """All webhooks of one kind, in order of their configurations' names."""

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        kind: HookKind,
        authorizer: Authorizer,
        users: WebhookUsers | None = None,
    ) -> None:
        self.users = users
        self._store = store
        self._authorizer = authorizer
        self._catalog = catalog
        self._steps = ("admit", "admit") if kind == "mutating" else ("validating", "validate")
        self._followed = Followed(store, f"{kind}webhookconfigurations.admissionregistration.k8s.io")
        self._seen = 0
        self._hooks: list[Hook] = []
        self._concerned = Concerned(catalog, self._match)

    def concerned(self, attributes: Attributes) -> Sequence[Invocation]:
        """The webhooks whose rules take the request."""
        if (seen := self._followed.version()) != self._seen:
            self._seen = seen
            self._load()
        if not self._hooks or exempt(attributes):
            return ()
        return self._concerned.by(attributes)

    def selects(self, hook: Hook, attributes: Attributes) -> bool:
        """Whether the selectors of a webhook take the request. Raises StatusError 404 for an absent namespace."""
        try:
            in_namespace = namespace_selected(self._store, hook.namespaces, attributes)
        except StatusError:
            if object_selected(hook.objects, attributes):
                raise
            return False
        return in_namespace and object_selected(hook.objects, attributes)

    async def meets(
        self, invocation: Invocation, attributes: Attributes, versions: Versions, metrics: AdmissionMetrics
    ) -> bool:
        """Whether the request meets the webhook's match conditions. Raises StatusError 403 if that cannot be told and
        failures count."""
        hook, kind = invocation
        if not hook.conditions:
            return True
        read = inputs(attributes, kind, await versions.object(kind), await versions.old(kind))
        evaluator = Evaluator(self._authorizer, attributes.user, metrics)
        # Upstream calls the step otherwise where it counts exclusions.
        labels, excluded = ((hook.name, "webhook", step, attributes.operation) for step in self._steps)
        try:
            met = await evaluator.matches(match_environment(), hook.conditions, read, hook.ignores_failures, labels)
        except ExpressionError as error:
            about = attributes.kind
            raise forbidden(about.group, about.plural, attributes.name, str(error)) from error
        if not met:
            metrics.condition_exclusions.add(excluded)
        return met

    def _match(self, attributes: Attributes) -> Sequence[Invocation]:
        found = []
        for hook in self._hooks:
            equivalent = hook.body.get("matchPolicy") == "Equivalent"
            kind = matched_kind(hook.body.get("rules") or [], equivalent, attributes, self._catalog)
            if kind is not None:
                found.append(Invocation(hook, kind))
        return found

    def _load(self) -> None:
        self._concerned.forget()
        self._hooks = []
        for configuration in self._followed:
            seen: dict[str, int] = {}
            for body in configuration.to_dict().get("webhooks") or ():
                name = body.get("name") or ""
                uid = f"{configuration.name}/{name}/{seen.setdefault(name, 0)}"
                seen[name] += 1
                self._hooks.append(_hook(body, configuration.name, uid, len(self._hooks)))


def _hook(body: Body, configuration: str, uid: str, index: int) -> Hook:
    versions = body.get("admissionReviewVersions") or ()
    return Hook(
        name=body.get("name") or "",
        configuration=configuration,
        uid=uid,
        index=index,
        body=body,
        target=WebhookTarget.of(body.get("clientConfig") or {}),
        timeout=float(body.get("timeoutSeconds") or _TIMEOUT),
        ignores_failures=body.get("failurePolicy") == "Ignore",
        has_side_effects=body.get("sideEffects") not in ("None", "NoneOnDryRun"),
        reinvocable=body.get("reinvocationPolicy") == "IfNeeded",
        namespaces=LabelSelector.from_dict(body.get("namespaceSelector") or {}),
        objects=LabelSelector.from_dict(body.get("objectSelector") or {}),
        conditions=match_conditions(match_environment(), body.get("matchConditions") or ()),
        review_version=next((version for version in versions if version in ("v1", "v1beta1")), ""),
    )
