"""The scheduler as a service around the Rust core."""

from kfast.scheduler.service import Scheduler

__all__ = ["Scheduler"]
