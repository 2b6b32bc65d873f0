"""Which requests the rules and selectors of webhooks and policies are about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from kfast._core import LabelSelector
from kfast.api.catalog import Catalog
from kfast.api.kind import Body, Kind
from kfast.apiserver.admission.chain import Attributes
from kfast.errors import StatusError
from kfast.store.protocol import Store

T = TypeVar("T")
_GROUP = "admissionregistration.k8s.io"
_EXEMPT = frozenset(
    f"{how}{what}.{_GROUP}"
    for how in ("mutating", "validating")
    for what in ("webhookconfigurations", "admissionpolicies", "admissionpolicybindings")
)


class Concerned(Generic[T]):
    """What a request concerns, worked out once for each resource, subresource, operation and scope; anew when the
    catalog changes, or after `forget`."""

    def __init__(self, catalog: Catalog, find: Callable[[Attributes], Sequence[T]]) -> None:
        self._catalog = catalog
        self._find = find
        self._known: dict[tuple[str, ...], Sequence[T]] = {}
        self._changes = -1

    def forget(self) -> None:
        """Other rules hold than before."""
        self._known = {}

    def by(self, attributes: Attributes) -> Sequence[T]:
        """What the request concerns."""
        if self._changes != self._catalog.changes:
            self._changes = self._catalog.changes
            self._known = {}
        kind = attributes.kind
        scope = "Namespaced" if attributes.namespace else ""
        key = (kind.api_version, kind.plural, attributes.subresource, attributes.operation, scope)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._find(attributes)
        return found


def exempt(attributes: Attributes) -> bool:
    """Whether the request is about webhooks and policies themselves: these can neither change nor stop it, or a broken
    one could not be removed any more."""
    return attributes.kind.resource in _EXEMPT


def rule_matches(rule: Body, attributes: Attributes, kind: Kind) -> bool:
    """Whether a RuleWithOperations takes the request, were it one for `kind`."""
    return (
        _in_scope(rule.get("scope") or "*", attributes)
        and _named(rule.get("operations"), attributes.operation)
        and _named(rule.get("apiGroups"), kind.group)
        and _named(rule.get("apiVersions"), kind.version)
        and any(_is_resource(item, kind.plural, attributes.subresource) for item in rule.get("resources") or ())
    )


def matched_kind(rules: Sequence[Body], equivalent: bool, attributes: Attributes, catalog: Catalog) -> Kind | None:
    """The kind in which the first rule that matches wants the object: the request's own or, if `equivalent`, another
    version of it. None if no rule takes the request."""
    if any(rule_matches(rule, attributes, attributes.kind) for rule in rules):
        return attributes.kind
    if not equivalent:
        return None
    others = [kind for kind in equivalents(catalog, attributes) if kind is not attributes.kind]
    return next((kind for rule in rules for kind in others if rule_matches(rule, attributes, kind)), None)


def equivalents(catalog: Catalog, attributes: Attributes) -> Iterable[Kind]:
    """All kinds under which the requested object is served, with the requested subresource."""
    stored = attributes.kind.storage_resource
    for kind in catalog:
        if kind.storage_resource == stored and (
            not attributes.subresource or any(s.name == attributes.subresource for s in kind.subresources)
        ):
            yield kind


def _named(items: Sequence[str] | None, wanted: str) -> bool:
    return any(item in ("*", wanted) for item in items or ())


def _is_resource(item: str, plural: str, subresource: str) -> bool:
    resource, _, sub = item.partition("/")
    return resource in ("*", plural) and sub in ("*", subresource)


def _in_scope(scope: str, attributes: Attributes) -> bool:
    """Namespaces are objects of the cluster."""
    if scope == "*":
        return True
    namespaced = attributes.namespace != "" and attributes.kind.resource != "namespaces"
    return namespaced == (scope == "Namespaced")


def namespace_labels(store: Store, attributes: Attributes) -> dict[str, str]:
    """The labels of the request's namespace; those it is about to have, if it is about a Namespace.
    Raises StatusError 404."""
    about_namespace = attributes.kind.resource == "namespaces" and not attributes.subresource
    if about_namespace and attributes.operation in ("CREATE", "UPDATE"):
        return _labels(attributes.object)
    found = store.get("namespaces", "", attributes.namespace)
    if found is None:
        name = attributes.namespace
        details = {"name": name, "kind": "namespaces"}
        raise StatusError(404, "NotFound", f'namespaces "{name}" not found', details)
    return dict(found.labels)


def namespace_selected(store: Store, selector: LabelSelector, attributes: Attributes) -> bool:
    """Whether a namespaceSelector takes the request; objects of the cluster other than namespaces always are.
    Raises StatusError 404."""
    if selector.empty or (not attributes.namespace and attributes.kind.resource != "namespaces"):
        return True
    return selector.matches(namespace_labels(store, attributes))


def object_selected(selector: LabelSelector, attributes: Attributes) -> bool:
    """Whether an objectSelector takes the object as it is or as it was."""
    if selector.empty:
        return True
    bodies = (attributes.object, attributes.old)
    return any(body is not None and "metadata" in body and selector.matches(_labels(body)) for body in bodies)


def _labels(body: Body | None) -> dict[str, str]:
    return ((body or {}).get("metadata") or {}).get("labels") or {}
