"""The node agent: pod workers, status, leases; runtimes are pluggable."""
