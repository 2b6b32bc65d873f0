"""An API server to run behind another as a process of its own: `python delegating_server.py KUBECONFIG PEM GROUP`.

It serves Flunders and delegates as upstream's sample-apiserver does: who a front proxy speaks for, it learns from the
certificates of extension-apiserver-authentication; whose a bearer token is, from a TokenReview; what they may do, from
a SubjectAccessReview. Prints its port, then serves until it is killed.
"""

from __future__ import annotations

import json
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from kubernetes import client, config

VERSION = "v1alpha1"
VERBS = {"GET": "get", "POST": "create", "DELETE": "delete"}


class Delegating(ThreadingHTTPServer):
    """The certificates it trusts are those published when it starts."""

    def __init__(self, kubeconfig: str, pem: str, group: str) -> None:
        super().__init__(("0.0.0.0", 0), Handler)
        self.api = config.new_client_from_config(kubeconfig)
        published = client.CoreV1Api(self.api).read_namespaced_config_map(
            "extension-apiserver-authentication", "kube-system"
        )
        data = published.data
        self.proxies = json.loads(data["requestheader-allowed-names"])
        self.user_headers, self.group_headers = (
            json.loads(data[f"requestheader-{what}-headers"]) for what in ("username", "group")
        )
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=data["requestheader-client-ca-file"])
        tls.verify_mode = ssl.CERT_OPTIONAL
        tls.load_cert_chain(pem)
        self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.group = group
        self.flunders: dict[tuple[str, str], Any] = {}

    def authenticate(self, handler: Handler) -> tuple[str, list[str]] | None:
        """Name and groups; None if a token is nobody's."""
        subject = (handler.connection.getpeercert() or {}).get("subject", ())
        names = [value for part in subject for key, value in part if key == "commonName"]
        user = handler.headers.get(self.user_headers[0])
        if user and names and names[0] in self.proxies:
            return user, handler.headers.get_all(self.group_headers[0]) or []
        kind, _, token = (handler.headers.get("Authorization") or "").partition(" ")
        if kind != "Bearer":
            return "system:anonymous", ["system:unauthenticated"]
        review = client.V1TokenReview(spec=client.V1TokenReviewSpec(token=token))
        status = client.AuthenticationV1Api(self.api).create_token_review(review).status
        return (status.user.username, status.user.groups) if status.authenticated else None

    def allowed(self, user: tuple[str, list[str]], verb: str, namespace: str, name: str) -> bool:
        """Whether they may."""
        attributes = client.V1ResourceAttributes(
            group=self.group, version=VERSION, resource="flunders", verb=verb, namespace=namespace, name=name
        )
        spec = client.V1SubjectAccessReviewSpec(user=user[0], groups=user[1], resource_attributes=attributes)
        review = client.V1SubjectAccessReview(spec=spec)
        return bool(client.AuthorizationV1Api(self.api).create_subject_access_review(review).status.allowed)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Delegating

    def _answer(self, code: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _refuse(self, code: int, reason: str, message: str) -> None:
        status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": code}
        self._answer(code, status | {"reason": reason, "message": message})

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        base, path = f"/apis/{self.server.group}/{VERSION}", urlsplit(self.path).path
        if path == base:
            names = {"name": "flunders", "singularName": "flunder", "kind": "Flunder", "namespaced": True}
            verbs = ["create", "delete", "deletecollection", "get", "list"]
            listed = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": base.removeprefix("/apis/")}
            return self._answer(200, listed | {"resources": [names | {"verbs": verbs}]})
        if not path.startswith(f"{base}/"):
            return self._refuse(404, "NotFound", f"no {path}")
        user = self.server.authenticate(self)
        if user is None:
            return self._refuse(401, "Unauthorized", "Unauthorized")
        parts = path.removeprefix(f"{base}/").split("/")
        namespace = parts[1] if parts[0] == "namespaces" else ""
        name = parts[-1] if parts[-1] != "flunders" else ""
        verb = VERBS[self.command]
        verb = {"get": "list", "delete": "deletecollection"}.get(verb, verb) if not name else verb
        if not self.server.allowed(user, verb, namespace, name):
            return self._refuse(403, "Forbidden", f"{user[0]} may not {verb} flunders")
        return self._serve(verb, namespace, name, body)

    def _serve(self, verb: str, namespace: str, name: str, body: bytes) -> None:
        flunders = self.server.flunders
        here = [key for key in flunders if namespace in ("", key[0])]
        if verb == "create":
            made = json.loads(body)
            made["metadata"] |= {"namespace": namespace, "uid": f"u{len(flunders)}", "resourceVersion": "1"}
            flunders[namespace, made["metadata"]["name"]] = made
            return self._answer(201, made)
        if verb == "deletecollection":
            for key in here:
                del flunders[key]
            return self._answer(200, {"kind": "Status", "apiVersion": "v1", "status": "Success"})
        if verb == "list":
            head = {"kind": "FlunderList", "apiVersion": f"{self.server.group}/{VERSION}"}
            items = [flunders[key] for key in here]
            return self._answer(200, head | {"metadata": {"resourceVersion": "1"}, "items": items})
        if (namespace, name) not in flunders:
            return self._refuse(404, "NotFound", f'flunders "{name}" not found')
        return self._answer(200, flunders[namespace, name] if verb == "get" else flunders.pop((namespace, name)))

    do_GET = do_POST = do_DELETE = _handle  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


if __name__ == "__main__":
    server = Delegating(*sys.argv[1:])
    print(server.server_address[1], flush=True)
    server.serve_forever()
