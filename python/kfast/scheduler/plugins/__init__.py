"""Scheduler plugins in Python."""

from kfast.scheduler.plugins.nodes import Label, Nodes
from kfast.scheduler.plugins.plugin import Plugin

__all__ = ["Label", "Nodes", "Plugin"]
