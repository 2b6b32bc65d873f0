"""Public test fixtures: clusters, virtual time, fault injection."""
