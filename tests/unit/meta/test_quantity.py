"""Quantities as Python sees them; the rules are tested in the core."""

import pytest

from kfast.meta.quantity import add_resources, parse, subtract_resources


def test_text_values_and_order() -> None:
    assert str(parse("1024Mi")) == "1Gi"
    assert (parse("1500m").value, parse("1500m").milli_value, parse("-1").sign) == (2, 1500, -1)
    assert parse("1000m") == parse(1)
    assert parse("1") < parse("1Ki")
    assert parse("2") >= parse("2")
    assert parse("1") != "1"
    with pytest.raises(ValueError, match="quantities must match the regular expression"):
        parse("x")


def test_resource_lists() -> None:
    total = add_resources([{"cpu": "100m", "memory": "1Gi"}, {"cpu": "900m"}])
    assert total == {"cpu": "1", "memory": "1Gi"}
    assert subtract_resources({"cpu": "1"}, {"cpu": "250m", "memory": "1Gi"}) == {"cpu": "750m"}
    with pytest.raises(OverflowError):
        parse("1e4000") + parse("1")
