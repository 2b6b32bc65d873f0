"""Public test fixtures: clusters in the test's own process, and clusters in virtual time."""

from kfast.testing.clusters import cluster, run_cluster
from kfast.testing.virtual_time import VirtualTimeLoop, run_virtual

__all__ = ["VirtualTimeLoop", "cluster", "run_cluster", "run_virtual"]
