"""The one door to the compiled module: import the Rust core from here and nowhere else."""

from __future__ import annotations

from kfast._native import (
    CoreError,
    Decision,
    DecodeError,
    FieldSelector,
    LabelSelector,
    Object,
    Page,
    PatchError,
    Quantity,
    Scheduler,
    Schema,
    Store,
    StoreOperationError,
    StrictDecodeError,
    Tree,
    Watch,
    plan_endpoint_slices,
    plan_endpoints,
    read_event,
    read_list,
)

__all__ = [
    "CoreError",
    "Decision",
    "DecodeError",
    "FieldSelector",
    "LabelSelector",
    "Object",
    "Page",
    "PatchError",
    "Quantity",
    "Scheduler",
    "Schema",
    "Store",
    "StoreOperationError",
    "StrictDecodeError",
    "Tree",
    "Watch",
    "plan_endpoint_slices",
    "plan_endpoints",
    "read_event",
    "read_list",
]
