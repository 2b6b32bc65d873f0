"""What the core is told of: one line per kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kfast._core import Object
from kfast._core import Scheduler as Core
from kfast.api.apps import replica_set, stateful_set
from kfast.api.core import (
    namespace,
    node,
    persistent_volume,
    persistent_volume_claim,
    replication_controller,
    service,
)
from kfast.api.kind import Kind
from kfast.api.policy import pod_disruption_budget
from kfast.api.storage import csi_driver, csi_node, csi_storage_capacity, storage_class, volume_attachment

Tell = Callable[[Core, Object, float], object]


@dataclass(frozen=True, slots=True)
class Input:
    """How objects of a kind reach the core. `put` and `remove` take the time in seconds and may raise ValueError for
    a malformed object."""

    kind: Kind
    put: Tell
    remove: Tell


STORAGE = (
    storage_class.KIND,
    csi_driver.KIND,
    csi_node.KIND,
    csi_storage_capacity.KIND,
    persistent_volume.KIND,
    persistent_volume_claim.KIND,
    volume_attachment.KIND,
)

INPUTS = (
    Input(
        namespace.KIND,
        lambda core, obj, now: core.set_namespace(obj, now),
        lambda core, obj, _: core.remove_namespace(obj.name),
    ),
    Input(node.KIND, lambda core, obj, now: core.set_node(obj, now), lambda core, obj, _: core.remove_node(obj.name)),
    Input(
        service.KIND,
        lambda core, obj, now: core.set_service(obj, now),
        lambda core, obj, _: core.remove_service(obj.namespace, obj.name),
    ),
    *(
        Input(kind, lambda core, obj, now: core.set_owner(obj, now), lambda core, obj, _: core.remove_owner(obj))
        for kind in (replication_controller.KIND, replica_set.KIND, stateful_set.KIND)
    ),
    *(
        Input(
            kind,
            lambda core, obj, now: core.set_storage(obj, now),
            lambda core, obj, now: core.remove_storage(obj, now),
        )
        for kind in STORAGE
    ),
    Input(
        pod_disruption_budget.KIND,
        lambda core, obj, _: core.set_pdb(obj),
        lambda core, obj, _: core.remove_pdb(obj.namespace, obj.name),
    ),
)
"""All kinds but pods, which the service handles itself. All are in the core before the first pod is."""
