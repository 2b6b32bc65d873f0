"""What RoleBinding and ClusterRoleBinding have in common."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, CellValue, lookup
from kfast.api.field_errors import invalid, not_supported, required
from kfast.api.internal_form import internal
from kfast.api.kind import Body, Cell, Column, FieldError
from kfast.api.name_checks import check, dns_subdomain
from kfast.api.references import check_segments

GROUP = "rbac.authorization.k8s.io"
_SUBJECTS = ("ServiceAccount", "User", "Group")


def default_binding(binding: Body) -> None:
    """The API groups of the role and the subjects."""
    role = binding.setdefault("roleRef", {})
    if not role.get("apiGroup"):
        role["apiGroup"] = GROUP
    for subject in binding.get("subjects") or ():
        if not subject.get("apiGroup") and subject.get("kind") in ("User", "Group"):
            subject["apiGroup"] = GROUP


def validate_binding(binding: Body, kinds: tuple[str, ...], namespaced: bool) -> list[FieldError]:
    """The role is one of the kinds, and subjects are complete (upstream: rbac/validation)."""
    errors: list[FieldError] = []
    role = binding["roleRef"]
    if role["apiGroup"] != GROUP:
        errors.append(not_supported("roleRef.apiGroup", role["apiGroup"], (GROUP,)))
    if role.get("kind") not in kinds:
        errors.append(not_supported("roleRef.kind", role.get("kind", ""), kinds))
    check_segments(role, ("name",), "roleRef", errors)
    for index, subject in enumerate(binding.get("subjects") or ()):
        path, kind, group = f"subjects[{index}]", subject.get("kind", ""), subject.get("apiGroup") or ""
        if not subject.get("name"):
            errors.append(required(f"{path}.name"))
        if kind not in _SUBJECTS:
            errors.append(not_supported(f"{path}.kind", kind, _SUBJECTS))
            continue
        if kind == "ServiceAccount" and subject.get("name"):
            check(dns_subdomain, subject["name"], f"{path}.name", errors)
        expected = "" if kind == "ServiceAccount" else GROUP
        if group != expected:
            errors.append(not_supported(f"{path}.apiGroup", group, (expected,)))
        if kind == "ServiceAccount" and not namespaced and not subject.get("namespace"):
            errors.append(required(f"{path}.namespace"))
    return errors


def validate_binding_update(new: Body, old: Body) -> list[FieldError]:
    """The role of a binding is fixed."""
    if new["roleRef"] != old["roleRef"]:
        return [invalid("roleRef", internal("rbac.RoleRef", new["roleRef"]), "cannot change roleRef")]
    return []


def _role(binding: Body, _: float) -> Cell:
    return f"{lookup(binding, 'roleRef.kind') or ''}/{lookup(binding, 'roleRef.name') or ''}"


def _subjects(kind: str) -> CellValue:
    def value(binding: Body, _: float) -> str:
        return ", ".join(
            f"{subject.get('namespace', '')}/{subject.get('name', '')}"
            if kind == "ServiceAccount"
            else subject.get("name", "")
            for subject in binding.get("subjects") or ()
            if subject.get("kind") == kind
        )

    return value


COLUMNS = (
    NAME,
    Column("Role", _role),
    AGE,
    Column("Users", _subjects("User"), priority=1),
    Column("Groups", _subjects("Group"), priority=1),
    Column("ServiceAccounts", _subjects("ServiceAccount"), priority=1),
)
