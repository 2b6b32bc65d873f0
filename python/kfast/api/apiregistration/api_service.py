"""APIService: who answers for a group and version."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, UNKNOWN, lookup
from kfast.api.field_errors import invalid, not_supported, required
from kfast.api.kind import Body, Cell, Column, FieldError, Kind, Subresource
from kfast.meta.names import dns_label_1035, dns_subdomain, path_segment, port_number

_MOST_GROUP, _MOST_VERSION = 20_000, 1000
_DEFAULT_PORT = 443
_STATES = ("True", "False", "Unknown")
LOCAL = {"reason": "Local", "message": "Local APIServices are always available"}


def available(service: Body) -> Body:
    """The condition Available, empty if there is none."""
    conditions: list[Body] = (service.get("status") or {}).get("conditions") or []
    return next((c for c in conditions if c.get("type") == "Available"), {})


def _defaults(service: Body) -> None:
    reference = (service.get("spec") or {}).get("service")
    if reference is not None and reference.get("port") is None:
        reference["port"] = _DEFAULT_PORT


def _prepare_create(service: Body) -> None:
    service["status"] = {}
    if (service.get("spec") or {}).get("service") is None:
        since = service["metadata"].get("creationTimestamp")
        condition = {"type": "Available", "status": "True", "lastTransitionTime": since, **LOCAL}
        service["status"]["conditions"] = [condition]


def _validate(service: Body) -> list[FieldError]:
    spec = service.get("spec") or {}
    group, version = spec.get("group") or "", spec.get("version") or ""
    errors: list[FieldError] = []
    why = f'must be `spec.version+"."+spec.group`: "{version}.{group}"'
    for field in ("generateName", "name"):
        name = service["metadata"].get(field) or ""
        if name and name != f"{version}.{group}" and not path_segment(name):
            errors.append(invalid(f"metadata.{field}", name, why))
    if not group and version != "v1":
        errors.append(required("spec.group", "only v1 may have an empty group and it better be legacy kube"))
    if group:
        errors += [invalid("spec.group", group, why) for why in dns_subdomain(group)]
    errors += [invalid("spec.version", version, why) for why in dns_label_1035(version)]
    for field, most in (("groupPriorityMinimum", _MOST_GROUP), ("versionPriority", _MOST_VERSION)):
        value = spec.get(field) or 0
        if not 0 < value <= most:
            errors.append(invalid(f"spec.{field}", value, f"must be positive and less than {most}"))
    return errors + _validate_service(spec)


def _validate_service(spec: Body) -> list[FieldError]:
    bundle, insecure = spec.get("caBundle") or "", bool(spec.get("insecureSkipTLSVerify"))
    reference = spec.get("service")
    errors = []
    if reference is None:
        if bundle:
            size = len(bundle) * 3 // 4 - bundle.count("=")
            errors.append(invalid("spec.caBundle", f"{size} bytes", "local APIServices may not have a caBundle"))
        if insecure:
            why = "local APIServices may not have insecureSkipTLSVerify"
            errors.append(invalid("spec.insecureSkipTLSVerify", True, why))
        return errors
    errors += [required(f"spec.service.{field}") for field in ("namespace", "name") if not reference.get(field)]
    port = reference.get("port") or 0
    if problems := port_number(port):
        errors.append(invalid("spec.service.port", port, "port is not valid: " + ", ".join(problems)))
    if insecure and bundle:
        errors.append(invalid("spec.insecureSkipTLSVerify", True, "may not be true if caBundle is present"))
    return errors


def _validate_status(new: Body, _: Body) -> list[FieldError]:
    conditions = (new.get("status") or {}).get("conditions") or ()
    return [
        not_supported(f"status.conditions[{at}].status", condition.get("status") or "", _STATES)
        for at, condition in enumerate(conditions)
        if condition.get("status") not in _STATES
    ]


def _service(service: Body, _: float) -> Cell:
    reference = lookup(service, "spec.service")
    return f"{reference.get('namespace')}/{reference.get('name')}" if reference else "Local"


def _available(service: Body, _: float) -> Cell:
    condition = available(service)
    status = condition.get("status") or UNKNOWN.strip("<>").capitalize()
    return f"{status} ({condition['reason']})" if status != "True" and condition.get("reason") else status


KIND = Kind(
    group="apiregistration.k8s.io",
    version="v1",
    kind="APIService",
    plural="apiservices",
    namespaced=False,
    categories=("api-extensions",),
    subresources=(Subresource("status", metadata=(), validate=_validate_status),),
    columns=(
        NAME,
        Column("Service", _service, description="The reference to the service that hosts this API endpoint."),
        Column("Available", _available, description="Whether this service is available."),
        AGE,
    ),
    has_generation=False,
    unconditional_update=False,
    name_rule="generic",
    defaults=_defaults,
    prepare_create=_prepare_create,
    validate=_validate,
)
