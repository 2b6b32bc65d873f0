"""Names of resources in amounts, limits and quotas (upstream: core/helper and core/validation)."""

from __future__ import annotations

from kfast.api.field_errors import NON_NEGATIVE, invalid
from kfast.api.kind import FieldError
from kfast.api.name_checks import check, qualified_name
from kfast.api.resource_lists import milli

_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_COUNTED = frozenset(
    {
        "pods",
        "resourcequotas",
        "services",
        "replicationcontrollers",
        "secrets",
        "configmaps",
        "persistentvolumeclaims",
        "services.nodeports",
        "services.loadbalancers",
    }
)
_QUOTA = (
    _COUNTED | {f"{side}{name}" for name in _COMPUTE for side in ("", "requests.", "limits.")} | {"requests.storage"}
)
_STANDARD = _QUOTA | {"storage"}
_LARGEST = 2**63 - 1


def _is_huge_page_quota(name: str) -> bool:
    return name.startswith(("hugepages-", "requests.hugepages-"))


def is_standard(name: str) -> bool:
    """Whether a name without a domain is known."""
    return name in _STANDARD or _is_huge_page_quota(name)


def is_quota(name: str) -> bool:
    """Whether a name without a domain may be in a quota."""
    return name in _QUOTA or _is_huge_page_quota(name)


def is_native(name: str) -> bool:
    """Whether the name is one of Kubernetes' own."""
    return "/" not in name or "kubernetes.io/" in name


def is_extended(name: str) -> bool:
    """Whether the name is one of a vendor's, in amounts and in quotas."""
    return not is_native(name) and not name.startswith("requests.") and not qualified_name(f"requests.{name}")


def may_be_overcommitted(name: str) -> bool:
    """Whether limits beyond the requests make sense."""
    return is_native(name) and not name.startswith("hugepages-")


def check_name(name: str, path: str, errors: list[FieldError]) -> bool:
    """A known name, or one with a domain."""
    if not check(qualified_name, name, path, errors):
        return False
    if "/" not in name and not is_standard(name):
        errors.append(invalid(path, name, "must be a standard resource type or fully qualified"))
        return False
    return True


def check_container_name(name: str, path: str, errors: list[FieldError]) -> None:
    """A resource that containers can have."""
    check_name(name, path, errors)
    if "/" not in name:
        if name not in _COMPUTE and not name.startswith("hugepages-"):
            errors.append(invalid(path, name, "must be a standard resource for containers"))
    elif not is_native(name) and not is_extended(name):
        errors.append(invalid(path, name, "doesn't follow extended resource name standard"))


def check_quota_name(name: str, path: str, errors: list[FieldError]) -> None:
    """A resource that quotas can limit."""
    check_name(name, path, errors)
    if "/" not in name and not is_quota(name):
        errors.append(invalid(path, name, "must be a standard resource for quota"))


def check_amount(name: str, amount: str, path: str, errors: list[FieldError]) -> None:
    """Not negative, and whole where the resource is counted."""
    value = milli(amount)
    if value < 0:
        errors.append(invalid(path, amount, NON_NEGATIVE))
    if (name in _COUNTED or is_extended(name)) and value % 1000 and abs(value) < _LARGEST:
        errors.append(invalid(path, amount, "must be an integer"))
