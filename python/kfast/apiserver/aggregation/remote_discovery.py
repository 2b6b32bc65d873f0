"""What remote servers serve, as our discovery and OpenAPI documents tell it."""

from __future__ import annotations

from typing import Any

import msgspec

from kfast.apiserver.aggregation.remote import Forwarder, Remote
from kfast.apiserver.openapi.merge import with_paths
from kfast.apiserver.openapi.protobuf import document_protobuf
from kfast.meta.exchange import User

_decode = msgspec.json.decode


async def aggregated_entries(forwarder: Forwarder, remote: Remote, user: User) -> list[dict[str, Any]]:
    """The resources of the group version, from its APIResourceList. Raises StatusError, OSError, ValueError."""
    response, url = await forwarder.get(remote, remote.gv.path, user)
    if response.status != 200 or not isinstance(response.payload, bytes):
        raise ValueError(f"{url}: {response.status}")
    found: dict[str, dict[str, Any]] = {}
    subresources: list[tuple[str, dict[str, Any]]] = []
    for resource in _decode(response.payload).get("resources") or ():
        name, _, subresource = resource["name"].partition("/")
        kind = {
            "group": resource.get("group") or remote.gv.group,
            "version": resource.get("version") or remote.gv.version,
            "kind": resource.get("kind") or "",
        }
        verbs = sorted(resource.get("verbs") or ())
        if subresource:
            subresources.append((name, {"subresource": subresource, "responseKind": kind, "verbs": verbs}))
            continue
        found[name] = {
            "resource": name,
            "responseKind": kind,
            "scope": "Namespaced" if resource.get("namespaced") else "Cluster",
            "singularResource": resource.get("singularName") or "",
            "verbs": verbs,
        }
        found[name] |= {key: resource[key] for key in ("shortNames", "categories") if resource.get(key)}
    for name, entry in subresources:
        if name in found:
            found[name].setdefault("subresources", []).append(entry)
    return list(found.values())


async def read_openapi(forwarder: Forwarder, remote: Remote, user: User) -> str:
    """Where the remote has its OpenAPI v3 document, empty if it has none. Raises StatusError, OSError, ValueError."""
    response, _ = await forwarder.get(remote, "/openapi/v3", user)
    if response.status != 200 or not isinstance(response.payload, bytes):
        return ""
    paths = _decode(response.payload).get("paths") or {}
    entry = paths.get(remote.gv.path.removeprefix("/")) or {}
    return str(entry.get("serverRelativeURL") or "")


async def read_openapi_v2(forwarder: Forwarder, remote: Remote, user: User) -> tuple[dict[str, Any], str]:
    """What the remote's OpenAPI v2 document tells of the group version, and its ETag; as before if it has none now.
    Raises StatusError, OSError, ValueError."""
    response, url = await forwarder.get(remote, "/openapi/v2", user, remote.openapi_v2_etag)
    if response.status != 200 or not isinstance(response.payload, bytes):
        return remote.openapi_v2, remote.openapi_v2_etag
    document = _decode(response.payload)
    try:
        document_protobuf(document)
    except ValueError as error:
        raise ValueError(f"{url}: {error}") from error
    prefix = f"{remote.gv.path}/"
    paths = [path for path in document.get("paths") or () if path.startswith(prefix)]
    headers = {name.lower(): value for name, value in response.headers.items()}
    return with_paths(document, paths), str(headers.get("etag", ""))
