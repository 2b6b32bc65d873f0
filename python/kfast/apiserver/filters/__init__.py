"""The handler chain, one filter a file."""
