"""ValidatingWebhookConfiguration."""

from __future__ import annotations

from kfast.api.admissionregistration.webhooks import (
    COLUMNS,
    default_webhooks,
    static_name_warnings,
    validate_webhooks,
    validate_webhooks_update,
)
from kfast.api.kind import Kind

KIND = Kind(
    group="admissionregistration.k8s.io",
    version="v1",
    kind="ValidatingWebhookConfiguration",
    plural="validatingwebhookconfigurations",
    name_rule="subdomain_only",
    namespaced=False,
    categories=("api-extensions",),
    columns=COLUMNS,
    unconditional_update=False,
    defaults=default_webhooks,
    validate=validate_webhooks,
    validates_on_update=False,
    validate_update=validate_webhooks_update,
    warnings=static_name_warnings,
)
