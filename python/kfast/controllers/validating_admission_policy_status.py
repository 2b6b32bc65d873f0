"""Checks the expressions of validating admission policies against the types they are about:
pkg/controller/validatingadmissionpolicystatus."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator

from kfast._core import CelEnvironment, CelError, Schema
from kfast.api.admissionregistration.validating_admission_policy import KIND as POLICIES
from kfast.api.apiextensions.custom_resource_definition import KIND as DEFINITIONS
from kfast.api.apiextensions.schemas import structure_of
from kfast.api.catalog import KINDS
from kfast.api.kind import Body
from kfast.api.schema import load_schema
from kfast.runtime import Context, Controller, Key, Object, Watch, own_key

NAME = "validatingadmissionpolicy-status-controller"
_MOST_TYPES = 10
_FAILED = "compilation failed: "

Kinds = Callable[[str, str, str, str], tuple[str, Schema] | None]
"""(group, version, plural or empty, kind or empty) -> kind and what knows its structure."""


def check(spec: Body, kinds: Kinds) -> list[dict[str, str]]:
    """The warnings of a policy: for each expression that does not fit a type its rules name, what is wrong."""
    types = _types(spec, kinds)
    environments = [
        (f"{group}/{version}, Kind={kind}", _environment(spec, f"{group}/{version}/{kind}".lstrip("/"), of, kinds))
        for group, version, kind, of in types
    ]
    warnings = []
    for i, validation in enumerate(spec.get("validations") or ()):
        for field in ("expression", "messageExpression"):
            found = [_issue(name, environment, validation.get(field) or "") for name, environment in environments]
            told = "\n".join(text for text in found if text)
            if told:
                warnings.append({"fieldRef": f"spec.validations[{i}].{field}", "warning": told})
    return warnings


def _types(spec: Body, kinds: Kinds) -> list[tuple[str, str, str, Schema]]:
    """What the rules name without wildcards, sorted; nothing after the first rule that names as many as are checked."""
    found: dict[tuple[str, str, str], Schema] = {}
    for rule in (spec.get("matchConstraints") or {}).get("resourceRules") or ():
        named = itertools.islice(_named(rule, kinds), _MOST_TYPES)
        count = len([found.setdefault(key, of) for key, of in named])
        if count == _MOST_TYPES:
            break
    return [(*key, of) for key, of in sorted(found.items(), key=lambda item: item[0])]


def _named(rule: Body, kinds: Kinds) -> Iterator[tuple[tuple[str, str, str], Schema]]:
    groups, versions = sorted(rule.get("apiGroups") or ()), sorted(rule.get("apiVersions") or ())
    if any("*" in item for item in (*groups, *versions)):
        return
    plurals = sorted(item for item in rule.get("resources") or () if "*" not in item and "/" not in item)
    for group, version, plural in itertools.product(groups, versions, plurals):
        known = kinds(group, version, plural, "")
        if known is not None:
            yield (group, version, known[0]), known[1]


def _environment(spec: Body, key: str, schema: Schema, kinds: Kinds) -> CelEnvironment:
    stated, params = spec.get("paramKind"), None
    if stated is not None:
        group, _, version = stated.get("apiVersion", "").rpartition("/")
        known = kinds(group, version, "", stated.get("kind", ""))
        if known is not None:
            params = (known[1], f"{stated['apiVersion']}/{known[0]}")
    environment = CelEnvironment.typed((schema, key), params, has_params=stated is not None)
    for variable in spec.get("variables") or ():
        environment, _ = environment.with_variable(variable.get("name") or "", variable.get("expression") or "")
    return environment


def _issue(name: str, environment: CelEnvironment, expression: str) -> str:
    if not expression:
        return ""
    try:
        environment.compile(expression)
    except CelError as error:
        # Constants that cannot be computed are no matter of types.
        text = str(error)
        return f"{name}: {text.removeprefix(_FAILED)}\n" if text.startswith(_FAILED) else ""
    return ""


def _kinds(definitions: Iterable[Object]) -> Kinds:
    """Kinds of the API, and those that definitions make."""
    customs = [definition.to_dict()["spec"] for definition in definitions]

    def kinds(group: str, version: str, plural: str, kind: str) -> tuple[str, Schema] | None:
        for known in KINDS:
            if (
                (known.group, known.version) == (group, version)
                and plural in ("", known.plural)
                and kind in ("", known.kind)
            ):
                return known.kind, load_schema()
        for spec in customs:
            names = spec["names"]
            if spec["group"] != group or plural not in ("", names["plural"]) or kind not in ("", names["kind"]):
                continue
            for served in spec["versions"]:
                schema = (served.get("schema") or {}).get("openAPIV3Schema")
                if served["name"] == version and schema is not None:
                    return names["kind"], structure_of(group, version, names["kind"], schema)
        return None

    return kinds


async def reconcile(context: Context, key: Key) -> float | None:
    """Writes the warnings of a generation that has not been checked."""
    policy = context.lister(POLICIES).get(*key)
    if policy is None or policy.deleting:
        return None
    body = policy.to_dict()
    status = body.get("status") or {}
    if policy.generation <= status.get("observedGeneration", 0):
        return None
    warnings = check(body["spec"], _kinds(context.lister(DEFINITIONS).list()))
    checking = {"expressionWarnings": warnings} if warnings else {}
    body["status"] = {**status, "observedGeneration": policy.generation, "typeChecking": checking}
    await context.client.update_status(POLICIES, body)
    return None


CONTROLLER = Controller(
    name=NAME,
    watches=(Watch(kind=POLICIES, map=own_key), Watch(kind=DEFINITIONS, map=lambda _: ())),
    reconcile=reconcile,
    workers=1,
)
