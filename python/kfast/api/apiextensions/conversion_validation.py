"""How the versions of a custom resource may be converted (upstream: apiextensions/validation)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from kfast.api.admissionregistration.client_config import validate_client_config
from kfast.api.apiextensions import conditions
from kfast.api.apiextensions.ca_bundle import ca_bundle_error
from kfast.api.field_errors import forbidden, invalid, not_supported, required
from kfast.api.kind import Body, FieldError
from kfast.meta import names

_REVIEW_VERSIONS = ("v1", "v1beta1")
_STRATEGIES = ("None", "Webhook")


def validate_conversion(conversion: Body | None, path: str, old: Body | None) -> Iterator[FieldError]:
    """`old` is the definition before the update."""
    if conversion is None:
        return
    strategy = conversion.get("strategy") or ""
    if not strategy:
        yield required(f"{path}.strategy")
    elif strategy not in _STRATEGIES:
        yield not_supported(f"{path}.strategy", strategy, _STRATEGIES)
    webhook: dict[str, Any] = conversion.get("webhook") or {}
    client, versions = webhook.get("clientConfig"), webhook.get("conversionReviewVersions") or []
    if strategy != "Webhook":
        why = "should not be set when strategy is not set to Webhook"
        if client is not None:
            yield forbidden(f"{path}.webhookClientConfig", why)
        if versions:
            yield forbidden(f"{path}.conversionReviewVersions", why)
        return
    yield from _validate_client(client, f"{path}.webhookClientConfig", old)
    yield from _validate_review_versions(versions, f"{path}.conversionReviewVersions", old)


def _validate_client(client: Body | None, path: str, old: Body | None) -> Iterable[FieldError]:
    if client is None:
        return [required(path, "required when strategy is set to Webhook")]
    errors: list[FieldError] = []
    url, service = client.get("url"), client.get("service")
    validate_client_config(client, path, errors)
    if service is not None and url is None:  # of these two upstream names the other first
        pair = (f"{path}.service.name", f"{path}.service.namespace")
        errors.sort(key=lambda error: pair.index(error.path) if error.path in pair else len(pair))
    if client.get("caBundle") and old is not None and not _may_be_invalid(old):
        why = ca_bundle_error(client["caBundle"])
        errors += [invalid(f"{path}.caBundle", client["caBundle"], why)] if why else []
    return errors


def _may_be_invalid(old: Body) -> bool:
    """A bundle is first checked when the definition is established; one that was bad may stay bad."""
    if not conditions.is_true(old, conditions.ESTABLISHED):
        return True
    webhook = ((old.get("spec") or {}).get("conversion") or {}).get("webhook") or {}
    bundle = (webhook.get("clientConfig") or {}).get("caBundle")
    return bool(bundle and ca_bundle_error(bundle))


def _validate_review_versions(versions: list[str], path: str, old: Body | None) -> Iterator[FieldError]:
    if not versions:
        yield required(path)
        return
    for at, version in enumerate(versions):
        if version in versions[:at]:
            yield invalid(f"{path}[{at}]", version, "duplicate version")
            continue
        for why in names.dns_label_1035(version):
            yield invalid(f"{path}[{at}]", version, why)
    webhook = (((old or {}).get("spec") or {}).get("conversion") or {}).get("webhook") or {}
    before = webhook.get("conversionReviewVersions") or []
    recognized = not before or bool({*before} & {*_REVIEW_VERSIONS})
    if recognized and not {*versions} & {*_REVIEW_VERSIONS}:
        yield invalid(path, versions, f"must include at least one of {', '.join(_REVIEW_VERSIONS)}")
