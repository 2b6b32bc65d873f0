"""NamespaceLifecycle: objects are created only in namespaces that exist and stay."""

from __future__ import annotations

from kfast.apiserver.admission.chain import ALL, Attributes, Plugin, Rules, refusal
from kfast.apiserver.status_errors import forbidden
from kfast.errors import StatusError
from kfast.store.protocol import Store

IMMORTAL = frozenset({"default", "kube-system", "kube-public"})
_REVIEWS = frozenset({"localsubjectaccessreviews.authorization.k8s.io"})


class NamespaceLifecycle(Plugin):
    """404 for a missing namespace, 403 for a terminating one and for deleting the namespaces of the system."""

    name = "NamespaceLifecycle"
    looks = False
    rules = Rules(create=ALL, delete=("namespaces",))

    def __init__(self, store: Store) -> None:
        self._store = store

    def handles(self, attributes: Attributes) -> bool:
        """Of creates, those in a namespace."""
        kind = attributes.kind
        return attributes.operation == "DELETE" or (kind.namespaced and kind.resource not in _REVIEWS)

    async def admit(self, attributes: Attributes) -> None:
        """Refuses; changes nothing."""
        kind, name, namespace = attributes.kind, attributes.name, attributes.namespace
        if attributes.operation == "DELETE":
            if name in IMMORTAL:
                raise forbidden(kind.group, kind.plural, name, "this namespace may not be deleted")
            return
        stored = self._store.get("namespaces", "", namespace)
        if stored is None:
            message = f'namespaces "{namespace}" not found'
            raise StatusError(404, "NotFound", message, {"name": namespace, "kind": "namespaces"})
        if stored.deleting:
            why = f"unable to create new content in namespace {namespace} because it is being terminated"
            error = refusal(attributes, why)
            error.details["causes"] = [
                {
                    "reason": "NamespaceTerminating",
                    "message": f"namespace {namespace} is being terminated",
                    "field": "metadata.namespace",
                }
            ]
            raise error
