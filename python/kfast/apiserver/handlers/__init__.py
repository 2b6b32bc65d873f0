"""One request verb a file."""
