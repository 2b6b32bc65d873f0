"""`ipFamilies` and `ipFamilyPolicy` of a Service in a cluster of one address family."""

from __future__ import annotations

import ipaddress

import msgspec

from kfast.api.core.service_addresses import validate_addresses
from kfast.api.kind import Body, FieldError
from kfast.apiserver.status_errors import invalid, quoted

NONE = "None"
"""The cluster IP of a headless Service."""
_OTHER = {"IPv4": "IPv6", "IPv6": "IPv4"}


def init_ip_families(name: str, spec: Body, before: Body | None, family: str) -> None:
    """Infers what is not given. Raises StatusError 422 for what `family` alone cannot serve."""
    if spec.get("type") == "ExternalName":
        return
    headless_bare = spec.get("clusterIP") == NONE and not spec.get("selector")
    if spec.get("ipFamilyPolicy") is None:
        inherited = (before or {}).get("ipFamilyPolicy")
        spec["ipFamilyPolicy"] = inherited or ("RequireDualStack" if headless_bare else "SingleStack")
    errors = validate_addresses(spec, before)
    if errors:
        raise invalid("", "Service", name, errors)
    errors = _contradictions(spec)
    if before is not None and spec["ipFamilyPolicy"] == "SingleStack":
        families = spec.get("ipFamilies") or []
        if families == before.get("ipFamilies") and len(families) > 1:
            spec["ipFamilies"] = families[:1]
            errors = _contradictions(spec)
    errors += _infer_from_addresses(spec, family)
    if errors:
        raise invalid("", "Service", name, errors)
    if headless_bare:
        families = spec.get("ipFamilies") or [family]
        if len(families) < 2 and spec["ipFamilyPolicy"] != "SingleStack":
            families = [families[0], _OTHER[families[0]]]
        spec["ipFamilies"] = families
        return
    errors = _unserved(spec, family)
    if errors:
        raise invalid("", "Service", name, errors)
    spec["ipFamilies"] = spec.get("ipFamilies") or [family]


def _contradictions(spec: Body) -> list[FieldError]:
    policy = spec["ipFamilyPolicy"]
    if policy != "SingleStack":
        return []
    value = f"Invalid value: {quoted(policy)}: must be 'RequireDualStack' or 'PreferDualStack' when multiple"
    errors = []
    if len(spec.get("clusterIPs") or ()) == 2:
        errors.append(_error("spec.ipFamilyPolicy", f"{value} cluster IPs are specified"))
    if len(spec.get("ipFamilies") or ()) == 2:
        errors.append(_error("spec.ipFamilyPolicy", f"{value} IP families are specified"))
    return errors


def _infer_from_addresses(spec: Body, family: str) -> list[FieldError]:
    errors = []
    families = list(spec.get("ipFamilies") or [])
    addresses = spec.get("clusterIPs") or []
    for index, address in enumerate(addresses):
        if address == NONE or index < len(families):
            continue
        found = _family_of(address)
        if found == family:
            families.append(found)
        elif found:
            value = msgspec.json.encode(addresses).decode()
            why = f"Invalid value: {value}: {found} is not configured on this cluster"
            errors.append(_error(f"spec.clusterIPs[{index}]", why))
    if families:
        spec["ipFamilies"] = families
    return errors


def _unserved(spec: Body, family: str) -> list[FieldError]:
    errors = []
    if spec["ipFamilyPolicy"] == "RequireDualStack":
        why = 'Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services'
        errors.append(_error("spec.ipFamilyPolicy", why))
    for index, wanted in enumerate(spec.get("ipFamilies") or ()):
        if wanted != family:
            why = f"Invalid value: {quoted(wanted)}: not configured on this cluster"
            errors.append(_error(f"spec.ipFamilies[{index}]", why))
    return errors


def _family_of(address: str) -> str:
    """Empty for what is no address: validation tells."""
    try:
        return f"IPv{ipaddress.ip_address(address).version}"
    except ValueError:
        return ""


def _error(path: str, message: str) -> FieldError:
    return FieldError(path, "FieldValueInvalid", message)
