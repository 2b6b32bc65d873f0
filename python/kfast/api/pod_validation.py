"""Validation of pod specs (upstream: core/validation.ValidatePodSpec)."""

from __future__ import annotations

from typing import Any

from kfast.api.affinity_validation import validate_affinity, validate_spread_constraints
from kfast.api.container_validation import validate_containers, validate_init_containers
from kfast.api.field_errors import duplicate, forbidden, invalid, not_supported, required
from kfast.api.kind import FieldError
from kfast.api.name_checks import check, check_labels, dns_label, dns_subdomain, label_value, qualified_name
from kfast.api.volume_validation import validate_volumes
from kfast.meta.validation import validate_annotations

Spec = dict[str, Any]

_RESTART_POLICIES = ("Always", "OnFailure", "Never")
_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_ANY_KEY = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
_MAX_INT32 = 2**31 - 1


def validate_pod_metadata(metadata: Spec, path: str, errors: list[FieldError]) -> None:
    """Labels and annotations of a pod template; those of objects are checked with their metadata."""
    check_labels(metadata.get("labels"), f"{path}.labels", errors)
    annotations = metadata.get("annotations")
    if annotations:
        errors.extend(FieldError(*found) for found in validate_annotations(annotations, f"{path}.annotations"))


def validate_tolerations(tolerations: list[Spec], path: str, errors: list[FieldError]) -> None:
    """All rules of tolerations."""
    for index, toleration in enumerate(tolerations):
        key, operator = toleration.get("key"), toleration.get("operator") or ""
        value, effect = toleration.get("value") or "", toleration.get("effect") or ""
        at = f"{path}[{index}]"
        if key:
            check(qualified_name, key, f"{at}.key", errors)
        elif operator != "Exists":
            errors.append(invalid(f"{at}.operator", operator, _ANY_KEY))
        if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
            message = "effect must be 'NoExecute' when `tolerationSeconds` is set"
            errors.append(invalid(f"{at}.effect", effect, message))
        if operator == "Exists":
            if value:
                message = "value must be empty when `operator` is 'Exists'"
                errors.append(invalid(f"{at}.operator", value, message))
        elif operator in ("", "Equal"):
            problems = label_value(value)
            if problems:
                errors.append(invalid(f"{at}.operator", value, ";".join(problems)))
        else:
            errors.append(not_supported(f"{at}.operator", operator, ("Equal", "Exists", "Lt", "Gt")))
        if effect and effect not in _EFFECTS:
            errors.append(not_supported(f"{at}.effect", effect, _EFFECTS))


def _validate_names(spec: Spec, path: str, errors: list[FieldError]) -> None:
    for field, rule in (
        ("serviceAccountName", dns_subdomain),
        ("nodeName", dns_subdomain),
        ("priorityClassName", dns_subdomain),
        ("runtimeClassName", dns_subdomain),
        ("hostname", dns_label),
        ("subdomain", dns_label),
    ):
        name = spec.get(field)
        if name and (problems := rule(name)):
            errors.extend(invalid(f"{path}.{field}", name, problem) for problem in problems)


def _validate_host_network(spec: Spec, path: str, errors: list[FieldError]) -> None:
    for i, container in enumerate(spec.get("containers") or ()):
        for j, port in enumerate(container.get("ports") or ()):
            host = port.get("hostPort") or 0
            if host and host != port.get("containerPort"):
                message = "must match `containerPort` when `hostNetwork` is true"
                errors.append(invalid(f"{path}.containers[{i}].ports[{j}].hostPort", host, message))


def _validate_gates(gates: list[Spec], path: str, errors: list[FieldError]) -> None:
    seen: set[str] = set()
    for index, gate in enumerate(gates):
        name = gate.get("name", "")
        check(qualified_name, name, f"{path}[{index}]", errors)
        if name in seen:
            errors.append(duplicate(f"{path}[{index}]", name))
        seen.add(name)


def _validate_dns(spec: Spec, path: str, errors: list[FieldError]) -> None:
    policy, config = spec["dnsPolicy"], spec.get("dnsConfig")
    if policy not in _DNS_POLICIES:
        errors.append(not_supported(f"{path}.dnsPolicy", policy, _DNS_POLICIES))
    if policy == "None" and not (config or {}).get("nameservers"):
        message = f"must provide at least one DNS nameserver when `dnsPolicy` is {policy}"
        errors.append(required(f"{path}.dnsConfig" if config is None else f"{path}.dnsConfig.nameservers", message))
    if config and len(config.get("nameservers") or ()) > 3:
        message = "must not have more than 3 nameservers"
        errors.append(invalid(f"{path}.dnsConfig.nameservers", config["nameservers"], message))


def _validate_ephemeral(spec: Spec, names: set[str], path: str, errors: list[FieldError]) -> None:
    for index, container in enumerate(spec["ephemeralContainers"]):
        at, name = f"{path}.ephemeralContainers[{index}]", container.get("name", "")
        if not name:
            errors.append(required(f"{at}.name"))
        elif name in names:
            errors.append(duplicate(f"{at}.name", name))
        names.add(name)
        if not container.get("image"):
            errors.append(required(f"{at}.image"))
        for field in ("ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "resources"):
            if container.get(field):
                errors.append(forbidden(f"{at}.{field}", "cannot be set for an Ephemeral Container"))


def validate_pod_spec(spec: Spec, path: str, errors: list[FieldError]) -> None:
    """All rules of a pod spec, defaults filled in."""
    volumes = validate_volumes(spec.get("volumes") or [], f"{path}.volumes", errors)
    names = validate_containers(spec.get("containers") or [], volumes, f"{path}.containers", errors)
    if spec.get("initContainers"):
        validate_init_containers(spec["initContainers"], volumes, names, f"{path}.initContainers", errors)
    if spec.get("ephemeralContainers"):
        _validate_ephemeral(spec, names, path, errors)
    if spec.get("hostNetwork"):
        _validate_host_network(spec, path, errors)
    if spec["restartPolicy"] not in _RESTART_POLICIES:
        errors.append(not_supported(f"{path}.restartPolicy", spec["restartPolicy"], _RESTART_POLICIES))
    _validate_dns(spec, path, errors)
    if spec.get("nodeSelector"):
        check_labels(spec["nodeSelector"], f"{path}.nodeSelector", errors)
    if spec.get("affinity"):
        validate_affinity(spec["affinity"], f"{path}.affinity", errors)
    if spec.get("topologySpreadConstraints"):
        constraints = spec["topologySpreadConstraints"]
        validate_spread_constraints(constraints, f"{path}.topologySpreadConstraints", errors)
    if spec.get("schedulingGates"):
        _validate_gates(spec["schedulingGates"], f"{path}.schedulingGates", errors)
        if spec.get("nodeName"):
            message = "cannot be set until all schedulingGates have been cleared"
            errors.append(forbidden(f"{path}.nodeName", message))
    _validate_names(spec, path, errors)
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= _MAX_INT32:
        message = f"must be between 1 and {_MAX_INT32}, inclusive"
        errors.append(invalid(f"{path}.activeDeadlineSeconds", deadline, message))
    if spec.get("tolerations"):
        validate_tolerations(spec["tolerations"], f"{path}.tolerations", errors)
