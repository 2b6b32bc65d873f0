"""Validation of ResourceSlices (upstream: validateResourceSliceSpec)."""

from __future__ import annotations

from functools import partial

from kfast.api.columns import lookup
from kfast.api.core.volume_sources import check_driver
from kfast.api.field_errors import IMMUTABLE, invalid, not_supported, required, too_many
from kfast.api.internal_form import internal
from kfast.api.kind import Body, FieldError
from kfast.api.name_checks import check, dns_label, dns_subdomain, label_value, qualified_name
from kfast.api.pod_template import node_selector_errors
from kfast.api.resource.device_attributes import check_attribute
from kfast.api.resource.device_capacity import check_capacity
from kfast.api.resource.device_requests import name
from kfast.api.resource.device_validation import (
    TAINT_EFFECTS,
    check_binding_conditions,
    check_items,
    check_label_name,
    check_pool_name,
    check_qualified_name,
)

_MAX_DEVICES, _MAX_ADVANCED_DEVICES = 128, 64
_MAX_TAINTS = 16
_MAX_COUNTER_SETS, _MAX_COUNTERS, _MAX_CONSUMED_SETS = 8, 32, 2
_MAX_ENTRIES, _MAX_VALUES = 32, 48
_MAX_KEY = 63 + 1 + 32
_IMMUTABLE = ("pool.name", "driver", "nodeName")
_ONE_PLACE = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"
_ONE_DEVICE_PLACE = (
    "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true "
    "in the ResourceSlice spec"
)
_NO_DEVICE_PLACE = (
    "null: `nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true "
    "in the ResourceSlice spec"
)


def validate_slice(resource_slice: Body) -> list[FieldError]:
    """All rules of a ResourceSlice."""
    return _validate(resource_slice["spec"], None)


def validate_slice_update(new: Body, old: Body) -> list[FieldError]:
    """All rules; pool, driver and node stay, and taints that are as before are not checked again."""
    return _validate(new["spec"], old["spec"])


def _validate(spec: Body, old: Body | None) -> list[FieldError]:
    errors: list[FieldError] = []
    check_driver(spec.get("driver") or "", "spec.driver", errors)
    _check_pool(spec.get("pool") or {}, "spec.pool", errors)
    for path in _IMMUTABLE if old is not None else ():
        if lookup(spec, path) != lookup(old or {}, path):
            errors.append(invalid(f"spec.{path}", lookup(spec, path), IMMUTABLE))
    _check_nodes(spec, errors)
    devices = spec.get("devices")
    if devices is not None and spec.get("sharedCounters") is not None:
        errors.append(invalid("spec", "", "only one of `sharedCounters` or `devices` is allowed"))
    limit = _MAX_ADVANCED_DEVICES if any(_is_advanced(device) for device in devices or ()) else _MAX_DEVICES
    check_items(devices, limit, partial(_check_device, spec, old or {}), "spec.devices", errors, name)
    counters = spec.get("sharedCounters")
    check_items(counters, _MAX_COUNTER_SETS, _check_counter_set, "spec.sharedCounters", errors, name)
    return errors


def _is_advanced(device: Body) -> bool:
    return bool(device.get("taints") or device.get("consumesCounters"))


def _check_pool(pool: Body, path: str, errors: list[FieldError]) -> None:
    check_pool_name(name(pool), f"{path}.name", errors)
    count, generation = pool.get("resourceSliceCount") or 0, pool.get("generation") or 0
    if count <= 0:
        errors.append(invalid(f"{path}.resourceSliceCount", count, "must be greater than zero"))
    if generation < 0:
        errors.append(invalid(f"{path}.generation", generation, "must be greater than or equal to zero"))


def _check_place(body: Body, path: str, empty: str, flags: tuple[str, ...], errors: list[FieldError]) -> list[str]:
    """The rules of what says on which nodes devices are, and which of the fields say so."""
    stated = []
    node, selector = body.get("nodeName"), body.get("nodeSelector")
    if node:
        stated.append("`nodeName`")
        check(dns_subdomain, node, f"{path}.nodeName", errors)
    elif node is not None:
        errors.append(invalid(f"{path}.nodeName", node, empty))
    if selector is not None:
        stated.append("`nodeSelector`")
        errors += node_selector_errors(selector, f"{path}.nodeSelector")
        terms = selector.get("nodeSelectorTerms")
        if len(flags) > 1 and len(terms or ()) != 1:
            shown = None if terms is None else internal("[]core.NodeSelectorTerm", terms)
            detail = "must have exactly one node selector term"
            errors.append(invalid(f"{path}.nodeSelector.nodeSelectorTerms", shown, detail))
    for flag in flags:
        if body.get(flag):
            stated.append(f"`{flag}`")
        elif body.get(flag) is not None:
            errors.append(invalid(f"{path}.{flag}", False, "must be either unset or set to true"))
    return stated


def _check_nodes(spec: Body, errors: list[FieldError]) -> None:
    empty = "must be either unset or set to a non-empty string"
    stated = _check_place(spec, "spec", empty, ("allNodes", "perDeviceNodeSelection"), errors)
    if not stated:
        errors.append(required("spec", _ONE_PLACE))
    elif len(stated) > 1:
        errors.append(invalid("spec", f"{{{', '.join(stated)}}}", f"{_ONE_PLACE}, but multiple fields are set"))


def _check_counters(counters: Body | None, path: str, errors: list[FieldError]) -> None:
    if not counters:
        errors.append(required(path))
    elif len(counters) > _MAX_COUNTERS:
        errors.append(too_many(path, len(counters), _MAX_COUNTERS))
    for counter in counters or () if len(counters or ()) <= _MAX_COUNTERS else ():
        check(dns_label, counter, path, errors)


def _check_set_name(text: str, path: str, errors: list[FieldError]) -> None:
    if text:
        check_label_name(text, path, errors)
    else:
        errors.append(required(path))


def _check_counter_set(counters: Body, path: str, errors: list[FieldError]) -> None:
    _check_set_name(name(counters), f"{path}.name", errors)
    _check_counters(counters.get("counters"), f"{path}.counters", errors)


def _consumed_set(consumption: Body) -> str:
    return consumption.get("counterSet") or ""


def _check_consumption(consumption: Body, path: str, errors: list[FieldError]) -> None:
    _check_set_name(_consumed_set(consumption), f"{path}.counterSet", errors)
    _check_counters(consumption.get("counters"), f"{path}.counters", errors)


def _check_device(spec: Body, old: Body, device: Body, path: str, errors: list[FieldError]) -> None:
    check_label_name(name(device), f"{path}.name", errors)
    attributes, capacity = device.get("attributes") or {}, device.get("capacity") or {}
    if (count := len(attributes) + len(capacity)) > _MAX_ENTRIES:
        detail = f"the total number of attributes and capacities must not exceed {_MAX_ENTRIES}"
        errors.append(invalid(path, count, detail))
    if (count := len(attributes)) > _MAX_VALUES:
        errors.append(invalid(path, count, f"the total number of attribute values must not exceed {_MAX_VALUES}"))
    for key, attribute in attributes.items():
        check_qualified_name(key, f"{path}.attributes", errors)
        check_attribute(attribute, f"{path}.attributes[{_short(key)}]", errors)
    for key, amount in capacity.items():
        check_qualified_name(key, f"{path}.capacity", errors)
        shared = bool(device.get("allowMultipleAllocations"))
        check_capacity(amount, shared, f"{path}.capacity[{_short(key)}]", errors)
    before = next((other for other in old.get("devices") or () if name(other) == name(device)), None)
    if before is None or before.get("taints") != device.get("taints"):
        check_items(device.get("taints"), _MAX_TAINTS, _check_taint, f"{path}.taints", errors)
    consumed, at = device.get("consumesCounters"), f"{path}.consumesCounters"
    check_items(consumed, _MAX_CONSUMED_SETS, _check_consumption, at, errors, _consumed_set)
    _check_device_nodes(spec, device, path, errors)
    check_binding_conditions(device, path, errors)


def _check_device_nodes(spec: Body, device: Body, path: str, errors: list[FieldError]) -> None:
    if not spec.get("perDeviceNodeSelection"):
        if any(device.get(field) is not None for field in ("nodeName", "nodeSelector", "allNodes")):
            errors.append(FieldError(path, "FieldValueInvalid", f"Invalid value: {_NO_DEVICE_PLACE}"))
        return
    stated = _check_place(device, path, "must not be empty", ("allNodes",), errors)
    if not stated:
        errors.append(required(path, _ONE_DEVICE_PLACE))
    elif len(stated) > 1:
        errors.append(invalid(path, f"{{{', '.join(stated)}}}", _ONE_DEVICE_PLACE))


def _check_taint(taint: Body, path: str, errors: list[FieldError]) -> None:
    check(qualified_name, taint.get("key") or "", f"{path}.key", errors)
    if taint.get("value"):
        check(label_value, taint["value"], f"{path}.value", errors)
    effect = taint.get("effect") or ""
    if not effect:
        errors.append(required(f"{path}.effect"))
    elif effect not in TAINT_EFFECTS:
        errors.append(not_supported(f"{path}.effect", effect, TAINT_EFFECTS))


def _short(key: str) -> str:
    """A key as paths have it: a long one without its middle."""
    left = _MAX_KEY - len("...")
    return key if len(key) <= _MAX_KEY else f"{key[: (left + 1) // 2]}...{key[-(left // 2) :]}"
