"""The scheduler as a service around the Rust core."""
