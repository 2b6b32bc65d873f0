"""Validation of NetworkPolicies (upstream: networking/validation.ValidateNetworkPolicySpec)."""

from __future__ import annotations

from collections.abc import Container, Iterator
from ipaddress import ip_network

from kfast.api.addresses import cidr_warnings, parse_cidr, validate_cidr
from kfast.api.field_errors import forbidden, invalid, not_supported, required
from kfast.api.kind import Body, FieldError
from kfast.api.label_selectors import validate_selector
from kfast.api.name_checks import check, port_name
from kfast.meta.names import port_number

PEERS = (("ingress", "from"), ("egress", "to"))
_PROTOCOLS = ("TCP", "UDP", "SCTP")
_TYPES = ("Ingress", "Egress")


def _check_number(number: int, path: str, errors: list[FieldError]) -> None:
    errors += [invalid(path, number, problem) for problem in port_number(number)]


def _validate_port(port: Body, path: str, errors: list[FieldError]) -> None:
    protocol, number, end = port.get("protocol"), port.get("port"), port.get("endPort")
    if protocol is not None and protocol not in _PROTOCOLS:
        errors.append(not_supported(f"{path}.protocol", protocol, _PROTOCOLS))
    if number is None:
        if end is not None:
            errors.append(invalid(f"{path}.endPort", end, "may not be specified when `port` is not specified"))
    elif isinstance(number, str):
        if end is not None:
            errors.append(invalid(f"{path}.endPort", end, "may not be specified when `port` is non-numeric"))
        check(port_name, number, f"{path}.port", errors)
    else:
        _check_number(number, f"{path}.port", errors)
        if end is not None:
            if end < number:
                errors.append(invalid(f"{path}.endPort", number, "must be greater than or equal to `port`"))
            _check_number(end, f"{path}.endPort", errors)


def _validate_block(block: Body, path: str, known: Container[str], errors: list[FieldError]) -> None:
    cidr = block.get("cidr") or ""
    if not cidr:
        errors.append(required(f"{path}.cidr"))
        return
    validate_cidr(cidr, f"{path}.cidr", errors, known)
    whole = parse_cidr(cidr)
    if whole is None:
        return
    network = ip_network(f"{whole[0]}/{whole[1]}", strict=False)
    for index, text in enumerate(block.get("except") or ()):
        where = f"{path}.except[{index}]"
        validate_cidr(text, where, errors, known)
        part = parse_cidr(text)
        if part is not None:
            inside = part[0] in network and part[1] > whole[1]
            if not inside:
                errors.append(invalid(where, text, "must be a strict subset of `cidr`"))


def _validate_peer(peer: Body, path: str, known: Container[str], errors: list[FieldError]) -> None:
    selectors = [name for name in ("podSelector", "namespaceSelector") if peer.get(name) is not None]
    for name in selectors:
        validate_selector(peer[name], f"{path}.{name}", errors)
    block = peer.get("ipBlock")
    if block is not None:
        _validate_block(block, f"{path}.ipBlock", known, errors)
        if selectors:
            errors.append(forbidden(path, "may not specify both ipBlock and another peer"))
    elif not selectors:
        errors.append(required(path, "must specify a peer"))


def _validate(policy: Body, known: Container[str]) -> list[FieldError]:
    errors: list[FieldError] = []
    spec = policy["spec"]
    validate_selector(spec["podSelector"], "spec.podSelector", errors)
    for direction, field in PEERS:
        for i, rule in enumerate(spec.get(direction) or ()):
            path = f"spec.{direction}[{i}]"
            for j, port in enumerate(rule.get("ports") or ()):
                _validate_port(port, f"{path}.ports[{j}]", errors)
            for j, peer in enumerate(rule.get(field) or ()):
                _validate_peer(peer, f"{path}.{field}[{j}]", known, errors)
    types = spec.get("policyTypes") or []
    if len(types) > len(_TYPES):
        errors.append(invalid("spec.policyTypes", types, "may not specify more than two policyTypes"))
        return errors
    for index, kind in enumerate(types):
        if kind not in _TYPES:
            errors.append(not_supported(f"spec.policyTypes[{index}]", kind, _TYPES))
    return errors


def _blocks(policy: Body) -> Iterator[tuple[str, Body]]:
    for direction, field in PEERS:
        for i, rule in enumerate(policy["spec"].get(direction) or ()):
            for j, peer in enumerate(rule.get(field) or ()):
                if peer.get("ipBlock") is not None:
                    yield f"spec.{direction}[{i}].{field}[{j}].ipBlock", peer["ipBlock"]


def validate_policy(policy: Body) -> list[FieldError]:
    """All rules of a policy."""
    return _validate(policy, ())


def validate_policy_update(new: Body, old: Body) -> list[FieldError]:
    """All rules; CIDRs that were there before may stay."""
    known = {text for _, block in _blocks(old) for text in (block.get("cidr"), *(block.get("except") or ()))}
    return _validate(new, known)


def policy_warnings(policy: Body) -> list[str]:
    """Odd CIDRs."""
    warnings: list[str] = []
    for path, block in _blocks(policy):
        warnings += cidr_warnings(block.get("cidr") or "", f"{path}.cidr")
        for index, text in enumerate(block.get("except") or ()):
            warnings += cidr_warnings(text, f"{path}.except[{index}]")
    return warnings
