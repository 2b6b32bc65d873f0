"""What objects take from ResourceQuotas: `pkg/quota/v1` of Kubernetes v1.36.

The API server charges it when objects are made, and a controller counts it anew when they go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kfast._core import PodRules
from kfast.api.kind import Body
from kfast.api.schema import load_schema
from kfast.clock import parse_time
from kfast.meta.quantity import ZERO, Quantity, parse

Amounts = Mapping[str, Quantity]

IGNORED = frozenset({"bindings", "events", "events.events.k8s.io", "localsubjectaccessreviews.authorization.k8s.io"})
"""Resources that no quota counts."""
_ONE = parse("1")
_ALIASES = {"configmaps", "resourcequotas", "replicationcontrollers", "secrets"}
"""Resources that are counted by their bare names, too."""
_POD_NAMES = frozenset(
    {
        "count/pods",
        "pods",
        *(f"{kind}{name}" for kind in ("", "requests.", "limits.") for name in ("cpu", "memory", "ephemeral-storage")),
    }
)
_SERVICE_NAMES = frozenset({"count/services", "services", "services.nodeports", "services.loadbalancers"})
_CLAIM_NAMES = ("persistentvolumeclaims", "requests.storage")
_OF_CLASS = ".storageclass.storage.k8s.io/"
_DEVICES = ".deviceclass.resource.k8s.io/devices"
_IMPLICIT_DEVICES = "requests.deviceclass.resource.kubernetes.io/"
_ALL_DEVICES = 32
"""The most devices one claim may be given."""
_BETA_CLASS = "volume.beta.kubernetes.io/storage-class"
_OF_VALUES = frozenset({"PriorityClass", "VolumeAttributesClass"})


@dataclass(frozen=True, slots=True)
class Use:
    """What one object takes: amounts by the names of quotas, the scopes it is in with the values that decide, and per
    resource the containers that fail to state an amount."""

    amounts: Amounts
    scopes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    missing: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evaluator:
    """How objects of one resource are counted.

    `counts` tells of a name in a quota whether it is about them; `charged` of (operation, subresource, new, old)
    whether a write may change what they take; `scopes` are those they can be in.
    """

    use: Callable[[Body], Use]
    counts: Callable[[str], bool]
    charged: Callable[[str, str, Body, Body | None], bool]
    scopes: frozenset[str] = frozenset()
    fixed: Use | None = None
    """What each of them takes, if all take the same."""

    def names(self, hard: Iterable[str]) -> list[str]:
        """Those of the names that are about the resource, sorted."""
        return sorted(name for name in hard if self.counts(name))


DeviceClasses = Callable[[], Mapping[str, str]]
"""The extended resource of every device class, empty for none."""


def evaluator(resource: str, now: Callable[[], float], classes: DeviceClasses) -> Evaluator:
    """How objects of `resource` (`plural.group`) are counted; `now` in epoch seconds."""
    if resource == "pods":
        return Evaluator(lambda pod: pod_use(pod, now()), _counts_pods, _charges_pod, _POD_SCOPES)
    if resource == "services":
        return Evaluator(_service_use, _SERVICE_NAMES.__contains__, _on_write)
    if resource == "persistentvolumeclaims":
        return Evaluator(_claim_use, _counts_claims, _charges_claim, frozenset({"VolumeAttributesClass"}))
    if resource == "resourceclaims.resource.k8s.io":
        return Evaluator(
            lambda claim: _device_use(claim, classes()), lambda n: _counts_devices(n, classes()), _on_write
        )
    names = {f"count/{resource}", *({resource} & _ALIASES)}
    use = Use(dict.fromkeys(names, _ONE))
    return Evaluator(lambda _: use, names.__contains__, _on_create, fixed=use)


def _on_create(operation: str, subresource: str, _new: Body, _old: Body | None) -> bool:
    return operation == "CREATE" and not subresource


def _on_write(operation: str, subresource: str, _new: Body, _old: Body | None) -> bool:
    return operation in ("CREATE", "UPDATE") and not subresource


# Pods.

_POD_SCOPES = frozenset(
    {
        "Terminating",
        "NotTerminating",
        "BestEffort",
        "NotBestEffort",
        "PriorityClass",
        "CrossNamespacePodAffinity",
    }
)


def pod_use(pod: Body, now: float) -> Use:
    """What a pod takes; one whose grace period has passed is an object only."""
    metadata = pod.get("metadata") or {}
    deleted, grace = metadata.get("deletionTimestamp"), metadata.get("deletionGracePeriodSeconds")
    over = deleted is not None and grace is not None and now > parse_time(deleted) + grace
    return use_of(PodRules.usage(load_schema().tree("v1/Pod", pod), over))


def use_of(used: tuple[dict[str, str], list[tuple[str, str]], dict[str, list[str]]]) -> Use:
    """The core's account of a pod."""
    amounts, scopes, missing = used
    parsed = {name: parse(amount) for name, amount in amounts.items()}
    return Use(parsed, {scope: [value] for scope, value in scopes}, missing)


def _counts_pods(name: str) -> bool:
    if name in _POD_NAMES or name.startswith(("hugepages-", "requests.hugepages-")):
        return True
    return name.startswith("requests.") and (_is_foreign(name) or name.startswith(_IMPLICIT_DEVICES))


def _is_foreign(name: str) -> bool:
    return "/" in name and "kubernetes.io/" not in name


def _charges_pod(operation: str, subresource: str, new: Body, old: Body | None) -> bool:
    if subresource == "resize":
        return operation == "UPDATE"
    if subresource or operation not in ("CREATE", "UPDATE"):
        return False
    return operation == "CREATE" or _terminates(new) != _terminates(old or {})


def _terminates(pod: Body) -> bool:
    seconds = (pod.get("spec") or {}).get("activeDeadlineSeconds")
    return seconds is not None and seconds >= 0


# Services.


def _service_use(service: Body) -> Use:
    spec = service.get("spec") or {}
    ports, kind = spec.get("ports") or [], spec.get("type")
    balanced = kind == "LoadBalancer"
    if balanced and spec.get("allocateLoadBalancerNodePorts") is False:
        ports = [port for port in ports if port.get("nodePort")]
    node_ports = len(ports) if balanced or kind == "NodePort" else 0
    amounts = {"services.nodeports": node_ports, "services.loadbalancers": int(balanced)}
    return Use({"count/services": _ONE, "services": _ONE, **{name: parse(n) for name, n in amounts.items()}})


# Volume claims.


def _counts_claims(name: str) -> bool:
    own = name == "count/persistentvolumeclaims" or name in _CLAIM_NAMES
    return own or name.endswith(tuple(_OF_CLASS + what for what in _CLAIM_NAMES))


def _claim_use(claim: Body) -> Use:
    spec, status = claim.get("spec") or {}, claim.get("status") or {}
    annotations = (claim.get("metadata") or {}).get("annotations") or {}
    storage_class = annotations.get(_BETA_CLASS, spec.get("storageClassName"))
    amounts = {"persistentvolumeclaims": _ONE}
    asked = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if asked is not None:
        granted = (status.get("allocatedResources") or {}).get("storage", "0")
        amounts["requests.storage"] = max(parse(asked), parse(granted))
    if storage_class:
        amounts |= {f"{storage_class}{_OF_CLASS}{name}": amount for name, amount in amounts.items()}
    names = _attribute_classes(claim)
    return Use({"count/persistentvolumeclaims": _ONE, **amounts}, {"VolumeAttributesClass": names} if names else {})


def _attribute_classes(claim: Body) -> list[str]:
    spec, status = claim.get("spec") or {}, claim.get("status") or {}
    target = (status.get("modifyVolumeStatus") or {}).get("targetVolumeAttributesClassName")
    named = (spec.get("volumeAttributesClassName"), status.get("currentVolumeAttributesClassName"), target)
    return sorted({name for name in named if name})


def _charges_claim(operation: str, subresource: str, new: Body, old: Body | None) -> bool:
    if subresource == "status":
        was = (old or {}).get("status") or {}
        changed = was.get("allocatedResources") != (new.get("status") or {}).get("allocatedResources")
        return changed or _attribute_classes(new) != _attribute_classes(old or {})
    return _on_write(operation, subresource, new, old)


# Devices.


def _counts_devices(name: str, classes: Mapping[str, str]) -> bool:
    if name == "count/resourceclaims.resource.k8s.io" or name.endswith(_DEVICES):
        return True
    if name.startswith(_IMPLICIT_DEVICES):
        return bool(classes.get(name.removeprefix(_IMPLICIT_DEVICES)))
    return name.startswith("requests.") and name.removeprefix("requests.") in classes.values()


def _device_use(claim: Body, classes: Mapping[str, str]) -> Use:
    devices: dict[str, int] = {}
    for request in ((claim.get("spec") or {}).get("devices") or {}).get("requests") or ():
        alternatives = request.get("firstAvailable") or ([request["exactly"]] if request.get("exactly") else [])
        most: dict[str, int] = {}
        for one in alternatives:
            name = one.get("deviceClassName") or ""
            most[name] = max(most.get(name, 0), _count(one))
        for name, count in most.items():
            devices[name] = devices.get(name, 0) + count
    amounts = {"count/resourceclaims.resource.k8s.io": _ONE}
    for name, count in devices.items():
        amounts[name + _DEVICES] = parse(count)
        if name and count:
            amounts[_IMPLICIT_DEVICES + name] = parse(count)
            if extended := classes.get(name):
                amounts[f"requests.{extended}"] = parse(count)
    return Use(amounts)


def _count(request: Body) -> int:
    mode = request.get("allocationMode")
    return int(request.get("count") or 0) if mode == "ExactCount" else _ALL_DEVICES if mode == "All" else 0


# Quotas.


def covers(quota: Body, evaluator: Evaluator, use: Use) -> bool:
    """Whether an object that takes `use` is in all scopes of the quota."""
    return all(selects(selector, evaluator, use) for selector in selectors(quota))


def selectors(quota: Body) -> list[Body]:
    """The scopes of a quota and their values (ScopedResourceSelectorRequirement)."""
    spec = quota.get("spec") or {}
    plain = [{"scopeName": scope, "operator": "Exists"} for scope in spec.get("scopes") or ()]
    return plain + ((spec.get("scopeSelector") or {}).get("matchExpressions") or [])


def selects(expression: Body, evaluator: Evaluator, use: Use) -> bool:
    """Whether an object that takes `use` is in a scope, with the values wanted."""
    scope, operator = expression.get("scopeName") or "", expression.get("operator")
    if scope not in evaluator.scopes:
        return False
    values = use.scopes.get(scope, ())
    if scope not in _OF_VALUES or operator == "Exists":
        return scope in use.scopes
    wanted = expression.get("values") or ()
    if operator == "In":
        return any(value in wanted for value in values)
    if operator == "NotIn":
        return not values or any(value not in wanted for value in values)
    return not values


def add(first: Amounts, second: Amounts) -> dict[str, Quantity]:
    """The sum per name of either."""
    both = {name: amount + second.get(name, ZERO) for name, amount in first.items()}
    return both | {name: amount for name, amount in second.items() if name not in both}


def increase(now: Amounts, before: Amounts) -> dict[str, Quantity]:
    """By how much what an object takes has grown; nothing where it has shrunk."""
    grown = {name: amount - before.get(name, ZERO) for name, amount in now.items()}
    return {name: amount for name, amount in grown.items() if amount.sign > 0}
