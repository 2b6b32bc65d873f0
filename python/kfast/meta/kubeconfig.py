"""Reading, writing and merging kubeconfig files."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kfast.errors import KfastError

_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class KubeconfigError(KfastError):
    """A kubeconfig is unreadable, or names what it does not hold; the message says which file and entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Where an API server is and who asks. PEM texts, not file names; `token_file` is read for each request."""

    server: str
    ca_pem: str = ""
    insecure: bool = False
    certificate_pem: str = ""
    key_pem: str = ""
    token: str = ""
    token_file: str = ""
    username: str = ""
    password: str = ""
    namespace: str = "default"


def default_path() -> Path:
    """The file kubectl writes: the first of $KUBECONFIG, else ~/.kube/config."""
    first = next(iter(_paths_in_environment()), None)
    return first or Path.home() / ".kube" / "config"


def load(path: Path | None = None, context: str = "") -> Connection:
    """The connection of a context, by default the current one. Without `path`, the files of $KUBECONFIG are
    merged as kubectl merges them: the first to set a value wins. Raises KubeconfigError."""
    paths = [path] if path else [p for p in _paths_in_environment() if p.exists()] or [default_path()]
    config: dict[str, Any] = {}
    for file in paths:
        config = merge(config, read(file))
    return connection(config, context)


def in_cluster() -> Connection:
    """The connection a pod's service account gives. Raises KubeconfigError outside a pod."""
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST", ""), os.environ.get("KUBERNETES_SERVICE_PORT", "")
    if not (host and port):
        raise KubeconfigError("not in a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set")
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return Connection(
        server=f"https://{authority}",
        ca_pem=_text(_SERVICE_ACCOUNT / "ca.crt"),
        token_file=str(_SERVICE_ACCOUNT / "token"),
        namespace=_text(_SERVICE_ACCOUNT / "namespace").strip(),
    )


def read(path: Path) -> dict[str, Any]:
    """The decoded file, its relative file references made absolute. Raises KubeconfigError."""
    import yaml

    try:
        config = yaml.load(_text(path), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or {}
    except yaml.YAMLError as error:
        raise KubeconfigError(f"{path} is no YAML: {error}") from error
    if not isinstance(config, dict):
        raise KubeconfigError(f"{path} holds no kubeconfig")
    for section, field in (("clusters", "cluster"), ("users", "user")):
        for entry in config.get(section) or []:
            values = entry.get(field) or {}
            for key in ("certificate-authority", "client-certificate", "client-key", "tokenFile"):
                if values.get(key):
                    values[key] = str(path.parent / values[key])
    return config


def merge(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Both configurations; where both name a cluster, user, context or current context, `first` wins."""
    result = {"apiVersion": "v1", "kind": "Config", **second, **{k: v for k, v in first.items() if v}}
    for section in ("clusters", "users", "contexts"):
        named = {entry["name"]: entry for entry in second.get(section) or []}
        named |= {entry["name"]: entry for entry in first.get(section) or []}
        result[section] = list(named.values())
    return result


def connection(config: dict[str, Any], context: str = "") -> Connection:
    """What a decoded kubeconfig says about `context` (default: current-context). Raises KubeconfigError."""
    context = context or config.get("current-context") or ""
    chosen = _named(config, "contexts", "context", context)
    cluster = _named(config, "clusters", "cluster", chosen.get("cluster", ""))
    user = _named(config, "users", "user", chosen["user"]) if chosen.get("user") else {}
    for unusable in ("exec", "auth-provider"):
        if unusable in user:
            raise KubeconfigError(f"user {chosen['user']!r} authenticates by {unusable}, which kfast does not run")
    if not cluster.get("server"):
        raise KubeconfigError(f"cluster {chosen.get('cluster')!r} has no server")
    return Connection(
        server=cluster["server"].rstrip("/"),
        ca_pem=pem(cluster, "certificate-authority"),
        insecure=bool(cluster.get("insecure-skip-tls-verify")),
        certificate_pem=pem(user, "client-certificate"),
        key_pem=pem(user, "client-key"),
        token=user.get("token", ""),
        token_file=user.get("tokenFile", ""),
        username=user.get("username", ""),
        password=user.get("password", ""),
        namespace=chosen.get("namespace") or "default",
    )


def config_for(name: str, connection: Connection) -> dict[str, Any]:
    """A kubeconfig whose cluster, user and context are all called `name`, credentials inline."""
    cluster: dict[str, Any] = {"server": connection.server}
    if connection.ca_pem:
        cluster["certificate-authority-data"] = _data(connection.ca_pem)
    if connection.insecure:
        cluster["insecure-skip-tls-verify"] = True
    user = {
        "client-certificate-data": _data(connection.certificate_pem),
        "client-key-data": _data(connection.key_pem),
        "token": connection.token,
        "tokenFile": connection.token_file,
        "username": connection.username,
        "password": connection.password,
    }
    context = {"cluster": name, "user": name}
    if connection.namespace != "default":
        context["namespace"] = connection.namespace
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": {key: value for key, value in user.items() if value}}],
        "contexts": [{"name": name, "context": context}],
        "current-context": name,
    }


def write(path: Path, config: dict[str, Any]) -> None:
    """Writes atomically, readable by the owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    import yaml

    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        yaml.dump(config, file, getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False)
    draft.replace(path)


def _paths_in_environment() -> list[Path]:
    return [Path(part) for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]


def _named(config: dict[str, Any], section: str, field: str, name: str) -> dict[str, Any]:
    for entry in config.get(section) or []:
        if entry.get("name") == name:
            return entry.get(field) or {}
    raise KubeconfigError(f"the kubeconfig has no {field} named {name!r}")


def pem(values: Mapping[str, Any], key: str) -> str:
    """The text of an entry's `key` or `key-data`, empty if it has neither. Raises KubeconfigError."""
    if encoded := values.get(f"{key}-data"):
        try:
            return base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise KubeconfigError(f"{key}-data is no base64 of a PEM text: {error}") from error
    return _text(Path(values[key])) if values.get(key) else ""


def _data(pem: str) -> str:
    return base64.b64encode(pem.encode()).decode()


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise KubeconfigError(f"cannot read {path}: {error.strerror}") from error
