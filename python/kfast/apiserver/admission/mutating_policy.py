"""MutatingAdmissionPolicy: policies that change a request's object, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple

import msgspec

from kfast._core import CelEnvironment, CelInput, CoreError, PatchError
from kfast.api.kind import Body, Kind
from kfast.apiserver.admission.chain import ALL, Attributes, Rules
from kfast.apiserver.admission.expressions import (
    Compiled,
    Evaluator,
    ExpressionError,
    compiled,
    inputs,
    match_conditions,
    namespace_object,
)
from kfast.apiserver.admission.policies import ConfigurationError, Policy, PolicyPlugin
from kfast.apiserver.admission.rounds import Rounds
from kfast.apiserver.admission.versions import Versions, replace_object, structure_of
from kfast.apiserver.configurations import misfit, unreadable
from kfast.apiserver.status_errors import forbidden, quoted
from kfast.errors import KfastError, StatusError

_JSON_PATCH = "application/json-patch+json"
_encode = msgspec.json.encode
_decode = msgspec.json.decode


_Key = tuple[str, str, str]
"""Policy, binding, parameter."""


@dataclass(slots=True)
class _Expressions:
    environment: CelEnvironment
    conditions: list[Compiled]
    mutating: CelEnvironment
    """The same variables, and the types of changes."""
    mutations: list[tuple[str, Compiled]]
    """Type of the patch, and what gives it."""


class _Invocation(NamedTuple):
    policy: Policy[_Expressions]
    binding: str
    kind: Kind
    key: _Key
    param: bytes | None


class _MutationError(KfastError):
    """A change cannot be made."""


def _compile(spec: Body) -> _Expressions:
    params = spec.get("paramKind") is not None
    environment = CelEnvironment(params=params, authorizer=True, composited=True)
    mutating = CelEnvironment(params=params, authorizer=True, mutating=True, composited=True)
    for variable in spec.get("variables") or ():
        name, expression = variable.get("name") or "", variable.get("expression") or ""
        environment, _ = environment.with_variable(name, expression)
        mutating, _ = mutating.with_variable(name, expression)
    mutations = []
    for mutation in spec.get("mutations") or ():
        kind = mutation.get("patchType") or ""
        stated = mutation.get("jsonPatch") if kind == "JSONPatch" else mutation.get("applyConfiguration")
        result = "list(JSONPatch)" if kind == "JSONPatch" else "Object"
        mutations.append((kind, compiled(mutating, (stated or {}).get("expression") or "", [result])))
    conditions = match_conditions(environment, spec.get("matchConditions") or ())
    return _Expressions(environment, conditions, mutating, mutations)


class MutatingAdmissionPolicy(PolicyPlugin[_Expressions]):
    """Each policy sees what those before it made of the object."""

    name = "MutatingAdmissionPolicy"
    rules = Rules(create=ALL, update=ALL)
    plural = "mutatingadmission"
    compile = staticmethod(_compile)

    async def admit(self, attributes: Attributes) -> None:
        """Applies the mutations. Raises StatusError 403 for one that cannot be made, unless failures are ignored."""
        rounds = Rounds[_Key].begin(self.name, attributes)
        failures: list[str] = []
        versions = Versions(self._backend(), attributes)
        evaluator = self.evaluator(attributes)
        try:
            for invocation in self._invocations(attributes, failures):
                await self._invoke(invocation, attributes, versions, evaluator, rounds, failures)
        finally:
            rounds.end(attributes)
        if failures:
            kind = attributes.kind
            error = forbidden(kind.group, kind.plural, attributes.name, "")
            details = {**error.details, "causes": [{"message": failure} for failure in failures]}
            raise StatusError(403, "Invalid" if "' with binding" in failures[0] else "Forbidden", failures[0], details)

    def _invocations(self, attributes: Attributes, failures: list[str]) -> Iterator[_Invocation]:
        """What is to be invoked, chosen before any of it is."""
        chosen = []
        for policy in self._policies.concerned(attributes):

            def misconfigured(why: Exception, binding: str = "", policy: Policy[_Expressions] = policy) -> None:
                if policy.ignores_failures:
                    return
                whom, what = f"policy {quoted(policy.name)}", "policy"
                if binding:
                    whom, what = f"policy '{policy.name}' with binding '{binding}'", "binding"
                failures.append(f"{whom} denied request: failed to configure {what}: {why}")

            try:
                kind = self._policies.match(policy.spec.get("matchConstraints"), attributes)
                if kind is None:
                    continue
                if policy.spec.get("paramKind") is not None:
                    self._policies.param_kind(policy.spec["paramKind"])
            except (StatusError, ConfigurationError) as error:
                misconfigured(error)
                continue
            for binding in policy.bindings:
                name = binding["metadata"]["name"]
                try:
                    if self._policies.match(binding["spec"].get("matchResources"), attributes) is None:
                        continue
                    params = list(self._policies.params(policy, binding, attributes, self._backend()))
                except (StatusError, ConfigurationError) as error:
                    misconfigured(error, name)
                    continue
                chosen += [_Invocation(policy, name, kind, (policy.name, name, key), param) for key, param in params]
        return iter(chosen)

    async def _invoke(
        self,
        invocation: _Invocation,
        attributes: Attributes,
        versions: Versions,
        evaluator: Evaluator,
        rounds: Rounds[_Key],
        failures: list[str],
    ) -> None:
        policy, kind = invocation.policy, invocation.kind
        expressions = policy.compiled

        def failed(why: Exception) -> None:
            if not policy.ignores_failures:
                bound = f"policy '{policy.name}' with binding '{invocation.binding}'"
                failures.append(f"{bound} denied request: {why}")

        read = await self._read(invocation, attributes, versions)
        try:
            labels = (policy.name, "policy", "validate", attributes.operation)
            if not await evaluator.matches(
                expressions.environment, expressions.conditions, read, policy.ignores_failures, labels
            ):
                return
        except ExpressionError as error:
            failed(error)
            return
        if attributes.reinvoked and invocation.key not in rounds.again:
            return
        before = await versions.object(kind)
        for patch_type, mutation in expressions.mutations:
            if attributes.object is None:
                continue
            started, why = perf_counter(), ""
            try:
                new = await self._mutated(invocation, patch_type, mutation, attributes, versions, evaluator)
            except (ExpressionError, _MutationError) as error:
                why = str(error)
                failed(error)
                continue
            finally:
                self.metrics.mutated(policy.name, invocation.binding, why, perf_counter() - started)
            await replace_object(self._backend(), attributes, kind, new)
            versions.changed()
        if _decode(before) != _decode(await versions.object(kind)):
            rounds.changed()
            attributes.reinvoke = True
        if policy.spec.get("reinvocationPolicy") == "IfNeeded":
            rounds.reinvocable.add(invocation.key)

    async def _read(self, invocation: _Invocation, attributes: Attributes, versions: Versions) -> CelInput:
        kind = invocation.kind
        return inputs(
            attributes,
            kind,
            await versions.object(kind),
            await versions.old(kind),
            params=invocation.param,
            namespace=namespace_object(self._policies.namespace(attributes)),
        )

    async def _mutated(
        self,
        invocation: _Invocation,
        patch_type: str,
        mutation: Compiled,
        attributes: Attributes,
        versions: Versions,
        evaluator: Evaluator,
    ) -> Body:
        """The object after one mutation, with defaults. Raises ExpressionError and _MutationError."""
        environment = invocation.policy.compiled.mutating
        if isinstance(mutation, Exception):
            raise ExpressionError(str(mutation))
        read = await self._read(invocation, attributes, versions)
        ((value, error),), _ = await evaluator.evaluate(environment, [mutation], read)
        if error is not None:
            raise ExpressionError(error if error.startswith("expression ") else f"type mismatch: {error}")
        live = await versions.object(invocation.kind)
        new = self._patched(invocation.kind, attributes, patch_type, live, value)
        if not attributes.schema:
            invocation.kind.defaults(new)
        return new

    def _patched(self, kind: Kind, attributes: Attributes, patch_type: str, live: bytes, value: Any) -> Body:
        backend = self._backend()
        schema_name = attributes.schema or kind.schema
        structure = structure_of(backend, kind, schema_name)
        if patch_type == "JSONPatch":
            try:
                new, _ = structure.patch(schema_name, _JSON_PATCH, live, _encode(value), "Ignore")
            except PatchError as error:
                if "testing value" in str(error.args[-1]) or "test failed" in str(error.args[-1]):
                    return dict(_decode(live))
                raise _MutationError(f"JSON Patch: {error.args[-1]}") from error
            except CoreError as error:
                raise _MutationError(str(error)) from error
            return dict(new)
        api_version, _, name = schema_name.rpartition("/")
        config = {"apiVersion": kind.api_version if not attributes.schema else api_version, "kind": name, **value}
        why = misfit(structure, schema_name, config) or unreadable(structure, schema_name, _encode(config))
        if why:
            raise _MutationError(f"error applying patch: failed to convert patch object to typed object: {why}")
        try:
            return dict(structure.lay_over(schema_name, live, _encode(config)))
        except CoreError as error:
            raise _MutationError(f"error applying patch: {error}") from error
