"""The admission policies there are, their bindings and parameters, and which of them a request concerns."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Generic, TypeVar

import msgspec

from kfast._core import LabelSelector, Object
from kfast.api.catalog import Catalog
from kfast.api.kind import Body, Kind
from kfast.apiserver.admission.chain import Attributes, Plugin
from kfast.apiserver.admission.expressions import Evaluator
from kfast.apiserver.admission.metrics import AdmissionMetrics
from kfast.apiserver.admission.rules import (
    Concerned,
    equivalents,
    exempt,
    matched_kind,
    namespace_selected,
    object_selected,
    rule_matches,
)
from kfast.apiserver.authz.authorizer import Authorizer
from kfast.apiserver.backend import Backend
from kfast.apiserver.followed import Followed
from kfast.apiserver.status_errors import not_found
from kfast.errors import KfastError, StatusError
from kfast.store.protocol import Store

_REVIEWS = frozenset({"authentication.k8s.io", "authorization.k8s.io"})
_encode = msgspec.json.encode
C = TypeVar("C")


class ConfigurationError(KfastError):
    """A policy or binding cannot be used as it is."""


@dataclass(slots=True)
class Policy(Generic[C]):
    """A policy with its bindings. `compiled` is made when the policy is first used."""

    name: str
    spec: Body
    compile: Callable[[Body], C]
    bindings: list[Body] = field(default_factory=list)
    made: C | None = None

    @property
    def compiled(self) -> C:
        """The policy's expressions."""
        if self.made is None:
            self.made = self.compile(self.spec)
        return self.made

    @property
    def ignores_failures(self) -> bool:
        """Whether what cannot be evaluated counts as allowed."""
        return self.spec.get("failurePolicy") == "Ignore"


class Policies(Generic[C]):
    """All policies of one kind that have bindings, in order of their names; compiled anew only if they change."""

    def __init__(self, store: Store, catalog: Catalog, plural: str, compile: Callable[[Body], C]) -> None:  # noqa: A002
        self._store = store
        self._catalog = catalog
        self._compile = compile
        self._definitions = Followed(store, f"{plural}policies.admissionregistration.k8s.io")
        self._bindings = Followed(store, f"{plural}policybindings.admissionregistration.k8s.io")
        self._seen = (0, 0)
        self._policies: dict[str, tuple[str, Policy[C]]] = {}
        self._concerned = Concerned(catalog, self._may_match)

    def concerned(self, attributes: Attributes) -> Sequence[Policy[C]]:
        """The policies whose rules may take the request."""
        seen = self._definitions.version(), self._bindings.version()
        if seen != self._seen:
            self._seen = seen
            self._load()
        if not self._policies or exempt(attributes) or attributes.kind.group in _REVIEWS:
            return ()
        return self._concerned.by(attributes)

    def _may_match(self, attributes: Attributes) -> list[Policy[C]]:
        def may_match(policy: Policy[C]) -> bool:
            constraints = policy.spec.get("matchConstraints") or {}
            equivalent = constraints.get("matchPolicy") == "Equivalent"
            rules = constraints.get("resourceRules") or []
            return not rules or matched_kind(rules, equivalent, attributes, self._catalog) is not None

        return [policy for _, policy in self._policies.values() if may_match(policy)]

    def _load(self) -> None:
        self._concerned.forget()
        known, self._policies = self._policies, {}
        bindings: dict[str, list[Body]] = {}
        for binding in self._bindings:
            body = binding.to_dict()
            bindings.setdefault(body["spec"].get("policyName") or "", []).append(body)
        for definition in self._definitions:
            name = definition.name
            if name not in bindings:
                continue
            version, before = known.get(name, ("", None))
            if before is not None and version == definition.resource_version:
                before.bindings = bindings[name]
                self._policies[name] = (version, before)
            else:
                policy = Policy(name, definition.to_dict()["spec"], self._compile, bindings[name])
                self._policies[name] = (definition.resource_version, policy)

    def match(self, resources: Body | None, attributes: Attributes) -> Kind | None:
        """The kind in which matchConstraints or matchResources want the object, None if they do not take the request.
        Raises StatusError 404 for an absent namespace."""
        if resources is None:
            return attributes.kind
        selectors = {name: LabelSelector.from_dict(resources.get(name) or {}) for name in _SELECTORS}
        absent: StatusError | None = None
        try:
            if not namespace_selected(self._store, selectors["namespaceSelector"], attributes):
                return None
        except StatusError as error:
            absent = error
        if not object_selected(selectors["objectSelector"], attributes):
            return None
        equivalent = resources.get("matchPolicy") == "Equivalent"
        if self._ruled(resources.get("excludeResourceRules") or (), equivalent, attributes) is not None:
            return None
        rules = resources.get("resourceRules") or ()
        kind = self._ruled(rules, equivalent, attributes) if rules else attributes.kind
        if kind is not None and absent is not None:
            raise absent
        return kind

    def _ruled(self, rules: Sequence[Body], equivalent: bool, attributes: Attributes) -> Kind | None:
        own = attributes.kind
        others = [kind for kind in equivalents(self._catalog, attributes) if kind is not own] if equivalent else []
        for kinds in ([own], others):
            for rule in rules:
                names = rule.get("resourceNames")
                if names and attributes.name not in names:
                    continue
                for kind in kinds:
                    if rule_matches(rule, attributes, kind):
                        return kind
        return None

    def namespace(self, attributes: Attributes) -> Object | None:
        """The request's namespace, None if it is about none or about a Namespace. Raises StatusError 404."""
        name = attributes.namespace
        if not name or attributes.kind.resource == "namespaces":
            return None
        found = self._store.get("namespaces", "", name)
        if found is None:
            namespaces = self._catalog.by_resource("", "v1", "namespaces")
            assert namespaces is not None
            raise not_found(namespaces, name)
        return found

    def params(
        self, policy: Policy[C], binding: Body, attributes: Attributes, backend: Backend
    ) -> Iterator[tuple[str, bytes | None]]:
        """Key and JSON of every parameter a binding is to be evaluated with; one None without parameters.
        Raises ConfigurationError."""
        stated, reference = policy.spec.get("paramKind"), binding["spec"].get("paramRef")
        if stated is None or reference is None:
            return iter([("", None)])
        kind = self.param_kind(stated)
        found = list(self._params(kind, reference, attributes))
        if not found and reference.get("parameterNotFoundAction") == "Deny":
            raise ConfigurationError("no params found for policy binding with `Deny` parameterNotFoundAction")
        return ((f"{obj.namespace}/{obj.name}", _as_param(backend, kind, obj)) for obj in found)

    def param_kind(self, stated: Mapping[str, str]) -> Kind:
        """The kind a paramKind names. Raises ConfigurationError if none is served."""
        api_version, name = stated.get("apiVersion", ""), stated.get("kind", "")
        group, _, version = api_version.rpartition("/")
        kind = self._catalog.by_gvk(group, version, name)
        if kind is None:
            what = f"{api_version}, Kind={name}" if group else f"/{version}, Kind={name}"
            raise ConfigurationError(f"failed to find resource referenced by paramKind: '{what}'")
        return kind

    def _params(self, kind: Kind, reference: Body, attributes: Attributes) -> Iterator[Object]:
        namespace = reference.get("namespace") or ""
        if namespace and not kind.namespaced:
            raise ConfigurationError("paramRef.namespace must not be provided for a cluster-scoped `paramKind`")
        if kind.namespaced and not namespace:
            namespace = attributes.namespace
            if not namespace:
                raise ConfigurationError(
                    "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources"
                )
        name = reference.get("name")
        if name:
            found = self._store.get(kind.resource, namespace, name)
            if found is not None:
                yield found
            return
        selector = LabelSelector.from_dict(reference.get("selector") or {})
        for obj in self._store.list(kind.resource, namespace).objects:
            if selector.matches(obj):
                yield obj


class PolicyPlugin(Plugin, Generic[C]):
    """What the two plugins of policies have in common: `plural` begins the names of their resources."""

    plural: ClassVar[str]

    def __init__(self, store: Store, catalog: Catalog, authorizer: Authorizer, backend: Callable[[], Backend]) -> None:
        self._policies: Policies[C] = Policies(store, catalog, self.plural, self.compile)
        self._authorizer = authorizer
        self._backend = backend

    @staticmethod
    @abstractmethod
    def compile(spec: Body) -> C:
        """A policy's expressions."""

    def handles(self, attributes: Attributes) -> bool:
        """Whether a policy's rules take the request."""
        return bool(self._policies.concerned(attributes))

    @property
    def metrics(self) -> AdmissionMetrics:
        """Where checks are counted."""
        return self._backend().admission.metrics

    def evaluator(self, attributes: Attributes) -> Evaluator:
        """What evaluates expressions about the request."""
        return Evaluator(self._authorizer, attributes.user, self.metrics)


_SELECTORS = ("namespaceSelector", "objectSelector")


def _as_param(backend: Backend, kind: Kind, obj: Object) -> bytes:
    scope = backend.scope(kind.group, kind.version, kind.plural)
    assert scope is not None
    return _encode(scope.from_storage(obj.to_dict()))
