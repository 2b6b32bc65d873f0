"""Custom resources: what the server does about CustomResourceDefinitions (upstream: apiextensions-apiserver)."""

from kfast.apiserver.custom_resources.definitions import Definitions

__all__ = ["Definitions"]
