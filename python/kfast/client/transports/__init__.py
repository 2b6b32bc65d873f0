"""How a client reaches an API server: over HTTPS, or in the same process without a socket."""
