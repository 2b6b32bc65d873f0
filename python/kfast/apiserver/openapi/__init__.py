"""OpenAPI documents, made from the catalog and the schema data when first asked for."""

from kfast.apiserver.openapi.v2 import OpenAPIV2
from kfast.apiserver.openapi.v3 import OpenAPIV3

__all__ = ["OpenAPIV2", "OpenAPIV3"]
