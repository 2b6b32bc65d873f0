"""SubjectAccessReview: create only, answered at once and never stored."""

from __future__ import annotations

from kfast.api.kind import Kind

KIND = Kind(
    group="authorization.k8s.io",
    version="v1",
    kind="SubjectAccessReview",
    plural="subjectaccessreviews",
    namespaced=False,
    verbs=("create",),
    has_generation=False,
)
