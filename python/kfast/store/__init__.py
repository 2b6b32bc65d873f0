"""The async facade of the store: embedded and etcd implementations of one protocol."""
