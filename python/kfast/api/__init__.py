"""The declarations of every served kind, one file each, and their catalog."""
