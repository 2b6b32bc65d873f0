"""Who an API server is to webhooks: the users of a kubeconfig, chosen by host (upstream: util/webhook/authentication).

The entry for a webhook is called as its host and port, `*.` and the rest of these, or `*`; the port may be left out if
it is 443. Without any it is the user of the current context, else nobody.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kfast.meta.kubeconfig import Connection, KubeconfigError, pem


@dataclass(frozen=True, slots=True)
class Credentials:
    """Headers, and a client certificate with its key (PEM)."""

    headers: Sequence[tuple[str, str]] = ()
    certificate: tuple[str, str] | None = None

    @classmethod
    def of(cls, connection: Connection) -> Credentials:
        """Those of a kubeconfig's context."""
        token = connection.token or (_text(Path(connection.token_file)).strip() if connection.token_file else "")
        certificate = (connection.certificate_pem, connection.key_pem) if connection.certificate_pem else None
        return cls(tuple(_authorization(token, connection.username, connection.password)), certificate)


NOBODY = Credentials()


class WebhookUsers:
    """The users of a decoded kubeconfig."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._users = {entry.get("name"): entry.get("user") or {} for entry in config.get("users") or ()}
        contexts = {entry.get("name"): entry.get("context") or {} for entry in config.get("contexts") or ()}
        self._current = (contexts.get(config.get("current-context")) or {}).get("user")

    def of(self, host: str, port: int) -> Credentials:
        """The credentials for a webhook. Raises KubeconfigError for those that cannot be read."""
        for name in _names(host, port):
            if name in self._users:
                return _credentials(self._users[name])
        current = self._users.get(self._current) if self._current else None
        return NOBODY if current is None else _credentials(current)


def _names(host: str, port: int) -> Iterator[str]:
    targets = [f"{host}:{port}"] + ([host] if port == 443 else [])
    for target in targets:
        yield target
        steps = target.split(".")
        for i in range(1, len(steps)):
            yield "*." + ".".join(steps[i:])
    yield "*"


def _credentials(user: Mapping[str, Any]) -> Credentials:
    if "auth-provider" in user:
        raise KubeconfigError("auth provider not supported")
    if "exec" in user:
        raise KubeconfigError("a user authenticates by exec, which kfast does not run")
    headers: list[tuple[str, str]] = []
    token = user.get("token") or ""
    if not token and user.get("tokenFile"):
        token = _text(Path(user["tokenFile"])).strip()
    headers += _authorization(token, user.get("username") or "", user.get("password") or "")
    headers += _impersonation(user)
    certificate, key = pem(user, "client-certificate"), pem(user, "client-key")
    return Credentials(headers, (certificate, key) if certificate else None)


def _authorization(token: str, username: str, password: str) -> Iterator[tuple[str, str]]:
    if token:
        yield "Authorization", f"Bearer {token}"
    elif username or password:
        yield "Authorization", f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}"


def _impersonation(user: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not user.get("as"):
        return
    yield "Impersonate-User", user["as"]
    if user.get("as-uid"):
        yield "Impersonate-Uid", user["as-uid"]
    for group in user.get("as-groups") or ():
        yield "Impersonate-Group", group
    for key, values in (user.get("as-user-extra") or {}).items():
        for value in values:
            yield f"Impersonate-Extra-{quote(key, safe='')}", value


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise KubeconfigError(f"open {path}: {(error.strerror or '').lower()}") from error
