"""The API server: authenticate, authorize, decode, admit, validate, store; and every read."""
