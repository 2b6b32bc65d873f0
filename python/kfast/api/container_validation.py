"""Validation of containers (upstream: core/validation.validateContainers)."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from kfast.api.field_errors import duplicate, forbidden, invalid, not_found, not_supported, required
from kfast.api.kind import FieldError
from kfast.api.name_checks import check, check_port, config_key, dns_label, env_var_name, port_name
from kfast.api.probe_validation import validate_lifecycle, validate_probes
from kfast.api.resource_validation import validate_resources

Spec = dict[str, Any]

_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_RESTART_POLICIES = ("Always", "Never", "OnFailure")
_NO_SIDECAR = "may not be set for init containers without restartPolicy=Always"
_ENV_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")


def _validate_ports(ports: list[Spec], path: str, errors: list[FieldError]) -> None:
    seen: set[str] = set()
    for index, port in enumerate(ports):
        name, at = port.get("name"), f"{path}[{index}]"
        if name:
            problems = port_name(name)
            errors.extend(invalid(f"{at}.name", name, problem) for problem in problems)
            if not problems:
                if name in seen:
                    errors.append(duplicate(f"{at}.name", name))
                seen.add(name)
        number = port.get("containerPort")
        if not number:
            errors.append(required(f"{at}.containerPort"))
        elif not 1 <= number <= 65535:
            check_port(number, f"{at}.containerPort", errors)
        if port.get("hostPort"):
            check_port(port["hostPort"], f"{at}.hostPort", errors)
        if port["protocol"] not in _PROTOCOLS:
            errors.append(not_supported(f"{at}.protocol", port["protocol"], _PROTOCOLS))


def validate_host_ports(containers: list[Spec], path: str, errors: list[FieldError]) -> None:
    """No two containers share a port of the host."""
    seen: set[str] = set()
    for i, container in enumerate(containers):
        for j, port in enumerate(container.get("ports") or ()):
            number = port.get("hostPort")
            if number:
                taken = f"{port['protocol']}/{port.get('hostIP', '')}/{number}"
                if taken in seen:
                    errors.append(duplicate(f"{path}[{i}].ports[{j}].hostPort", taken))
                seen.add(taken)


def _validate_env_source(entry: Spec, path: str, errors: list[FieldError]) -> None:
    source = entry["valueFrom"]
    given = [name for name in _ENV_SOURCES if source.get(name) is not None]
    for name in given:
        reference = source[name]
        if name in ("configMapKeyRef", "secretKeyRef"):
            if not reference.get("name"):
                errors.append(required(f"{path}.{name}.name"))
            if not reference.get("key"):
                errors.append(required(f"{path}.{name}.key"))
            else:
                check(config_key, reference["key"], f"{path}.{name}.key", errors)
        elif name == "fieldRef" and not reference.get("fieldPath"):
            errors.append(required(f"{path}.fieldRef.fieldPath"))
        elif name == "resourceFieldRef" and not reference.get("resource"):
            errors.append(required(f"{path}.resourceFieldRef.resource"))
    if not given:
        message = (
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        )
        errors.append(invalid(path, "", message))
    elif entry.get("value"):
        errors.append(invalid(path, "", "may not be specified when `value` is not empty"))
    elif len(given) > 1:
        errors.append(invalid(path, "", "may not have more than one field specified at a time"))


def _validate_env(container: Spec, path: str, errors: list[FieldError]) -> None:
    for index, entry in enumerate(container.get("env") or ()):
        name = entry.get("name")
        if not name:
            errors.append(required(f"{path}.env[{index}].name"))
        elif problems := env_var_name(name):
            errors.extend(invalid(f"{path}.env[{index}].name", name, problem) for problem in problems)
        if entry.get("valueFrom") is not None:
            _validate_env_source(entry, f"{path}.env[{index}].valueFrom", errors)
    for index, entry in enumerate(container.get("envFrom") or ()):
        given = [name for name in ("configMapRef", "secretRef") if entry.get(name) is not None]
        errors.extend(required(f"{path}.envFrom[{index}].{name}.name") for name in given if not entry[name].get("name"))
        if not given:
            errors.append(invalid(f"{path}.envFrom", "", "must specify one of: `configMapRef` or `secretRef`"))
        elif len(given) > 1:
            errors.append(invalid(f"{path}.envFrom", "", "may not have more than one field specified at a time"))


def _validate_relative(subpath: str, path: str, errors: list[FieldError]) -> None:
    if subpath.startswith("/"):
        errors.append(invalid(path, subpath, "must be a relative path"))
    if ".." in subpath.split("/"):
        errors.append(invalid(path, subpath, "must not contain '..'"))


def _validate_mounts(container: Spec, volumes: Container[str], path: str, errors: list[FieldError]) -> None:
    mounts: set[str] = set()
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        name, where = mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            errors.append(required(f"{path}.volumeMounts[{index}].name"))
        if name not in volumes:
            errors.append(not_found(f"{path}.volumeMounts[{index}].name", name))
        if not where:
            errors.append(required(f"{path}.volumeMounts[{index}].mountPath"))
        if where in mounts:
            errors.append(invalid(f"{path}.volumeMounts[{index}].mountPath", where, "must be unique"))
        mounts.add(where)
        if mount.get("subPath"):
            _validate_relative(mount["subPath"], f"{path}.volumeMounts.subPath", errors)
        if mount.get("subPathExpr"):
            if mount.get("subPath"):
                message = "subPathExpr and subPath are mutually exclusive"
                errors.append(invalid(f"{path}.volumeMounts[{index}].subPathExpr", mount["subPathExpr"], message))
            _validate_relative(mount["subPathExpr"], f"{path}.volumeMounts.subPathExpr", errors)
    for index, device in enumerate(container.get("volumeDevices") or ()):
        if device.get("name", "") not in volumes:
            errors.append(not_found(f"{path}.volumeDevices[{index}].name", device.get("name", "")))
        if not device.get("devicePath"):
            errors.append(required(f"{path}.volumeDevices[{index}].devicePath"))


def _validate_security(context: Spec, path: str, errors: list[FieldError]) -> None:
    if context.get("allowPrivilegeEscalation") is False:
        if context.get("privileged"):
            message = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
            errors.append(invalid(path, context, message))
        if "SYS_ADMIN" in ((context.get("capabilities") or {}).get("add") or ()):
            message = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
            errors.append(invalid(path, context, message))
    for field in ("runAsUser", "runAsGroup"):
        number = context.get(field)
        if number is not None and not 0 <= number < 2**31:
            errors.append(invalid(f"{path}.{field}", number, "must be between 0 and 2147483647, inclusive"))


def _validate_common(container: Spec, volumes: Container[str], path: str, errors: list[FieldError]) -> None:
    name = container.get("name")
    if not name:
        errors.append(required(f"{path}.name"))
    else:
        check(dns_label, name, f"{path}.name", errors)
    if not container.get("image"):
        errors.append(required(f"{path}.image"))
    if container["terminationMessagePolicy"] not in _MESSAGE_POLICIES:
        policy = container["terminationMessagePolicy"]
        errors.append(not_supported(f"{path}.terminationMessagePolicy", policy, _MESSAGE_POLICIES))
    if container.get("ports"):
        _validate_ports(container["ports"], f"{path}.ports", errors)
    if container.get("env") or container.get("envFrom"):
        _validate_env(container, path, errors)
    if container.get("volumeMounts") or container.get("volumeDevices"):
        _validate_mounts(container, volumes, path, errors)
    if container["imagePullPolicy"] not in _PULL_POLICIES:
        errors.append(not_supported(f"{path}.imagePullPolicy", container["imagePullPolicy"], _PULL_POLICIES))
    if container["resources"]:
        validate_resources(container["resources"], f"{path}.resources", errors)
    if container.get("securityContext"):
        _validate_security(container["securityContext"], f"{path}.securityContext", errors)
    policy = container.get("restartPolicy")
    if policy is not None and policy not in _RESTART_POLICIES:
        errors.append(not_supported(f"{path}.restartPolicy", policy, _RESTART_POLICIES))
    elif policy is None and container.get("restartPolicyRules"):
        message = "must specify restartPolicy when restart rules are used"
        errors.append(required(f"{path}.restartPolicy", message))


def validate_containers(
    containers: list[Spec], volumes: Container[str], path: str, errors: list[FieldError]
) -> set[str]:
    """All rules of the regular containers; their names."""
    seen: set[str] = set()
    if not containers:
        errors.append(required(path))
    for index, container in enumerate(containers):
        at = f"{path}[{index}]"
        _validate_common(container, volumes, at, errors)
        name = container.get("name", "")
        if name in seen:
            errors.append(duplicate(f"{at}.name", name))
        seen.add(name)
        validate_probes(container, at, errors)
        validate_lifecycle(container.get("lifecycle"), at, errors)
    validate_host_ports(containers, path, errors)
    return seen


def validate_init_containers(
    containers: list[Spec], volumes: Container[str], seen: set[str], path: str, errors: list[FieldError]
) -> None:
    """All rules of the init containers, whose names differ from the regular ones' too."""
    for index, container in enumerate(containers):
        at = f"{path}[{index}]"
        _validate_common(container, volumes, at, errors)
        name = container.get("name", "")
        if name in seen:
            errors.append(duplicate(f"{at}.name", name))
        seen.add(name)
        if container.get("restartPolicy") == "Always":
            validate_probes(container, at, errors)
            validate_lifecycle(container.get("lifecycle"), at, errors)
        else:
            for field in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
                if container.get(field) is not None:
                    errors.append(forbidden(f"{at}.{field}", _NO_SIDECAR))
