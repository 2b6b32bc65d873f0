"""SelfSubjectReview: create only, answered at once and never stored."""

from __future__ import annotations

from kfast.api.kind import Kind

KIND = Kind(
    group="authentication.k8s.io",
    version="v1",
    kind="SelfSubjectReview",
    plural="selfsubjectreviews",
    namespaced=False,
    verbs=("create",),
    has_generation=False,
)
