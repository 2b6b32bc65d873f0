"""MutatingWebhookConfiguration."""

from __future__ import annotations

from kfast.api.admissionregistration.webhooks import (
    COLUMNS,
    default_webhooks,
    static_name_warnings,
    validate_webhooks,
    validate_webhooks_update,
)
from kfast.api.kind import Body, Kind


def _defaults(configuration: Body) -> None:
    default_webhooks(configuration)
    for hook in configuration.get("webhooks") or ():
        if hook.get("reinvocationPolicy") is None:
            hook["reinvocationPolicy"] = "Never"


KIND = Kind(
    group="admissionregistration.k8s.io",
    version="v1",
    kind="MutatingWebhookConfiguration",
    plural="mutatingwebhookconfigurations",
    name_rule="subdomain_only",
    namespaced=False,
    categories=("api-extensions",),
    columns=COLUMNS,
    unconditional_update=False,
    defaults=_defaults,
    validate=validate_webhooks,
    validates_on_update=False,
    validate_update=validate_webhooks_update,
    warnings=static_name_warnings,
)
