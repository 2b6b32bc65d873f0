"""Questions about identity and permission: create-only kinds whose answer is the object sent back, never stored."""
