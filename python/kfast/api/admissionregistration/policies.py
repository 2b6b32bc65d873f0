"""What validating and mutating admission policies share: defaults, validation, columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kfast._core import CelEnvironment, CelError
from kfast.api.admissionregistration.match_conditions import validate_match_conditions
from kfast.api.admissionregistration.rules import OPERATIONS, default_rule, validate_rule
from kfast.api.columns import UNSET, selector_text
from kfast.api.field_errors import duplicate, forbidden, invalid, not_supported, required
from kfast.api.kind import Body, Cell, FieldError
from kfast.api.label_selectors import validate_selector
from kfast.meta.name_rules import dns_subdomain
from kfast.meta.names import dns_label_1035, path_segment

_MATCH_POLICIES = ("Equivalent", "Exact")
_FAILURE_POLICIES = ("Fail", "Ignore")
_NOT_FOUND_ACTIONS = ("Deny", "Allow")
_IDENTIFIER = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")
_RESERVED = frozenset(
    re.findall(
        r"\w+",
        "true false null in as break const continue else for function if import let loop package namespace return var "
        "void while",
    )
)


def default_match_resources(resources: Body | None) -> None:
    """Fills match policy, selectors and the scopes of rules."""
    if resources is None:
        return
    for field, value in (("matchPolicy", "Equivalent"), ("namespaceSelector", {}), ("objectSelector", {})):
        if resources.get(field) is None:
            resources[field] = value if isinstance(value, str) else {}
    for rules in ("resourceRules", "excludeResourceRules"):
        for rule in resources.get(rules) or ():
            default_rule(rule)


def default_policy(policy: Body) -> None:
    """Fills the failure policy and what is matched."""
    spec = policy.setdefault("spec", {})
    if spec.get("failurePolicy") is None:
        spec["failurePolicy"] = "Fail"
    default_match_resources(spec.get("matchConstraints"))


def default_binding(binding: Body) -> None:
    """Fills what is matched."""
    default_match_resources(binding.setdefault("spec", {}).get("matchResources"))


def validate_policy_head(spec: Body, errors: list[FieldError], *, mutating: bool, conditions: bool) -> None:
    """Adds the errors of what comes before the expressions; `conditions`: of the match conditions, too."""
    failure = spec.get("failurePolicy")
    if failure not in _FAILURE_POLICIES:
        errors.append(not_supported("spec.failurePolicy", failure, _FAILURE_POLICIES))
    if spec.get("paramKind") is not None:
        _param_kind(spec["paramKind"], "spec.paramKind", errors)
    constraints = spec.get("matchConstraints")
    if constraints is None:
        errors.append(required("spec.matchConstraints"))
    else:
        validate_match_resources(constraints, "spec.matchConstraints", errors)
        if not constraints.get("resourceRules"):
            errors.append(required("spec.matchConstraints.resourceRules"))
        if mutating:
            mutating_operations(constraints, "spec.matchConstraints", errors)
    if conditions:
        path = "spec.matchConditions"
        validate_match_conditions(spec.get("matchConditions"), path, errors, params=spec.get("paramKind") is not None)


def mutating_operations(resources: Body, path: str, errors: list[FieldError]) -> None:
    """What is deleted cannot be changed."""
    supported = ("*", "CONNECT", "CREATE", "UPDATE")
    for rule in resources.get("resourceRules") or ():
        for operation in rule.get("operations") or ():
            if operation not in supported:
                errors.append(not_supported(f"{path}.resourceRules.operations", operation, supported))


def validate_match_resources(resources: Body | None, path: str, errors: list[FieldError]) -> None:
    """Adds the errors of a MatchResources object."""
    if resources is None:
        return
    policy = resources.get("matchPolicy")
    if policy not in _MATCH_POLICIES:
        errors.append(not_supported(f"{path}.matchPolicy", policy, _MATCH_POLICIES))
    for selector in ("namespaceSelector", "objectSelector"):
        validate_selector(resources.get(selector), f"{path}.{selector}", errors)
    for rules in ("resourceRules", "excludeResourceRules"):
        for i, rule in enumerate(resources.get(rules) or ()):
            at = f"{path}.{rules}[{i}]"
            _resource_names(rule.get("resourceNames") or (), at, errors)
            validate_rule(rule, at, errors, operations=OPERATIONS)


def _resource_names(names: Sequence[str], path: str, errors: list[FieldError]) -> None:
    for i, name in enumerate(names):
        at = f"{path}.resourceNames[{i}]"
        errors.extend(invalid(at, name, problem) for problem in path_segment(name))
        if name in names[:i]:
            errors.append(duplicate(at, name))


def _param_kind(kind: Body, path: str, errors: list[FieldError]) -> None:
    api_version, name = kind.get("apiVersion") or "", kind.get("kind") or ""
    group, _, version = api_version.rpartition("/")
    at = f"{path}.apiVersion"
    if not api_version:
        errors.append(required(at))
    elif api_version.count("/") > 1:
        errors.append(invalid(at, api_version, f"unexpected GroupVersion string: {api_version}"))
    else:
        if group and dns_subdomain(group):
            errors.append(invalid(at, group, ",".join(dns_subdomain(group))))
        if not version:
            errors.append(invalid(at, api_version, "version must be specified"))
        elif problems := dns_label_1035(version):
            errors.append(invalid(at, version, ",".join(problems)))
    if not name:
        errors.append(required(f"{path}.kind"))
    elif problems := dns_label_1035(name.lower()):
        why = "may have mixed case, but should otherwise match: " + ",".join(problems)
        errors.append(invalid(f"{path}.kind", name, why))


class PolicyCompiler:
    """Compiles the expressions of one policy as they are validated; variables are kept for those after them."""

    def __init__(self, spec: Body, *, mutating: bool = False) -> None:
        params = spec.get("paramKind") is not None
        self._params = params
        composited = mutating or bool(spec.get("variables"))
        self._environment = CelEnvironment(params=params, authorizer=True, composited=composited)
        self._silent = CelEnvironment(params=params, composited=composited)
        self._mutating = CelEnvironment(params=params, authorizer=True, mutating=True, composited=True)

    def variables(self, variables: Sequence[Body], errors: list[FieldError]) -> None:
        """Adds the errors of variables."""
        for i, variable in enumerate(variables):
            path, name = f"spec.variables[{i}]", variable.get("name") or ""
            expression = variable.get("expression") or ""
            if not name.strip():
                errors.append(required(f"{path}.name", "name is not specified"))
            elif not _IDENTIFIER.fullmatch(name) or name in _RESERVED:
                errors.append(invalid(f"{path}.name", name, "must be a valid CEL identifier"))
            if not expression.strip():
                errors.append(required(f"{path}.expression", "expression is not specified"))
                continue
            self._environment, problem = self._environment.with_variable(name, expression)
            self._silent = self._silent.with_variable(name, expression)[0]
            self._mutating = self._mutating.with_variable(name, expression)[0]
            if problem is not None:
                errors.append(compile_error(f"{path}.expression", expression, problem))

    def expression(self, text: str, types: list[str], path: str, errors: list[FieldError], shown: str = "") -> None:
        """Adds what is wrong with an expression; `shown` in place of it."""
        _compile(self._environment, text, types, path, errors, shown)

    def message(self, text: str, path: str, errors: list[FieldError]) -> None:
        """Adds what is wrong with a messageExpression, which cannot ask the authorizer."""
        _compile(self._silent, text, ["string"], path, errors)

    def mutation(self, text: str, types: list[str], path: str, errors: list[FieldError]) -> None:
        """Adds what is wrong with an expression that gives a change."""
        _compile(self._mutating, text, types, path, errors)


def _compile(
    environment: CelEnvironment, text: str, types: list[str], path: str, errors: list[FieldError], shown: str = ""
) -> None:
    try:
        environment.compile(text, types)
    except CelError as error:
        errors.append(compile_error(path, shown or text, str(error)))


def compile_error(path: str, expression: str, problem: str) -> FieldError:
    """What is wrong with an expression, as a field's error."""
    if problem.startswith("program instantiation failed"):
        return FieldError(path, "InternalError", f"Internal error: {problem}")
    return invalid(path, expression, problem)


def validate_binding_head(spec: Body, errors: list[FieldError]) -> None:
    """Adds the errors of what bindings of both kinds have."""
    name = spec.get("policyName") or ""
    if not name:
        errors.append(required("spec.policyName"))
    else:
        errors.extend(invalid("spec.policyName", name, problem) for problem in dns_subdomain(name))
    if spec.get("paramRef") is not None:
        _param_ref(spec["paramRef"], "spec.paramRef", errors)
    validate_match_resources(spec.get("matchResources"), "spec.matchResources", errors)


def _param_ref(reference: Body, path: str, errors: list[FieldError]) -> None:
    name, selector = reference.get("name") or "", reference.get("selector")
    exclusive = "name and selector are mutually exclusive"
    if name:
        errors.extend(invalid(f"{path}.name", name, problem) for problem in path_segment(name))
        if selector is not None:
            errors.append(forbidden(f"{path}.name", exclusive))
    if selector is not None:
        validate_selector(selector, f"{path}.selector", errors)
        if name:
            errors.append(forbidden(f"{path}.selector", exclusive))
    if not name and selector is None:
        errors.append(required(path, "one of name or selector must be specified"))
    action = reference.get("parameterNotFoundAction") or ""
    if not action:
        errors.append(required(f"{path}.parameterNotFoundAction"))
    elif action not in _NOT_FOUND_ACTIONS:
        errors.append(not_supported(f"{path}.parameterNotFoundAction", action, _NOT_FOUND_ACTIONS))


def param_kind(policy: Body, _: float) -> Cell:
    """The column of that name."""
    kind = (policy.get("spec") or {}).get("paramKind")
    return UNSET if kind is None else f"{kind.get('apiVersion', '')}/{kind.get('kind', '')}"


def param_ref(binding: Body, _: float) -> Cell:
    """The column of that name."""
    reference = (binding.get("spec") or {}).get("paramRef") or {}
    if reference.get("name"):
        return f"{reference.get('namespace') or '*'}/{reference['name']}"
    if reference.get("selector") is not None:
        return selector_text(reference["selector"])
    return UNSET
