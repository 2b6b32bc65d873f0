"""Keeps the service account `default` in every active namespace: pkg/controller/serviceaccount."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kfast.api.core.namespace import KIND as NAMESPACES
from kfast.api.core.service_account import KIND as SERVICE_ACCOUNTS
from kfast.errors import StatusError
from kfast.runtime import Context, Controller, Key, Object, Watch, own_key

NAME = "default"


def plan(namespace: Object | None, account: Object | None) -> dict[str, Any] | None:
    """The service account to create, if any."""
    if namespace is None or namespace.deleting or account is not None:
        return None
    metadata = {"name": NAME, "namespace": namespace.name}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}


async def reconcile(context: Context, key: Key) -> float | None:
    """Creates the account of one namespace."""
    namespace = context.lister(NAMESPACES).get(*key)
    body = plan(namespace, context.lister(SERVICE_ACCOUNTS).get(key[1], NAME))
    if body is None:
        return None
    try:
        await context.client.create(SERVICE_ACCOUNTS, body)
    except StatusError as error:
        # 403: the namespace began to end in the meantime.
        if not (error.already_exists or error.not_found or error.code == 403):
            raise
    return None


def _namespace_of(account: Object) -> Iterable[Key]:
    if account.name == NAME:
        yield "", account.namespace


CONTROLLER = Controller(
    name="serviceaccount-controller",
    watches=(Watch(kind=NAMESPACES, map=own_key), Watch(kind=SERVICE_ACCOUNTS, map=_namespace_of)),
    reconcile=reconcile,
    workers=1,
)
