"""Integers and percentages of a total."""

import pytest

from kfast.meta.int_or_string import scaled_value


@pytest.mark.parametrize(
    ("value", "total", "up", "down"), [(3, 10, 3, 3), ("25%", 10, 3, 2), ("0%", 7, 0, 0), ("150%", 3, 5, 4)]
)
def test_scaling(value: int | str, total: int, up: int, down: int) -> None:
    assert scaled_value(value, total, round_up=True) == up
    assert scaled_value(value, total, round_up=False) == down


@pytest.mark.parametrize("value", ["", "3", "a%", "%", "1.5%"])
def test_other_text_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"^invalid value for IntOrString: invalid "):
        scaled_value(value, 10, round_up=True)
