"""What names and labels may be; the messages are apimachinery v0.36's."""

from collections.abc import Callable

import pytest

from kfast.meta import names


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (names.dns_subdomain, ["a", "a.b-c.1", "x" * 253], ["", "A", "a..b", "-a", "a\n", "é", "x" * 254]),
        (names.dns_label, ["a", "1-a", "x" * 63], ["", "a.b", "a-", "a_b", "x" * 64]),
        (names.dns_label_1035, ["a", "a-1"], ["1a", "", "A"]),
        (names.wildcard_dns_subdomain, ["*.a.b"], ["*.*.b", "a.b", "*"]),
        (names.qualified_name, ["a", "A_b.c", "x.y/Z", "x" * 63], ["", "/a", "a/", "a/b/c", "A/b", "-", "x" * 64]),
        (names.label_value, ["", "a", "1.2-3_4"], ["-", "a b", "x" * 64, "a\n"]),
        (names.path_segment, ["system:node", "a b"], [".", "..", "a/b", "a%"]),
        (names.config_key, ["a.b", ".a", "A_b"], ["", ".", "..", "..a", "a/b"]),
        (names.env_var_name, ["A", "a b", "1"], ["", "a=b", "é"]),
        (names.http_header_name, ["X-A"], ["", "a b"]),
        (names.c_identifier, ["_a1"], ["1a", "", "a-"]),
        (names.port_name, ["http", "a-1"], ["", "1", "-a", "a--b", "A", "x" * 16]),
    ],
)
def test_rules(check: Callable[[str], list[str]], good: list[str], bad: list[str]) -> None:
    assert [text for text in good if check(text)] == []
    assert [text for text in bad if not check(text)] == []


def test_messages() -> None:
    assert names.dns_subdomain("A") == [
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
        "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
        r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
    ]
    assert names.dns_label("a.b") == ["must not contain dots"]
    assert names.dns_label("x" * 64) == ["must be no more than 63 characters"]
    assert names.qualified_name("a/") == [
        "name part must be non-empty",
        "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
        "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
        "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    ]
    assert names.label_value("x" * 64) == ["must be no more than 63 bytes"]
    assert names.qualified_name("x" * 254 + "/a") == ["prefix part must be no more than 253 bytes"]


def test_port_numbers() -> None:
    assert names.port_number(1) == names.port_number(65535) == []
    assert names.port_number(0) == names.port_number(65536) == ["must be between 1 and 65535, inclusive"]
