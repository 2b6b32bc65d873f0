"""Who is asking: authenticators."""
