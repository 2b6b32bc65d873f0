"""Puts every create-only handler into a backend."""

from __future__ import annotations

from kfast.apiserver.authn.chain import Authentication
from kfast.apiserver.authn.service_account import ServiceAccountTokens
from kfast.apiserver.authz.authorizer import Authorizer
from kfast.apiserver.backend import Backend
from kfast.apiserver.reviews.authentication import self_subject_review, token_review
from kfast.apiserver.reviews.authorization import (
    local_subject_access_review,
    self_subject_access_review,
    self_subject_rules_review,
    subject_access_review,
)
from kfast.apiserver.subresources.token import token_request


def install_reviews(
    backend: Backend,
    authentication: Authentication,
    authorizer: Authorizer,
    service_accounts: ServiceAccountTokens | None,
) -> None:
    """Registers the reviews, and token requests if tokens are issued."""
    backend.virtual.update(
        {
            "tokenreviews.authentication.k8s.io": token_review(authentication),
            "selfsubjectreviews.authentication.k8s.io": self_subject_review(backend.clock),
            "subjectaccessreviews.authorization.k8s.io": subject_access_review(authorizer),
            "localsubjectaccessreviews.authorization.k8s.io": local_subject_access_review(authorizer),
            "selfsubjectaccessreviews.authorization.k8s.io": self_subject_access_review(authorizer),
            "selfsubjectrulesreviews.authorization.k8s.io": self_subject_rules_review(authorizer),
        }
    )
    if service_accounts is not None:
        backend.virtual["serviceaccounts/token"] = token_request(backend, service_accounts)
