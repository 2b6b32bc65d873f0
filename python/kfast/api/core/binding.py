"""Binding: ties a pod to a node; create only, nothing is stored."""

from __future__ import annotations

from kfast.api.kind import Kind

KIND = Kind(group="", version="v1", kind="Binding", plural="bindings", verbs=("create",), has_generation=False)
