"""IP addresses and CIDRs in fields: strict rules, and what upstream warns of (apimachinery util/validation/ip.go)."""

from __future__ import annotations

import re
from collections.abc import Container
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from kfast.api.field_errors import invalid, quoted
from kfast.api.kind import FieldError

Address = IPv4Address | IPv6Address

_IP_RULE = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
_CIDR_RULE = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
_INTERFACE_RULE = "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)"
_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")


def parse_ip(text: str) -> Address | None:
    """The address, even if it has leading zeros, as Go's older parser reads it; None if it is none."""
    if "%" in text:
        return None
    head, colon, tail = text.rpartition(":")
    if "." in tail:
        tail = _ZEROS.sub("", tail)
    try:
        return ip_address(f"{head}{colon}{tail}")
    except ValueError:
        return None


def canonical_ip(address: Address) -> str:
    """The address as Go prints it: one mapped into IPv6 as IPv4."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def _is_mapped(address: Address) -> bool:
    return isinstance(address, IPv6Address) and address.ipv4_mapped is not None


def _has_zeros(text: str) -> bool:
    tail = text.rpartition(":")[2]
    return "." in tail and _ZEROS.search(tail) is not None


def validate_ip(text: str, path: str, errors: list[FieldError], known: Container[str] = ()) -> bool:
    """A strict IP address, or one that was there before; tells whether it is."""
    if text in known:
        return True
    before = len(errors)
    address = parse_ip(text)
    if address is None:
        errors.append(invalid(path, text, _IP_RULE))
    else:
        if _has_zeros(text):
            errors.append(invalid(path, text, "must not have leading 0s"))
        elif _is_mapped(address):
            errors.append(invalid(path, text, "must not be an IPv4-mapped IPv6 address"))
    return len(errors) == before


def validate_canonical_ip(text: str, path: str, errors: list[FieldError]) -> None:
    """A strict IP address in its canonical form."""
    if validate_ip(text, path, errors) and text != str(ip_address(text)):
        errors.append(invalid(path, text, f"must be in canonical form ({quoted(str(ip_address(text)))})"))


def validate_endpoint_ip(text: str, path: str, errors: list[FieldError]) -> None:
    """An address that traffic can be sent to."""
    address = parse_ip(text)
    if address is None:
        errors.append(invalid(path, text, "must be a valid IP address"))
        return
    for wrong, detail in (
        (address.is_unspecified, f"may not be unspecified ({text})"),
        (address.is_loopback, "may not be in the loopback range (127.0.0.0/8, ::1/128)"),
        (
            address.is_link_local and not address.is_multicast,
            "may not be in the link-local range (169.254.0.0/16, fe80::/10)",
        ),
        (_is_local_multicast(address), "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"),
    ):
        if wrong:
            errors.append(invalid(path, text, detail))


def _is_local_multicast(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return address in ip_network("224.0.0.0/24")
    return address.packed[0] == 0xFF and address.packed[1] & 0x0F == 0x02


def ip_warnings(text: str, path: str) -> list[str]:
    """What is odd about an address that was accepted."""
    address = parse_ip(text)
    if address is None:
        return []
    if _has_zeros(text) or _is_mapped(address):
        shown = quoted(canonical_ip(address))
        return [f"{path}: non-standard IP address {quoted(text)} is invalid: use {shown}"]
    if isinstance(address, IPv6Address) and str(address) != text:
        shown = quoted(str(address))
        return [f"{path}: IPv6 address {quoted(text)} should be in RFC 5952 canonical format ({shown})"]
    return []


def parse_cidr(text: str) -> tuple[Address, int] | None:
    """Address and prefix length, leading zeros and all; None if it is no CIDR."""
    ip, slash, prefix = text.partition("/")
    address = parse_ip(ip)
    if not slash or address is None or not prefix.isascii() or not prefix.isdigit():
        return None
    return (address, int(prefix)) if int(prefix) <= address.max_prefixlen else None


def _network(address: Address, length: int) -> str:
    return str(ip_network(f"{address}/{length}", strict=False))


def validate_cidr(
    text: str, path: str, errors: list[FieldError], known: Container[str] = (), canonical: bool = False
) -> None:
    """A strict CIDR, or one that was there before; `canonical` in the one form it has."""
    if text in known:
        return
    parsed = parse_cidr(text)
    if parsed is None:
        errors.append(invalid(path, text, _CIDR_RULE))
        return
    address, length = parsed
    prefix = text.partition("/")[2]
    network = _network(address, length)
    if _has_zeros(text.partition("/")[0]) or prefix != str(length):
        errors.append(invalid(path, text, "must not have leading 0s in IP or prefix length"))
    elif _is_mapped(address):
        errors.append(invalid(path, text, "must not have an IPv4-mapped IPv6 address"))
    elif ip_address(network.partition("/")[0]) != address:
        errors.append(invalid(path, text, "must not have bits set beyond the prefix length"))
    elif canonical and text != network:
        errors.append(invalid(path, text, f"must be in canonical form ({quoted(network)})"))


def validate_interface_address(text: str, path: str, errors: list[FieldError]) -> None:
    """A complete address with the length of its subnet's prefix, in canonical form."""
    parsed = parse_cidr(text)
    if parsed is None:
        errors.append(invalid(path, text, _INTERFACE_RULE))
        return
    address, length = parsed
    canonical = f"{canonical_ip(address)}/{length - 96 if _is_mapped(address) and length > 32 else length}"
    if text != canonical:
        errors.append(invalid(path, text, f"must be in canonical form ({quoted(canonical)})"))


def cidr_warnings(text: str, path: str) -> list[str]:
    """What is odd about a CIDR that was accepted."""
    parsed = parse_cidr(text)
    if parsed is None:
        return []
    address, length = parsed
    network, warnings = _network(address, length), []
    if ip_address(network.partition("/")[0]) != address:
        single = quoted(f"{canonical_ip(address)}/{address.max_prefixlen}")
        warnings.append(
            f"{path}: CIDR value {quoted(text)} is ambiguous in this context (should be {quoted(network)} or {single}?)"
        )
    if _has_zeros(text.partition("/")[0]) or text.partition("/")[2] != str(length) or _is_mapped(address):
        warnings.append(f"{path}: non-standard CIDR value {quoted(text)} is invalid: use {quoted(network)}")
    if not warnings and isinstance(address, IPv6Address) and network != text:
        shown = quoted(network)
        warnings.append(f"{path}: IPv6 CIDR value {quoted(text)} should be in RFC 5952 canonical format ({shown})")
    return warnings
