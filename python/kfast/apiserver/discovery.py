"""Discovery: which groups, versions and resources are served.

Documents are made from the catalog on first use and again when it changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from kfast.api.kind import Kind
from kfast.apiserver.aggregation.remote import Remote
from kfast.apiserver.discovery_documents import add_remotes, aggregated_list, group_entry, grouped, resource_list
from kfast.apiserver.encode import render
from kfast.apiserver.negotiate import JSON, PLAIN, SERVED, Output, media_clauses, negotiate, wants_pretty
from kfast.meta.exchange import Request, Response
from kfast.meta.gvk import GroupVersion

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

_encode = msgspec.json.encode


class Discovery:
    """Answers `/api`, `/apis` and what is below them down to a group version."""

    def __init__(self, kinds: Callable[[], Iterable[Kind]], address: str = "") -> None:
        self._kinds = kinds
        self._documents: dict[str, tuple[dict[str, Any], str]] | None = None
        self._forms: dict[tuple[str, Output, bool], bytes] = {}
        self.remotes: Callable[[], Sequence[Remote]] = tuple
        """The remote group versions that are shown, too."""
        self.address = address
        """`host:port` clients reach the server at, told in `/api`."""

    def changed(self) -> None:
        """The catalog is another one now."""
        self._documents = None
        self._forms.clear()

    def paths(self) -> list[str]:
        """Every path that is answered."""
        return [path for path in self._all() if "#" not in path]

    def has_group(self, path: str) -> bool:
        """Whether the path lies in a group the server was built with, `/api` included."""
        root, _, rest = path.removeprefix("/").partition("/")
        return root == "api" or (
            root == "apis" and any(not k.definition and k.group == rest.partition("/")[0] for k in self._kinds())
        )

    @staticmethod
    def is_group(path: str) -> bool:
        """Whether the path is `/apis` or `/apis/<group>`, which upstream answers whatever the method, but for the group
        of its aggregator."""
        return path.startswith("/apis") and path.count("/") < 3 and path != "/apis/apiregistration.k8s.io"

    def respond(self, request: Request) -> Response | None:
        """The answer, or None if the path is none of discovery's."""
        path = request.path.rstrip("/") or "/"
        if not path.startswith("/api"):
            return None
        media_type = _aggregated_as(request.headers.get("accept", "")) if path in ("/api", "/apis") else None
        found = self._all().get(f"{path}#aggregated" if media_type else path)
        if found is None:
            return None
        body, etag = found
        vary = {"Vary": "Accept"} if path in ("/api", "/apis") else {}
        if media_type is None:
            output = PLAIN if request.native else negotiate(request, "none")
            data = self._rendered(path, body, output, request)
            return Response(200, data, vary, output.media_type)
        headers = vary | {"ETag": etag}
        content_type = media_type + AGGREGATED.removeprefix(JSON)
        if request.headers.get("if-none-match") == etag:
            return Response(304, b"", headers, content_type)
        data = self._rendered(f"{path}#aggregated", body, Output(media_type), request)
        return Response(200, data, headers, content_type)

    def _rendered(self, key: str, body: dict[str, Any], output: Output, request: Request) -> bytes:
        """A document in one form, made once."""
        form = (key, output, wants_pretty(request))
        data = self._forms.get(form)
        if data is None:
            data = self._forms[form] = render(body, output, form[2])
        return data

    def _all(self) -> dict[str, tuple[dict[str, Any], str]]:
        if self._documents is None:
            self._documents = self._build()
        return self._documents

    def _build(self) -> dict[str, tuple[dict[str, Any], str]]:
        groups = grouped(self._kinds())
        named = {name: versions for name, versions in groups.items() if name}
        documents: dict[str, Any] = {
            "/api": {
                "kind": "APIVersions",
                "versions": list(groups.get("", {})),
                "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": self.address}],
            },
            "/apis": {
                "kind": "APIGroupList",
                "apiVersion": "v1",
                "groups": [group_entry(name, versions) for name, versions in named.items()],
            },
            "/api#aggregated": aggregated_list({"": groups[""]} if "" in groups else {}),
            "/apis#aggregated": aggregated_list(named),
        }
        for group, versions in groups.items():
            if group:
                documents[f"/apis/{group}"] = {"kind": "APIGroup", "apiVersion": "v1"} | group_entry(group, versions)
            for version, kinds in versions.items():
                gv = GroupVersion(group, version)
                documents[gv.path] = resource_list(gv, kinds)
        remotes = self.remotes()
        if remotes:
            add_remotes(documents, remotes)
        return {path: _with_etag(document) for path, document in documents.items()}


def _with_etag(body: dict[str, Any]) -> tuple[dict[str, Any], str]:
    return body, f'"{hashlib.sha512(_encode(body)).hexdigest().upper()}"'


def _aggregated_as(accept: str) -> str | None:
    """The media type of the aggregated document, None if Accept wants another document first."""
    for media, parameters in media_clauses(accept):
        media_type = JSON if media in ("application/*", "*/*") else media
        if media_type not in SERVED:
            continue
        if "as" not in parameters:
            return None
        if parameters["as"] == "APIGroupDiscoveryList" and parameters.get("v") == "v2":
            return media_type if parameters.get("g") == "apidiscovery.k8s.io" else None
    return None
