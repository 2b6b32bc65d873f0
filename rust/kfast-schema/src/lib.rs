//! Schema-driven object engine: decode, encode, prune, validate, patch.
