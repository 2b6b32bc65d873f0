"""ServiceAccount."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME
from kfast.api.kind import Body, Kind, Subresource


def _keep_names_only(account: Body) -> None:
    """Of a secret reference only the name counts (upstream: cleanSecretReferences)."""
    if account.get("secrets"):
        account["secrets"] = [{"name": ref["name"]} if ref.get("name") else {} for ref in account["secrets"]]


def _prepare_update(account: Body, _: Body) -> None:
    _keep_names_only(account)


KIND = Kind(
    group="",
    version="v1",
    kind="ServiceAccount",
    plural="serviceaccounts",
    short_names=("sa",),
    subresources=(Subresource("token", ("create",), kind="TokenRequest", group_version="authentication.k8s.io/v1"),),
    columns=(NAME, AGE),
    has_generation=False,
    prepare_create=_keep_names_only,
    prepare_update=_prepare_update,
    metadata_on_update=("update", "create"),
)
