"""`clusterIPs` and `ipFamilies` of a Service (upstream: core/validation.ValidateServiceClusterIPsRelatedFields)."""

from __future__ import annotations

from typing import Any

from kfast.api.addresses import parse_ip, validate_ip
from kfast.api.field_errors import duplicate, invalid, not_supported, required
from kfast.api.kind import FieldError

Spec = dict[str, Any]

_FAMILIES = ("IPv4", "IPv6")
_POLICIES = ("PreferDualStack", "RequireDualStack", "SingleStack")


def is_headless(spec: Spec) -> bool:
    """Whether the one cluster IP is `None`."""
    return spec.get("clusterIPs") == ["None"]


def validate_addresses(spec: Spec, old: Spec | None) -> list[FieldError]:
    """Addresses and families as far as they can be checked before any are allocated."""
    errors: list[FieldError] = []
    if spec["type"] == "ExternalName":
        return errors
    first, addresses, path = spec.get("clusterIP") or "", spec.get("clusterIPs") or [], "spec.clusterIPs"
    if first and not addresses:
        errors.append(required(path))
    elif first and addresses[0] != first:
        errors.append(invalid(path, addresses, "first value must match `clusterIP`"))
    elif addresses and not first:
        errors.append(invalid(path, addresses, "must be empty when `clusterIP` is not specified"))
    families = spec.get("ipFamilies") or []
    for index, family in enumerate(families):
        if family not in _FAMILIES:
            errors.append(not_supported(f"spec.ipFamilies[{index}]", family, _FAMILIES))
        if family in families[:index]:
            errors.append(duplicate(f"spec.ipFamilies[{index}]", family))
    policy = spec.get("ipFamilyPolicy")
    if policy is not None and policy not in _POLICIES:
        errors.append(not_supported("spec.ipFamilyPolicy", policy, _POLICIES))
    if _validate_each(addresses, (old or {}).get("clusterIPs") or (), errors):
        _validate_families(spec, addresses, families, errors)
    return errors


def _validate_each(addresses: list[str], known: list[str] | tuple[()], errors: list[FieldError]) -> bool:
    path, valid = "spec.clusterIPs", True
    for index, address in enumerate(addresses):
        if index == 0 and address == "None":
            if len(addresses) > 1:
                errors.append(invalid(path, addresses, "'None' must be the first and only value"))
                valid = False
        elif not validate_ip(address, f"{path}[{index}]", errors, known):
            valid = False
    if len(addresses) > 2:
        errors.append(invalid(path, addresses, "may only hold up to 2 values"))
    return valid


def _version(text: str) -> int | None:
    address = parse_ip(text)
    return address.version if address else None


def _validate_families(spec: Spec, addresses: list[str], families: list[str], errors: list[FieldError]) -> None:
    path = "spec.clusterIPs"
    if len(addresses) > 1 and {_version(address) for address in addresses} != {4, 6}:
        errors.append(invalid(path, addresses, "may specify no more than one IP for each IP family"))
    if is_headless(spec):
        return
    for index, (address, family) in enumerate(zip(addresses, families, strict=False)):
        if family in _FAMILIES and family != f"IPv{_version(address)}":
            message = f"expected an {family} value as indicated by `ipFamilies[{index}]`"
            errors.append(invalid(f"{path}[{index}]", address, message))


def validate_addresses_update(spec: Spec, before: Spec) -> list[FieldError]:
    """A cluster IP and its family once set stay, unless the Service is or becomes an ExternalName; a second one may
    come and go."""
    errors: list[FieldError] = []
    if "ExternalName" in (spec["type"], before["type"]):
        return errors
    if not (is_headless(spec) and is_headless(before)):
        _validate_change(spec, before, "clusterIPs", "clusterIP", errors)
    if not is_headless(spec) and not is_headless(before):
        _validate_change(spec, before, "ipFamilies", "ipFamily", errors)
    return errors


def _validate_change(spec: Spec, before: Spec, field: str, word: str, errors: list[FieldError]) -> None:
    now, old, path = spec.get(field) or [], before.get(field) or [], f"spec.{field}"
    if len(old) == len(now):
        for index, (one, other) in enumerate(zip(old, now, strict=True)):
            if one != other:
                where = index if field == "clusterIPs" else 0
                errors.append(invalid(f"{path}[{where}]", now, "may not change once set"))
        return
    shown = spec.get("clusterIPs")
    if len(old) > len(now) and not shown:
        errors.append(invalid(f"{path}[0]", spec.get(field), f"primary {word} can not be unset"))
    if old and now and old[0] != now[0]:
        errors.append(invalid(f"{path}[0]", shown, "may not change once set"))
    if len(old) > len(now) == 1 and spec.get("ipFamilyPolicy") != "SingleStack":
        message = f"must be set to 'SingleStack' when releasing the secondary {word}"
        errors.append(invalid("spec.ipFamilyPolicy", spec.get("ipFamilyPolicy"), message))
