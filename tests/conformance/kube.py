"""The official Python client over plain dicts: any kind of resource, live watches, raw requests."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import kubernetes
import urllib3
from kubernetes.dynamic import DynamicClient

MERGE, STRATEGIC = "application/merge-patch+json", "application/strategic-merge-patch+json"
JSON_PATCH, APPLY = "application/json-patch+json", "application/apply-patch+yaml"
WATCH_SECONDS = 20
"""How long a watch waits for what never comes."""


@dataclass
class Answer:
    """A raw response."""

    status: int
    headers: Any
    data: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.data)


class Watch:
    """An open watch: what happens from now on is read with `next`."""

    def __init__(self, response: urllib3.BaseHTTPResponse) -> None:
        self.response = response
        self.lines = self._lines()

    def _lines(self) -> Iterator[bytes]:
        rest = b""
        for chunk in self.response.stream(amt=None, decode_content=True):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from lines

    def next(self) -> tuple[str, dict[str, Any]]:
        """The next event's type and object; fails if the watch ends first."""
        line = next(self.lines, None)
        assert line, "the watch ended before what was expected happened"
        event = json.loads(line)
        return event["type"], event["object"]

    def until(self, found: Callable[[str, dict[str, Any]], Any]) -> dict[str, Any]:
        """Reads on to the first event for which `found` holds; its object."""
        while True:
            kind, thing = self.next()
            assert kind != "ERROR", thing
            if found(kind, thing):
                return thing

    def take(self, count: int) -> list[tuple[str, str]]:
        """Type and name of the next `count` events."""
        return [(kind, thing["metadata"]["name"]) for kind, thing in (self.next() for _ in range(count))]

    def close(self) -> None:
        self.response.close()
        self.response.release_conn()


class Things:
    """One kind of resource, in one namespace if it has them."""

    def __init__(self, kube: Kube, resource: Any, namespace: str | None) -> None:
        self.kube = kube
        self.resource = resource
        self.namespace = namespace if resource.namespaced else None

    def path(self, name: str = "", subresource: str = "") -> str:
        """The path of the collection, of one object or of its subresource."""
        return "/".join(part for part in (self.resource.path(name or None, self.namespace), subresource) if part)

    def _send(self, method: str, name: str = "", subresource: str = "", body: Any = None, **parameters: Any) -> Any:
        done = self.kube.client.request(method, self.path(name, subresource), body=body, **parameters)
        return done.to_dict() if hasattr(done, "to_dict") else done

    def body(self, name: str, **fields: Any) -> dict[str, Any]:
        """An object of this kind."""
        return {
            "apiVersion": self.resource.group_version,
            "kind": self.resource.kind,
            "metadata": {"name": name, **fields.pop("metadata", {})},
            **fields,
        }

    def create(self, name: str, **fields: Any) -> Any:
        return self.post(self.body(name, **fields))

    def post(self, body: Any, **parameters: Any) -> Any:
        return self._send("post", body=body, **parameters)

    def get(self, name: str, subresource: str = "") -> Any:
        return self._send("get", name, subresource)

    def list(self, **parameters: Any) -> Any:
        return self._send("get", **parameters)

    def names(self, **parameters: Any) -> list[str]:
        return [item["metadata"]["name"] for item in self.list(**parameters)["items"]]

    def replace(self, body: Any, subresource: str = "", **parameters: Any) -> Any:
        return self._send("put", body["metadata"]["name"], subresource, body, **parameters)

    def change(self, name: str, change: Callable[[Any], Any], subresource: str = "") -> Any:
        """Reads, changes and writes back until nobody else wrote between."""
        while True:
            body = self.get(name, subresource)
            change(body)
            try:
                return self.replace(body, subresource)
            except kubernetes.client.ApiException as error:
                if error.status != 409:
                    raise

    def patch(self, name: str, patch: Any, subresource: str = "", content_type: str = MERGE, **parameters: Any) -> Any:
        return self._send("patch", name, subresource, patch, content_type=content_type, **parameters)

    def delete(self, name: str, **options: Any) -> Any:
        return self._send("delete", name, body={"kind": "DeleteOptions", "apiVersion": "v1", **options})

    def delete_all(self, **parameters: Any) -> Any:
        return self._send("delete", **parameters)

    def watch(self, name: str = "", **query: Any) -> Watch:
        """A watch of the collection, or of one object; query parameters are spelled as the API spells them."""
        if name:
            query["fieldSelector"] = f"metadata.name={name}"
        query = {"watch": "true", "timeoutSeconds": str(WATCH_SECONDS), **query}
        response = self.kube.send("GET", self.path(), query=query, stream=True)
        assert response.status == 200, response.data
        return Watch(response)

    def wait(self, name: str, found: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        """The object as soon as `found` holds of it."""
        watch = self.watch(name)
        try:
            return watch.until(lambda kind, thing: kind != "DELETED" and found(thing))
        finally:
            watch.close()

    def wait_gone(self, name: str) -> None:
        """Returns when the object does not exist."""
        listed = self.list(field_selector=f"metadata.name={name}")
        if listed["items"]:
            watch = self.watch(name, resourceVersion=listed["metadata"]["resourceVersion"])
            watch.until(lambda kind, _: kind == "DELETED")
            watch.close()


class Kube:
    """A cluster as one client sees it, with a namespace of the caller's own."""

    def __init__(self, kubeconfig: Path, cache: Path, namespace: str = "default") -> None:
        self.api = kubernetes.config.new_client_from_config(str(kubeconfig))
        self.client = DynamicClient(self.api, cache_file=str(cache))
        self.namespace = namespace

    def __call__(self, kind: str, api_version: str = "v1", namespace: str | None = None) -> Things:
        """The resources of a kind, in the client's namespace unless another or "" is given."""
        resource = self.client.resources.get(api_version=api_version, kind=kind)
        return Things(self, resource, self.namespace if namespace is None else namespace or None)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: dict[str, str] | None = None,
        stream: bool = False,
        **headers: str,
    ) -> Any:
        """A raw request; `_` in the name of a header stands for `-`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None and not isinstance(body, bytes | str):
            body = json.dumps(body)
            sent.setdefault("content-type", "application/json")
        url = self.api.configuration.host + path
        pool = self.api.rest_client.pool_manager
        if query:
            url += f"?{urlencode(query)}"
        response = pool.request(method, url, body=body, headers=sent, preload_content=not stream, timeout=60)
        return response if stream else Answer(response.status, response.headers, response.data)

    def close(self) -> None:
        self.api.close()
