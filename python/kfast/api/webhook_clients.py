"""Where the server calls out to: the rules of webhook client configurations (upstream: apiserver's util/webhook)."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import urlsplit

from kfast.api.field_errors import invalid, required
from kfast.api.kind import Body, FieldError
from kfast.meta import names

_FORM = "; desired format: https://host[/path]"
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def validate_webhook_url(url: str, path: str) -> list[FieldError]:
    """An https URL without user, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        return [required(path, f"url must be a valid URL: {error}{_FORM}")]
    errors = []
    if parts.scheme != "https":
        errors.append(invalid(path, parts.scheme, f"'https' is the only allowed URL scheme{_FORM}"))
    user, at, host = parts.netloc.rpartition("@")
    if not host:
        errors.append(invalid(path, host, f"host must be specified{_FORM}"))
    if at:
        errors.append(invalid(path, user, "user information is not permitted in the URL"))
    if parts.fragment:
        errors.append(invalid(path, parts.fragment, "fragments are not permitted in the URL"))
    if parts.query:
        errors.append(invalid(path, parts.query, "query parameters are not permitted in the URL"))
    return errors


def validate_webhook_service(service: Body, path: str) -> list[FieldError]:
    """A reference to a Service: its name, namespace and port, and the path of the URL."""
    errors = [required(f"{path}.{key}") for key in ("name", "namespace") if not service.get(key)]
    port = service.get("port", 443)
    if complaints := names.port_number(port):
        errors.append(invalid(f"{path}.port", port, f"port is not valid: {', '.join(complaints)}"))
    return errors + _validate_path(service.get("path") or "", f"{path}.path")


def _validate_path(text: str, path: str) -> list[FieldError]:
    if text in ("", "/"):
        return []
    if text == "//":
        return [invalid(path, text, "segment[0] may not be empty")]
    errors = [] if text.startswith("/") else [invalid(path, text, "must start with a '/'")]
    for at, step in enumerate(text[1:].removesuffix("/").split("/")):
        if not step:
            errors.append(invalid(path, text, f"segment[{at}] may not be empty"))
            continue
        errors += [invalid(path, text, f"segment[{at}]: {why}") for why in names.dns_subdomain(step)]
    return errors


def ca_bundle_error(bundle: str) -> str:
    """Why a caBundle (PEM in base64) cannot be used, empty if it can."""
    try:
        pem = base64.b64decode(bundle, validate=True)
    except binascii.Error as error:
        return str(error)
    if not pem:
        return ""
    return "" if _certificates(pem) else "unable to load root certificates: unable to parse bytes as PEM block"


def _certificates(pem: bytes) -> bool:
    from cryptography import x509  # takes long to import, and few objects hold certificates

    blocks = _PEM.findall(pem)
    try:
        for block in blocks:
            x509.load_pem_x509_certificate(block)
    except ValueError:
        return False
    return bool(blocks)


def validate_ca_bundle(bundle: str, path: str) -> list[FieldError]:
    """Certificates as PEM."""
    why = ca_bundle_error(bundle)
    return [invalid(path, bundle, why)] if why else []
