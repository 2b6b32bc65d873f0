"""The scheduler as a service around the Rust core."""

from kfast.scheduler.plugins import Label, Nodes, Plugin
from kfast.scheduler.service import Scheduler

__all__ = ["Label", "Nodes", "Plugin", "Scheduler"]
