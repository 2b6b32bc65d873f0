"""CEL expressions of webhooks and policies: what they read, and how they are evaluated."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Any

import msgspec

from kfast._core import CelEnvironment, CelError, CelInput, CelProgram, Object
from kfast.api.kind import Body, Kind
from kfast.apiserver.admission.chain import Attributes
from kfast.apiserver.admission.metrics import AdmissionMetrics
from kfast.apiserver.admission.review import admission_request
from kfast.apiserver.authz.authorizer import Authorizer
from kfast.apiserver.metrics import Labels
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.selection import selected_fields, selected_labels
from kfast.errors import KfastError
from kfast.meta.exchange import User

BUDGET = 10_000_000
"""What the expressions of one binding may cost together (upstream: RuntimeCELCostBudget)."""
CONDITIONS_BUDGET = 2_500_000
"""What the match conditions of one webhook or binding may cost (RuntimeCELCostBudgetMatchConditions)."""
_NAMESPACE_METADATA = (
    "name",
    "generateName",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "finalizers",
)
_encode = msgspec.json.encode

Compiled = CelProgram | CelError
"""An expression, or why it does not compile."""
Result = tuple[Any, str | None]
"""Value and error of an expression."""


class ExpressionError(KfastError):
    """Match conditions that cannot tell, or a budget that is spent."""


def compiled(environment: CelEnvironment, expression: str, types: list[str]) -> Compiled:
    """The expression, or the error that evaluating it gives."""
    try:
        return environment.compile(expression, types)
    except CelError as error:
        return error


def inputs(
    attributes: Attributes,
    kind: Kind,
    object: bytes,  # noqa: A002
    old: bytes,
    *,
    params: bytes | None = None,
    namespace: bytes | None = None,
) -> CelInput:
    """What the expressions of one request read, with object and old object as JSON of `kind`."""
    about = attributes.kind
    own_namespace = attributes.namespace if about.namespaced or about.resource == "namespaces" else ""
    resource = (about.group, about.plural, attributes.subresource, own_namespace, attributes.name)
    request = _encode(admission_request(attributes, kind, ""))
    return CelInput(object, old, request, params, namespace, resource)


def namespace_object(namespace: Object | None) -> bytes | None:
    """`namespaceObject`, None if there is no namespace."""
    if namespace is None:
        return None
    body = namespace.to_dict()
    metadata = {field: body["metadata"][field] for field in _NAMESPACE_METADATA if field in body["metadata"]}
    return _encode({"metadata": metadata, "spec": body.get("spec") or {}, "status": body.get("status") or {}})


class Evaluator:
    """Evaluates expressions, and asks the authorizer what they ask."""

    def __init__(self, authorizer: Authorizer, user: User | None, metrics: AdmissionMetrics) -> None:
        self._authorizer = authorizer
        self._user = user
        self._metrics = metrics

    async def evaluate(
        self, environment: CelEnvironment, programs: Sequence[Compiled | None], read: CelInput, budget: int = BUDGET
    ) -> tuple[list[Result], int]:
        """Value and error of each, and what is left of the budget. Raises ExpressionError once that is spent."""
        runnable = [program if isinstance(program, CelProgram) else None for program in programs]
        try:
            while (outcome := environment.evaluate(runnable, read, budget)) is None:
                for question in read.questions:
                    await self._answer(read, question)
        except CelError as error:
            raise ExpressionError(str(error)) from error
        results, left = outcome
        for i, program in enumerate(programs):
            if isinstance(program, CelError):
                results[i] = (None, f"compilation error: {program}")
        return results, left

    async def matches(
        self,
        environment: CelEnvironment,
        conditions: Sequence[Compiled],
        read: CelInput,
        ignores_failures: bool,
        labels: Labels,
    ) -> bool:
        """Whether all conditions are true; one that is false counts more than those that fail. `labels` are name, kind,
        type and operation of the metrics. Raises ExpressionError for conditions that fail, unless that is ignored."""
        if not conditions:
            return True
        started, met = perf_counter(), False
        try:
            met = await self._met(environment, conditions, read, ignores_failures, labels)
        finally:
            if not met:  # upstream takes the time of no others
                self._metrics.condition_seconds.observe(labels, perf_counter() - started)
        return met

    async def _met(
        self,
        environment: CelEnvironment,
        conditions: Sequence[Compiled],
        read: CelInput,
        ignores_failures: bool,
        labels: Labels,
    ) -> bool:
        try:
            results, _ = await self.evaluate(environment, conditions, read, CONDITIONS_BUDGET)
        except ExpressionError:
            if ignores_failures:
                return False
            raise
        for value, error in results:
            if value is False:
                break
            if error is not None:
                self._metrics.condition_errors.add(labels)
        if any(value is False for value, _ in results):
            return False
        errors = list(dict.fromkeys(error for _, error in results if error is not None))
        if errors and not ignores_failures:
            raise ExpressionError(errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]")
        return not errors

    async def _answer(self, read: CelInput, question: list[str]) -> None:
        verb, account_namespace, account, path, group, resource, subresource, namespace, name, fields, labels = question
        user = self._user or User("system:anonymous")
        if account:
            groups = ("system:serviceaccounts", f"system:serviceaccounts:{account_namespace}", "system:authenticated")
            user = User(f"system:serviceaccount:{account_namespace}:{account}", "", groups[:2])
        info = RequestInfo(path, verb)
        if resource:
            info.is_resource = True
            info.api_group, info.api_version, info.resource = group, "*", resource
            info.subresource, info.namespace, info.name = subresource, namespace, name
            info.fields, info.labels = selected_fields(fields), selected_labels(labels)
        decision = await self._authorizer.authorize(user, info)
        read.answer(question, decision.allowed, decision.reason, decision.error)


def match_conditions(environment: CelEnvironment, conditions: Sequence[Body]) -> list[Compiled]:
    """The conditions of a webhook or policy, compiled."""
    return [compiled(environment, condition.get("expression") or "", ["bool"]) for condition in conditions]
