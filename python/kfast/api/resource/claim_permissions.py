"""Who may write which part of a claim's status (upstream: registry/resource, granular status authorization).

Beyond `resourceclaims/status` an allocation or a reservation needs `resourceclaims/binding`, and what a driver says of
its devices `resourceclaims/driver` with the driver's name, by a verb that tells whether the driver's pod runs on the
node the claim is allocated to.
"""

from __future__ import annotations

from kfast.api.columns import lookup
from kfast.api.kind import Body, Permission
from kfast.api.resource.claim_status import identity
from kfast.meta.exchange import User
from kfast.meta.users import pod_node_of

_BOUND = ("allocation", "reservedFor")


def status_permissions(new: Body, old: Body, user: User, verb: str) -> list[Permission]:
    """What the change of a status asks of its author."""
    asked: list[Permission] = []
    status, before = new.get("status") or {}, old.get("status") or {}
    if any((status.get(field) or None) != (before.get(field) or None) for field in _BOUND):
        resource = f'resource="resourceclaims/binding", verb="{verb}"'
        why = f"changing status.allocation or status.reservedFor requires {resource} permission"
        asked.append(Permission("status.allocation", ((verb, "binding", "", ""),), why))
    if status.get("allocation") is None:
        return asked
    verbs = [f"arbitrary-node:{verb}"]
    node = _allocated_node(status["allocation"])
    if node and pod_node_of(user) == node:
        verbs.insert(0, f"associated-node:{verb}")
    why = f'changing status.devices requires resource="resourceclaims/driver", verb="[{" ".join(verbs)}]" permission'
    namespace = new["metadata"].get("namespace") or ""
    for driver in _changed_drivers(status, before):
        any_of = tuple((each, "driver", namespace, driver) for each in verbs)
        asked.append(Permission("status.devices", any_of, why))
    return asked


def _changed_drivers(status: Body, before: Body) -> list[str]:
    """The drivers of devices that came, went or changed."""
    earlier = {identity(device): device for device in before.get("devices") or ()}
    changed = [d for d in status.get("devices") or () if earlier.pop(identity(d), None) != d]
    return sorted({device.get("driver") or "" for device in (*changed, *earlier.values())})


def _allocated_node(allocation: Body) -> str:
    """The one node an allocation names; "" if it is not by the node's name alone."""
    terms = lookup(allocation, "nodeSelector.nodeSelectorTerms") or []
    if len(terms) != 1 or terms[0].get("matchExpressions"):
        return ""
    match terms[0].get("matchFields"):
        case [{"key": "metadata.name", "operator": "In", "values": [name]}]:
            return str(name)
    return ""
