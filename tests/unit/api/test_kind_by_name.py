"""Kinds by their bare name."""

import pytest

from kfast.api.catalog import kind


@pytest.mark.parametrize(
    ("name", "api_version"),
    [("Pod", "v1"), ("Deployment", "apps/v1"), ("Event", "v1"), ("HorizontalPodAutoscaler", "autoscaling/v2")],
)
def test_a_name_means_the_preferred_kind(name, api_version):
    assert (kind(name).kind, kind(name).api_version) == (name, api_version)


def test_an_unknown_name_is_a_key_error():
    with pytest.raises(KeyError, match="no kind 'Pud'"):
        kind("Pud")
