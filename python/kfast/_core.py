"""The one door to the compiled module: import the Rust core from here and nowhere else."""

from __future__ import annotations

from kfast._native import CoreError, FieldSelector, LabelSelector, Object, Quantity, read_event, read_list

__all__ = ["CoreError", "FieldSelector", "LabelSelector", "Object", "Quantity", "read_event", "read_list"]
