"""Workload runners and load clients behind `kfast bench`."""
