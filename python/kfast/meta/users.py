"""What a user's name and extra values say: service accounts and the nodes they speak from."""

from __future__ import annotations

from kfast.meta.exchange import User
from kfast.meta.names import dns_subdomain

_NODE_NAME = "authentication.kubernetes.io/node-name"


def service_account_of(user: User) -> tuple[str, str] | None:
    """Namespace and name of the service account a user is, if it is one."""
    parts = user.name.split(":")
    if len(parts) != 4 or parts[:2] != ["system", "serviceaccount"] or not all(parts):
        return None
    return parts[2], parts[3]


def pod_node_of(user: User) -> str:
    """The node whose pod holds a service account's token, as the token says; "" if none."""
    names = user.extra.get(_NODE_NAME, [])
    if service_account_of(user) is None or len(names) != 1 or dns_subdomain(names[0]):
        return ""
    return names[0]
