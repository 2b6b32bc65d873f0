"""Where a webhook is: WebhookClientConfig of admission and of CRD conversion."""

from __future__ import annotations

import re

from kfast.api.field_errors import invalid, quoted, required
from kfast.api.kind import Body, FieldError
from kfast.meta.name_rules import dns_subdomain

_FORM = "; desired format: https://host[/path]"
_PORTS = range(1, 65536)
_SCHEME = re.compile("[a-zA-Z][a-zA-Z0-9+.-]*")
_CONTROL = re.compile("[\x00-\x1f\x7f]")
_BAD_ESCAPE = re.compile("%(?![0-9a-fA-F]{2}).{0,2}")
_AUTHORITY = re.compile("(?:[^/:]*:)?//([^/]*)")
_BAD_PORT = re.compile(r":(?![0-9]*$)[^:\]]*$")
_BLANK = re.compile(r"[ \"<>\\^`{|}]")


def default_client_config(config: Body) -> None:
    """Fills the port of a service in."""
    service = config.get("service")
    if service is not None and service.get("port") is None:
        service["port"] = 443


def validate_client_config(config: Body, path: str, errors: list[FieldError]) -> None:
    """Adds the errors of the place a webhook is called at."""
    url, service = config.get("url"), config.get("service")
    if (url is None) == (service is None):
        errors.append(required(path, "exactly one of url or service is required"))
    elif url is not None:
        _url(url, f"{path}.url", errors)
    elif service is not None:
        _service(service, f"{path}.service", errors)


def _url(url: str, path: str, errors: list[FieldError]) -> None:
    problem = _unparsable(url)
    if problem:
        errors.append(required(path, f"url must be a valid URL: parse {quoted(url)}: {problem}{_FORM}"))
        return
    scheme, colon, rest = url.partition(":")
    if not colon or not _SCHEME.fullmatch(scheme):
        scheme, rest = "", url
    rest, _, fragment = rest.partition("#")
    rest, _, query = rest.partition("?")
    authority = rest[2:].partition("/")[0] if rest.startswith("//") else ""
    user, _, host = authority.rpartition("@")
    if scheme != "https":
        errors.append(invalid(path, scheme.lower(), f"'https' is the only allowed URL scheme{_FORM}"))
    if not host:
        errors.append(invalid(path, host, f"host must be specified{_FORM}"))
    if "@" in authority:
        errors.append(invalid(path, user, "user information is not permitted in the URL"))
    if fragment:
        errors.append(invalid(path, fragment, "fragments are not permitted in the URL"))
    if query:
        errors.append(invalid(path, query, "query parameters are not permitted in the URL"))


def _unparsable(url: str) -> str:
    """Why Go's net/url does not read it, as far as the parts of a webhook's URL go; empty if it does."""
    if _CONTROL.search(url):
        return "net/url: invalid control character in URL"
    if url.startswith(":"):
        return "missing protocol scheme"
    before = url.partition("#")[0].partition("?")[0]
    escape = _BAD_ESCAPE.search(before)
    if escape is not None:
        return f"invalid URL escape {quoted(escape[0])}"
    match = _AUTHORITY.match(before)
    host = match[1].rpartition("@")[2] if match is not None else ""
    port = _BAD_PORT.search(host)
    if port is not None:
        return f"invalid port {quoted(port[0])} after host"
    blank = _BLANK.search(host)
    return f"invalid character {quoted(blank[0])} in host name" if blank is not None else ""


def _service(service: Body, path: str, errors: list[FieldError]) -> None:
    for field, named in (("namespace", "name"), ("name", "namespace")):  # upstream names the one for the other
        if not service.get(field):
            errors.append(required(f"{path}.{named}"))
    port = service.get("port") or 0
    if port not in _PORTS:
        errors.append(invalid(f"{path}.port", port, "port is not valid: must be between 1 and 65535, inclusive"))
    text = service.get("path")
    if not text or text == "/":
        return
    at = f"{path}.path"
    if text == "//":
        errors.append(invalid(at, text, "segment[0] may not be empty"))
        return
    if not text.startswith("/"):
        errors.append(invalid(at, text, "must start with a '/'"))
    for i, step in enumerate(text[1:].removesuffix("/").split("/")):
        if not step:
            errors.append(invalid(at, text, f"segment[{i}] may not be empty"))
            continue
        errors.extend(invalid(at, text, f"segment[{i}]: {problem}") for problem in dns_subdomain(step))
