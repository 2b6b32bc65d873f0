"""How bad values are shown."""

from __future__ import annotations

import pytest

from kfast.api.field_errors import quoted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", '"plain"'),
        ('a"b\\c', r'"a\"b\\c"'),
        ("a\nb\tc\rd\0", r'"a\nb\tc\rd\x00"'),
        ("\a\b\f\v\x7f", r'"\a\b\f\v\x7f"'),
        ("é 日 😀", '"é 日 😀"'),
        ("\u200b\u00a0\ufeff", r'"\u200b\u00a0\ufeff"'),
        ("\U000e0001", r'"\U000e0001"'),
    ],
)
def test_strings_are_quoted_as_go_does(text: str, shown: str) -> None:
    assert quoted(text) == shown
