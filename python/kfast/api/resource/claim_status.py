"""Statuses of claims: what allocation and drivers may write (upstream: validateResourceClaimStatusUpdate)."""

from __future__ import annotations

import re
from functools import partial

from kfast.api.addresses import validate_interface_address
from kfast.api.conditions_validation import validate_conditions
from kfast.api.core.volume_sources import check_driver
from kfast.api.field_errors import IMMUTABLE, forbidden, invalid, not_supported, required, too_long, too_many
from kfast.api.internal_form import Struct, internal
from kfast.api.kind import Body, FieldError
from kfast.api.pod_template import node_selector_errors
from kfast.api.resource.device_requests import RequestNames, default_toleration
from kfast.api.resource.device_validation import (
    MAX_CONFIG,
    check_binding_conditions,
    check_configuration,
    check_items,
    check_label_name,
    check_pool_name,
    check_raw,
    text_itself,
)

_MAX_RESULTS = 32
_MAX_RESERVED_FOR = 256
_MAX_CONDITIONS = 8
_MAX_ADDRESSES = 16
_MAX_INTERFACE_NAME, _MAX_HARDWARE_ADDRESS = 256, 128
_SOURCES = ("FromClaim", "FromClass")
_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_DEVICE = ("driver", "pool", "device", "shareID")


def default_status(claim: Body) -> None:
    """Tolerations of allocated devices have an operator."""
    for result in _results(claim):
        for toleration in result.get("tolerations") or ():
            default_toleration(toleration)


def prepare_status(new: Body, old: Body, _now: float) -> None:
    """What drivers said of devices goes when these are no longer allocated."""
    status = new.get("status") or {}
    if status.get("devices"):
        allocated, gone = _allocated(new), _allocated(old)
        status["devices"] = [d for d in status["devices"] if identity(d) in allocated or identity(d) not in gone]
        if not status["devices"]:
            del status["devices"]


def status_errors(new: Body, old: Body) -> list[FieldError]:
    """All rules of a status."""
    errors: list[FieldError] = []
    status, before = new.get("status") or {}, old.get("status") or {}
    reserved, allocation = status.get("reservedFor") or [], status.get("allocation")
    check_items(reserved, _MAX_RESERVED_FOR, _check_consumer, "status.reservedFor", errors, _uid)
    device_rule = partial(_check_device, _allocated(new))
    check_items(status.get("devices"), -1, device_rule, "status.devices", errors, identity, _shown)
    if reserved and allocation is None:
        errors.append(forbidden("status.reservedFor", "may not be specified when `allocated` is not set"))
    elif new["metadata"].get("deletionTimestamp") and any(r not in (before.get("reservedFor") or []) for r in reserved):
        detail = "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set"
        errors.append(forbidden("status.reservedFor", detail))
    if allocation is not None:
        if before.get("allocation") is None:
            _check_allocation(allocation, RequestNames(new["spec"]), "status.allocation", errors)
        elif allocation != before["allocation"]:
            errors.append(invalid("status.allocation", internal("resource.AllocationResult", allocation), IMMUTABLE))
    return errors


def _results(claim: Body) -> list[Body]:
    allocation = (claim.get("status") or {}).get("allocation") or {}
    return (allocation.get("devices") or {}).get("results") or []


def identity(device: Body) -> tuple[str, ...]:
    """What tells one allocated device, or share of it, from another."""
    return tuple(device.get(field) or "" for field in _DEVICE)


def _shown(identity: tuple[str, ...]) -> Struct:
    return Struct(zip(("Driver", "Pool", "Device", "ShareID"), identity, strict=True))


def _allocated(claim: Body) -> set[tuple[str, ...]]:
    return {identity(result) for result in _results(claim)}


def _uid(consumer: Body) -> str:
    return consumer.get("uid") or ""


def _check_consumer(consumer: Body, path: str, errors: list[FieldError]) -> None:
    errors += [required(f"{path}.{field}") for field in ("resource", "name", "uid") if not consumer.get(field)]


def _check_share(device: Body, path: str, errors: list[FieldError]) -> None:
    share = device.get("shareID")
    if share is None or _UID.fullmatch(share):
        return
    if re.fullmatch(_UID.pattern, share.lower()):
        detail = (
            "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` "
            "with lowercase hexadecimal characters"
        )
    elif len(share) in (32, 36, 38, 45):
        detail = "error validating uid: invalid UUID format"
    else:
        detail = f"error validating uid: invalid UUID length: {len(share)}"
    errors.append(invalid(f"{path}.shareID", share, detail))


def _check_place(device: Body, path: str, errors: list[FieldError]) -> None:
    check_driver(device.get("driver") or "", f"{path}.driver", errors)
    check_pool_name(device.get("pool") or "", f"{path}.pool", errors)
    check_label_name(device.get("device") or "", f"{path}.device", errors)


def _check_device(allocated: set[tuple[str, ...]], device: Body, path: str, errors: list[FieldError]) -> None:
    _check_place(device, path, errors)
    _check_share(device, path, errors)
    if identity(device) not in allocated:
        errors.append(invalid(path, _shown(identity(device)), "must be an allocated device in the claim"))
    conditions = device.get("conditions") or []
    if len(conditions) > _MAX_CONDITIONS:
        errors.append(too_many(f"{path}.conditions", len(conditions), _MAX_CONDITIONS))
    validate_conditions(conditions, f"{path}.conditions", errors)
    if device.get("data") is not None:
        check_raw(device["data"], f"{path}.data", errors)
    _check_network(device.get("networkData") or {}, f"{path}.networkData", errors)


def _check_network(network: Body, path: str, errors: list[FieldError]) -> None:
    for field, limit in (("interfaceName", _MAX_INTERFACE_NAME), ("hardwareAddress", _MAX_HARDWARE_ADDRESS)):
        if len((network.get(field) or "").encode()) > limit:
            errors.append(too_long(f"{path}.{field}", limit))
    check_items(network.get("ips"), _MAX_ADDRESSES, validate_interface_address, f"{path}.ips", errors, text_itself)


def _check_allocation(allocation: Body, names: RequestNames, path: str, errors: list[FieldError]) -> None:
    devices = allocation.get("devices") or {}
    result_rule, config_rule = partial(_check_result, names), partial(_check_config, names)
    check_items(devices.get("results"), _MAX_RESULTS, result_rule, f"{path}.devices.results", errors)
    check_items(devices.get("config"), 2 * MAX_CONFIG, config_rule, f"{path}.devices.config", errors)
    if allocation.get("nodeSelector") is not None:
        errors += node_selector_errors(allocation["nodeSelector"], f"{path}.nodeSelector")


def _check_result(names: RequestNames, result: Body, path: str, errors: list[FieldError]) -> None:
    names.check(result.get("request") or "", f"{path}.request", errors)
    _check_place(result, path, errors)
    check_binding_conditions(result, path, errors)
    _check_share(result, path, errors)


def _check_config(names: RequestNames, config: Body, path: str, errors: list[FieldError]) -> None:
    source = config.get("source") or ""
    if not source:
        errors.append(required(f"{path}.source"))
    elif source not in _SOURCES:
        errors.append(not_supported(f"{path}.source", source, _SOURCES))
    names.check_all(config, path, errors)
    check_configuration(config, path, errors)
