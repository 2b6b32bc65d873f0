"""What names, label keys and values may be; every check returns upstream's messages, none if the text is fine.

Source: apimachinery `util/validation` and `api/validate/content` of v0.36.
"""

from __future__ import annotations

import re

LABEL_FMT = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
SUBDOMAIN_FMT = LABEL_FMT + r"(\." + LABEL_FMT + ")*"
LABEL_1035_FMT = "[a-z]([-a-z0-9]*[a-z0-9])?"
NAME_FMT = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
CONFIG_KEY_FMT = "[-._a-zA-Z0-9]+"
HEADER_NAME_FMT = "[-A-Za-z0-9]+"
C_IDENTIFIER_FMT = "[A-Za-z_][A-Za-z0-9_]*"

_LABEL = re.compile(LABEL_FMT)
_SUBDOMAIN = re.compile(SUBDOMAIN_FMT)
_LABEL_1035 = re.compile(LABEL_1035_FMT)
_NAME = re.compile(NAME_FMT)
_WILDCARD_FMT = r"\*\." + SUBDOMAIN_FMT
_WILDCARD = re.compile(_WILDCARD_FMT)
_CONFIG_KEY = re.compile(CONFIG_KEY_FMT)
_HEADER_NAME = re.compile(HEADER_NAME_FMT)
_C_IDENTIFIER = re.compile(C_IDENTIFIER_FMT)


def regex_error(message: str, pattern: str, *examples: str) -> str:
    """The message of a failed pattern with its examples."""
    shown = f"regex used for validation is '{pattern}'"
    if not examples:
        return f"{message} ({shown})"
    quoted = " or ".join(f"'{example}', " for example in examples)
    return f"{message} (e.g. {quoted}{shown})"


def _too_long(limit: int, unit: str = "characters") -> str:
    return f"must be no more than {limit} {unit}"


def _over(text: str, limit: int) -> bool:
    return len(text) > limit or not (text.isascii() or len(text.encode()) <= limit)


def dns_subdomain(text: str) -> list[str]:
    """A DNS-1123 subdomain, at most 253 bytes: the rule of most names."""
    errors = [_too_long(253)] if _over(text, 253) else []
    if not _SUBDOMAIN.fullmatch(text):
        message = (
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
            "and must start and end with an alphanumeric character"
        )
        errors.append(regex_error(message, SUBDOMAIN_FMT, "example.com"))
    return errors


def long_name(text: str) -> list[str]:
    """The same rule in the words of upstream's newer checks."""
    return [_in_bytes(problem) for problem in dns_subdomain(text)]


def anything(_text: str) -> list[str]:
    """No rule at all."""
    return []


def wildcard_dns_subdomain(text: str) -> list[str]:
    """`*.` and a DNS-1123 subdomain."""
    errors = [_too_long(253)] if _over(text, 253) else []
    if not _WILDCARD.fullmatch(text):
        message = (
            "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist "
            "of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character"
        )
        errors.append(regex_error(message, _WILDCARD_FMT, "*.example.com"))
    return errors


def dns_label(text: str) -> list[str]:
    """A DNS-1123 label, at most 63 bytes: names of namespaces, containers, volumes."""
    errors = [_too_long(63)] if _over(text, 63) else []
    if _LABEL.fullmatch(text):
        return errors
    if _SUBDOMAIN.fullmatch(text):
        return [*errors, "must not contain dots"]
    message = (
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
        "and must start and end with an alphanumeric character"
    )
    return [*errors, regex_error(message, LABEL_FMT, "my-name", "123-abc")]


def dns_label_1035(text: str) -> list[str]:
    """A DNS-1035 label, at most 63 bytes: names of Services."""
    errors = [_too_long(63)] if _over(text, 63) else []
    if not _LABEL_1035.fullmatch(text):
        message = (
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
            "character, and end with an alphanumeric character"
        )
        errors.append(regex_error(message, LABEL_1035_FMT, "my-name", "abc-123"))
    return errors


_NAME_RULE = regex_error(
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    NAME_FMT,
    "MyName",
    "my.name",
    "123-abc",
)


def qualified_name(text: str) -> list[str]:
    """A label key: an optional DNS subdomain and `/`, then a name of at most 63 bytes."""
    prefix, slash, name = text.rpartition("/")
    if "/" in prefix:
        return [
            f"a valid label key {_NAME_RULE} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        ]
    errors: list[str] = []
    if slash and not prefix:
        errors.append("prefix part must be non-empty")
    elif slash:
        errors += [f"prefix part {_in_bytes(message)}" for message in dns_subdomain(prefix)]
    if not name:
        errors.append("name part must be non-empty")
    elif _over(name, 63):
        errors.append(f"name part {_too_long(63, 'bytes')}")
    if not _NAME.fullmatch(name):
        errors.append(f"name part {_NAME_RULE}")
    return errors


def _in_bytes(message: str) -> str:
    """Upstream's newer checks count in bytes where the older say characters."""
    return _too_long(253, "bytes") if message == _too_long(253) else message


def label_value(text: str) -> list[str]:
    """A label's value: empty, or a name of at most 63 bytes."""
    errors = [_too_long(63, "bytes")] if _over(text, 63) else []
    if text and not _NAME.fullmatch(text):
        message = (
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
            "and must start and end with an alphanumeric character"
        )
        errors.append(regex_error(message, f"({NAME_FMT})?", "MyValue", "my_value", "12345"))
    return errors


def path_segment(text: str) -> list[str]:
    """Anything that fits into a URL path segment: names of RBAC objects."""
    if text in (".", ".."):
        return [f"may not be '{text}'"]
    return [f"may not contain '{part}'" for part in ("/", "%") if part in text]


def config_key(text: str) -> list[str]:
    """A key of a ConfigMap or Secret."""
    errors = [_too_long(253)] if _over(text, 253) else []
    if not _CONFIG_KEY.fullmatch(text):
        message = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
        errors.append(regex_error(message, CONFIG_KEY_FMT, "key.name", "KEY_NAME", "key-name"))
    return errors + _parent_directory(text)


def env_var_name(text: str) -> list[str]:
    """The name of an environment variable: printable ASCII without `=`."""
    errors = [] if text else ["environment variable name must be non-empty"]
    if any(not " " <= ch <= "~" or ch == "=" for ch in text):
        errors.append(
            "a valid environment variable name must consist only of printable ASCII characters other than '='"
        )
    return errors


def http_header_name(text: str) -> list[str]:
    """The name of an HTTP header."""
    if _HEADER_NAME.fullmatch(text):
        return []
    message = "a valid HTTP header must consist of alphanumeric characters or '-'"
    return [regex_error(message, HEADER_NAME_FMT, "X-Header-Name")]


def c_identifier(text: str) -> list[str]:
    """An identifier as in C."""
    if _C_IDENTIFIER.fullmatch(text):
        return []
    message = (
        "a valid C identifier must start with alphabetic character or '_', "
        "followed by a string of alphanumeric characters or '_'"
    )
    return [regex_error(message, C_IDENTIFIER_FMT, "my_name", "MY_NAME", "MyName")]


def port_name(text: str) -> list[str]:
    """An IANA service name: at most 15 of `[-a-z0-9]`, a letter among them, no odd hyphens."""
    errors = [_too_long(15)] if _over(text, 15) else []
    if not re.fullmatch("[-a-z0-9]+", text):
        errors.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", text):
        errors.append("must contain at least one letter (a-z)")
    if "--" in text:
        errors.append("must not contain consecutive hyphens")
    if text.startswith("-") or text.endswith("-"):
        errors.append("must not begin or end with a hyphen")
    return errors


def port_number(port: int) -> list[str]:
    """1 to 65535."""
    return [] if 1 <= port <= 65535 else ["must be between 1 and 65535, inclusive"]


def _parent_directory(text: str) -> list[str]:
    if text in (".", ".."):
        return [f"must not be '{text}'"]
    return ["must not start with '..'"] if text.startswith("..") else []
