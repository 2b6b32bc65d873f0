"""ValidatingAdmissionPolicy: policies that may refuse a request, warn of it or note it in the audit log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter

import msgspec

from kfast._core import CelEnvironment, CelInput
from kfast.api.kind import Body, Kind
from kfast.apiserver.admission.chain import Attributes
from kfast.apiserver.admission.expressions import (
    BUDGET,
    Compiled,
    Evaluator,
    ExpressionError,
    Result,
    compiled,
    inputs,
    match_conditions,
    namespace_object,
)
from kfast.apiserver.admission.metrics import AdmissionMetrics
from kfast.apiserver.admission.policies import ConfigurationError, Policy, PolicyPlugin
from kfast.apiserver.admission.versions import Versions
from kfast.apiserver.metrics import Labels
from kfast.apiserver.status_errors import forbidden
from kfast.errors import StatusError

_CODES = {"Unauthorized": 401, "Forbidden": 403, "RequestEntityTooLarge": 413}
_LONGEST_MESSAGE = 5 * 1024
_LONGEST_ANNOTATION = 10 * 1024
_FAILURES = "validation.policy.admission.k8s.io/validation_failure"
_encode = msgspec.json.encode


@dataclass(slots=True)
class _Expressions:
    """A policy's expressions; those of messages read no authorizer."""

    environment: CelEnvironment
    silent: CelEnvironment
    conditions: list[Compiled]
    validations: list[Compiled]
    messages: list[Compiled | None]
    annotations: list[Compiled]


@dataclass(slots=True)
class _Denial:
    policy: str
    binding: str
    message: str
    reason: str = ""


@dataclass(slots=True)
class _Outcome:
    """What a policy made of a request: decisions by validation (None: passed), and annotations for the audit log."""

    decisions: list[_Denial | None] = field(default_factory=list)
    annotations: list[tuple[str, str]] = field(default_factory=list)
    failures: list[_Denial] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    """Why validations could not be evaluated, where that does not matter."""
    seconds: float = 0.0
    """What a validation took, on average."""


def _compile(spec: Body) -> _Expressions:
    params = spec.get("paramKind") is not None
    environment = CelEnvironment(params=params, authorizer=True, composited=True)
    silent = CelEnvironment(params=params, composited=True)
    for variable in spec.get("variables") or ():
        name, expression = variable.get("name") or "", variable.get("expression") or ""
        environment, _ = environment.with_variable(name, expression)
        silent, _ = silent.with_variable(name, expression)
    validations = spec.get("validations") or ()
    messages = [validation.get("messageExpression") for validation in validations]
    return _Expressions(
        environment,
        silent,
        match_conditions(environment, spec.get("matchConditions") or ()),
        [compiled(environment, validation.get("expression") or "", ["bool"]) for validation in validations],
        [compiled(silent, message, ["string"]) if message else None for message in messages],
        [
            compiled(environment, annotation.get("valueExpression") or "", ["string", "null_type"])
            for annotation in spec.get("auditAnnotations") or ()
        ],
    )


class ValidatingAdmissionPolicy(PolicyPlugin[_Expressions]):
    """The first denial is the client's answer."""

    name = "ValidatingAdmissionPolicy"
    plural = "validatingadmission"
    compile = staticmethod(_compile)

    async def validate(self, attributes: Attributes) -> None:
        """Raises StatusError: what a validation says, 422 unless it says otherwise."""
        versions = Versions(self._backend(), attributes)
        evaluator = self.evaluator(attributes)
        denials: list[_Denial] = []
        reads: dict[str, CelInput] = {}
        for policy in self._policies.concerned(attributes):
            await self._apply(policy, attributes, versions, evaluator, reads, denials)
        if denials:
            raise _refusal(attributes, denials[0])

    async def _apply(
        self,
        policy: Policy[_Expressions],
        attributes: Attributes,
        versions: Versions,
        evaluator: Evaluator,
        reads: dict[str, CelInput],
        denials: list[_Denial],
    ) -> None:
        def misconfigured(why: Exception, binding: str = "") -> None:
            if not policy.ignores_failures:
                what = "binding" if binding else "policy"
                denials.append(_Denial(policy.name, binding, f"failed to configure {what}: {why}"))

        try:
            kind = self._policies.match(policy.spec.get("matchConstraints"), attributes)
            if kind is None:
                return
            if policy.spec.get("paramKind") is not None:
                self._policies.param_kind(policy.spec["paramKind"])
        except (StatusError, ConfigurationError) as error:
            misconfigured(error)
            return
        annotations: dict[str, dict[str, None]] = {}
        for binding in policy.bindings:
            name = binding["metadata"]["name"]
            try:
                if self._policies.match(binding["spec"].get("matchResources"), attributes) is None:
                    continue
                params = list(self._policies.params(policy, binding, attributes, self._backend()))
            except (StatusError, ConfigurationError) as error:
                misconfigured(error, name)
                continue
            for _, param in params:
                read = await self._read(kind, param, attributes, versions, reads)
                labels = (policy.name, "policy", "validate", attributes.operation)
                outcome = await _evaluate(policy, name, read, evaluator, labels)
                _act(policy, binding, outcome, attributes, denials, self.metrics)
                for key, value in outcome.annotations:
                    annotations.setdefault(key, {})[value] = None
        for key, values in annotations.items():
            attributes.annotate(f"{policy.name}/{key}", ", ".join(values))

    async def _read(
        self, kind: Kind, param: bytes | None, attributes: Attributes, versions: Versions, reads: dict[str, CelInput]
    ) -> CelInput:
        """What expressions read; policies without parameters share it, and the authorizer's answers."""
        known = reads.get(kind.api_version) if param is None else None
        if known is not None:
            return known
        namespace = namespace_object(self._policies.namespace(attributes))
        object_, old = await versions.object(kind), await versions.old(kind)
        read = inputs(attributes, kind, object_, old, params=param, namespace=namespace)
        if param is None:
            reads[kind.api_version] = read
        return read


async def _evaluate(
    policy: Policy[_Expressions], binding: str, read: CelInput, evaluator: Evaluator, labels: Labels
) -> _Outcome:
    expressions, spec = policy.compiled, policy.spec
    outcome = _Outcome()

    def failed(why: str) -> _Denial | None:
        if policy.ignores_failures:
            outcome.ignored.append(why)
            return None
        return _Denial(policy.name, binding, why)

    try:
        if not await evaluator.matches(
            expressions.environment, expressions.conditions, read, policy.ignores_failures, labels
        ):
            return outcome
        started = perf_counter()
        results, left = await evaluator.evaluate(expressions.environment, expressions.validations, read)
        outcome.seconds = (perf_counter() - started) / max(1, len(results))
    except ExpressionError as error:
        outcome.decisions = [failed(str(error))]
        return outcome
    no_messages = ""
    messages: list[Result] = [(None, None)] * len(results)
    if any(expressions.messages) and any(value is not True for value, _ in results):
        try:
            messages, _ = await evaluator.evaluate(expressions.silent, expressions.messages, read, left)
        except ExpressionError as spent:
            no_messages = f"failed messageExpression: {spent}"
    for validation, (value, why), (message, _) in zip(spec.get("validations") or (), results, messages, strict=True):
        if why is not None or no_messages:
            outcome.decisions.append(failed(why or no_messages))
        elif value is True:
            outcome.decisions.append(None)
        else:
            text = _message(validation, message)
            outcome.decisions.append(_Denial(policy.name, binding, text, validation.get("reason") or "Invalid"))
    await _annotate(policy, read, evaluator, outcome, failed)
    return outcome


async def _annotate(
    policy: Policy[_Expressions],
    read: CelInput,
    evaluator: Evaluator,
    outcome: _Outcome,
    failed: Callable[[str], _Denial | None],
) -> None:
    expressions = policy.compiled
    try:
        results, _ = await evaluator.evaluate(expressions.environment, expressions.annotations, read, BUDGET)
    except ExpressionError as error:
        outcome.decisions = [failed(str(error))]
        return
    for annotation, (value, why) in zip(policy.spec.get("auditAnnotations") or (), results, strict=True):
        if why is not None:
            denial = None if policy.ignores_failures else failed(why)
            if denial is not None:
                outcome.failures.append(denial)
        elif isinstance(value, str) and value.strip():
            outcome.annotations.append((annotation["key"], value.strip()[:_LONGEST_ANNOTATION]))


def _message(validation: Body, computed: object) -> str:
    """What a computed message says, or the stated one, or the expression."""
    if isinstance(computed, str):
        text = computed.strip()
        if text and len(text.encode()) <= _LONGEST_MESSAGE and "\n" not in text:
            return text
    stated: str = (validation.get("message") or "").strip()
    return stated or f"failed expression: {validation['expression'].strip()}"


def _act(
    policy: Policy[_Expressions],
    binding: Body,
    outcome: _Outcome,
    attributes: Attributes,
    denials: list[_Denial],
    metrics: AdmissionMetrics,
) -> None:
    """Denies, warns and notes as the binding says."""
    actions = binding["spec"].get("validationActions") or []
    name = binding["metadata"]["name"]
    for i, denial in enumerate(outcome.decisions):
        if denial is None:
            continue
        for action in actions:
            metrics.checked(policy.name, name, denial.message, action.lower(), outcome.seconds)
            if action == "Deny":
                denials.append(denial)
            elif action == "Warn":
                told = f"Validation failed for ValidatingAdmissionPolicy '{policy.name}' with binding '{name}'"
                attributes.warn(f"{told}: {denial.message}")
            elif action == "Audit":
                noted = {
                    "message": denial.message,
                    "policy": policy.name,
                    "binding": name,
                    "expressionIndex": i,
                    "validationActions": actions,
                }
                attributes.annotate(_FAILURES, _encode([noted]).decode())
    for why in outcome.ignored:
        metrics.checked(policy.name, name, why, "allow", outcome.seconds)
    for failure in outcome.failures:
        denials.append(failure)
        metrics.checked(policy.name, name, failure.message, "deny", outcome.seconds)


def _refusal(attributes: Attributes, denial: _Denial) -> StatusError:
    bound = f" with binding '{denial.binding}'" if denial.binding else ""
    message = f"ValidatingAdmissionPolicy '{denial.policy}'{bound} denied request: {denial.message}"
    kind = attributes.kind
    error = forbidden(kind.group, kind.plural, attributes.name, message)
    reason = denial.reason or "Invalid"
    details = {**error.details, "causes": [{"message": message}]}
    return StatusError(_CODES.get(reason, 422), reason, error.message, details)
