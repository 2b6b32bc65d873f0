"""Validation of PriorityLevelConfigurations (upstream: flowcontrol/validation)."""

from __future__ import annotations

from math import ceil, log2

from kfast.api.field_errors import forbidden, invalid, not_supported, required
from kfast.api.flowcontrol.bootstrap_configuration import MANDATORY_LEVELS
from kfast.api.flowcontrol.flow_schema_validation import check_conditions
from kfast.api.internal_form import internal
from kfast.api.kind import Body, FieldError

_TYPES = ("Exempt", "Limited")
_RESPONSES = ("Queue", "Reject")
_MOST_QUEUES = 10_000_000
_HASH_BITS = 60
_PERCENT = "must be between 0 and 100, inclusive"
_SHARES = "must be a non-negative integer"
_NOT_LIMITED = "must be nil if limited.limitResponse.type is not Limited"
_NO_QUEUING = "must not be empty if limited.limitResponse.type is Limited"
_PRESERVE = "flowcontrol.k8s.io/preserve-zero-concurrency-shares"


def _validate_queuing(queuing: Body, path: str, errors: list[FieldError]) -> None:
    length, queues, hand = (queuing.get(field) or 0 for field in ("queueLengthLimit", "queues", "handSize"))
    if length <= 0:
        errors.append(invalid(f"{path}.queueLengthLimit", length, "must be positive"))
    if queues <= 0:
        errors.append(invalid(f"{path}.queues", queues, "must be positive"))
    elif queues > _MOST_QUEUES:
        errors.append(invalid(f"{path}.queues", queues, f"must not be greater than {_MOST_QUEUES}"))
    if hand <= 0:
        errors.append(invalid(f"{path}.handSize", hand, "must be positive"))
    elif hand > queues:
        errors.append(invalid(f"{path}.handSize", hand, f"should not be greater than queues ({queues})"))
    elif ceil(log2(queues) * hand) > _HASH_BITS:
        message = (
            f"required entropy bits of deckSize {queues} and handSize {hand} should not be greater than {_HASH_BITS}"
        )
        errors.append(invalid(f"{path}.handSize", hand, message))


def _validate_shares(level: Body, path: str, errors: list[FieldError]) -> None:
    shares = level.get("nominalConcurrencyShares") or 0
    if shares < 0:
        errors.append(invalid(f"{path}.nominalConcurrencyShares", shares, _SHARES))


def _validate_lendable(level: Body, path: str, errors: list[FieldError]) -> None:
    percent = level.get("lendablePercent") or 0
    if not 0 <= percent <= 100:
        errors.append(invalid(f"{path}.lendablePercent", percent, _PERCENT))


def _validate_limited(level: Body, path: str, errors: list[FieldError]) -> None:
    _validate_shares(level, path, errors)
    response, where = level.get("limitResponse") or {}, f"{path}.limitResponse"
    kind, queuing = response.get("type") or "", response.get("queuing")
    if kind == "Reject" and queuing is not None:
        errors.append(forbidden(f"{where}.queuing", _NOT_LIMITED))
    elif kind == "Queue":
        if queuing is None:
            errors.append(required(f"{where}.queuing", _NO_QUEUING))
        else:
            _validate_queuing(queuing, f"{where}.queuing", errors)
    elif kind not in _RESPONSES:
        errors.append(not_supported(f"{where}.type", kind, _RESPONSES))
    _validate_lendable(level, path, errors)
    borrowed = level.get("borrowingLimitPercent")
    if borrowed is not None and borrowed < 0:
        message = "if specified, must be a non-negative integer"
        errors.append(invalid(f"{path}.borrowingLimitPercent", borrowed, message))


def _validate_mandatory(name: str, spec: Body, errors: list[FieldError]) -> None:
    """Of levels that every cluster has only the shares of the exempt one may be set."""
    fixed = MANDATORY_LEVELS.get(name)
    if fixed is None:
        return
    free = "exempt" if name == "exempt" else ""
    if {**spec, free: None} != {**fixed, free: None}:
        but = " except the 'spec.exempt' field" if free else ""
        shown = internal("flowcontrol.PriorityLevelConfigurationSpec", spec)
        errors.append(invalid("spec", shown, f"spec of '{name}'{but} must equal the fixed value"))


def validate_priority_level(configuration: Body) -> list[FieldError]:
    """All rules of a PriorityLevelConfiguration."""
    errors: list[FieldError] = []
    metadata, spec = configuration["metadata"], configuration["spec"]
    if _PRESERVE in (metadata.get("annotations") or {}):
        errors.append(forbidden("metadata.annotations", f"annotation '{_PRESERVE}' is forbidden"))
    kind, limited, exempt = spec.get("type") or "", spec.get("limited"), spec.get("exempt")
    if (metadata.get("name") == "exempt") != (kind == "Exempt"):
        errors.append(invalid("spec.type", kind, "must be 'Exempt' if and only if `name` is 'exempt'"))
    if kind == "Exempt":
        if limited is not None:
            errors.append(forbidden("spec.limited", "must be nil if the type is not Limited"))
        if exempt is not None:
            _validate_shares(exempt, "spec.exempt", errors)
            _validate_lendable(exempt, "spec.exempt", errors)
    elif kind == "Limited":
        if exempt is not None:
            errors.append(forbidden("spec.exempt", "must be nil if the type is Limited"))
        if limited is None:
            errors.append(required("spec.limited", "must not be empty when type is Limited"))
        else:
            _validate_limited(limited, "spec.limited", errors)
    else:
        errors.append(not_supported("spec.type", kind, _TYPES))
    _validate_mandatory(metadata.get("name") or "", spec, errors)
    check_conditions(configuration.get("status") or {}, errors)
    return errors
