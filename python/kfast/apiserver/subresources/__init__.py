"""One subresource a file."""
