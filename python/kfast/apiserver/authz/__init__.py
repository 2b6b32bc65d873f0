"""What they may do: authorizers."""
