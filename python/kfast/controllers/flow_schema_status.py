"""Tells of each FlowSchema whether its priority level exists: apiserver pkg/util/flowcontrol, presyncFlowSchemaStatus.

Upstream's API server does this itself; only what a client sees of it is the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kfast.api.flowcontrol.flow_schema import KIND as SCHEMAS
from kfast.api.flowcontrol.priority_level_configuration import KIND as LEVELS
from kfast.clock import rfc3339
from kfast.runtime import Context, Controller, Key, Object, Watch, own_key

MANAGER = "api-priority-and-fairness-config-consumer-v1"
_LEVEL_INDEX = "priorityLevel"


def plan(schema: Object, exists: bool, now: float) -> dict[str, Any] | None:
    """The condition to be applied; None if it is there. `now` in epoch seconds."""
    name = json.dumps(_level(schema), ensure_ascii=False)
    about = f"This FlowSchema references the PriorityLevelConfiguration object named {name}"
    wanted = {
        "type": "Dangling",
        "status": "False" if exists else "True",
        "reason": "Found" if exists else "NotFound",
        "message": f"{about} and it exists" if exists else f"{about} but there is no such object",
    }
    conditions = (schema.get("status") or {}).get("conditions") or ()
    present: Mapping[str, Any] = next((c for c in conditions if c["type"] == "Dangling"), {})
    if {key: present.get(key) for key in wanted} == wanted:
        return None
    return wanted | {"lastTransitionTime": rfc3339(now)}


async def reconcile(context: Context, key: Key) -> float | None:
    """Applies the condition of one schema."""
    schema = context.lister(SCHEMAS).get(*key)
    if schema is None or schema.deleting:
        return None
    condition = plan(schema, context.lister(LEVELS).get("", _level(schema)) is not None, context.clock.now())
    if condition is not None:
        body = {
            "apiVersion": SCHEMAS.api_version,
            "kind": SCHEMAS.kind,
            "metadata": {"name": schema.name},
            "status": {"conditions": [condition]},
        }
        await context.client.patch(
            SCHEMAS, schema.name, body, type="apply", subresource="status", field_manager=MANAGER, force=True
        )
    return None


def _level(schema: Object) -> str:
    return str(schema.get("spec", "priorityLevelConfiguration", "name") or "")


def _levels(schema: Object) -> Sequence[str]:
    return (_level(schema),)


def _of_level(context: Context, old: Object | None, new: Object | None) -> Iterable[Key]:
    """The schemas of a level that came or went."""
    level = new or old
    if level is not None:
        for schema in context.lister(SCHEMAS).by_index(_LEVEL_INDEX, level.name):
            yield "", schema.name


CONTROLLER = Controller(
    name="flow-schema-status",
    watches=(
        Watch(kind=SCHEMAS, map=own_key, indexers={_LEVEL_INDEX: _levels}),
        Watch(kind=LEVELS, on_event=_of_level, events=frozenset({"add", "delete"})),
    ),
    reconcile=reconcile,
    workers=1,
)
