"""The async facade of the store: one protocol and its embedded implementation."""
