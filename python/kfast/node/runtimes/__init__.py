"""Runtimes a node agent can drive."""
