"""A real HTTPS server on a thread of its own that answers webhook calls from a function."""

from __future__ import annotations

import base64
import json
import ssl
import tempfile
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from kfast.apiserver.pki import PKI

Answer = dict[str, Any] | tuple[int, str, bytes] | tuple[int, str, bytes, dict[str, str]]
"""A review, or code, content type, body and further headers."""
Handler = Callable[[str, dict[str, Any]], Answer]
"""(path, review) -> answer."""

_authority = PKI(None, time.time())


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that do not trust the server, or have gone, are what tests are about."""


class WebhookServer:
    """Serves `handler` at https://localhost:`port` until its end; `reviews` are all calls, with their paths, `headers`
    what came with them."""

    def __init__(self, handler: Handler, names: tuple[str, ...] = (), tls: bool = True) -> None:
        self.reviews: list[tuple[str, dict[str, Any]]] = []
        self.headers: list[dict[str, str]] = []
        self.connections = 0
        served = self

        class Requests(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                served.connections += 1

            def do_POST(self) -> None:
                review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                served.reviews.append((self.path, review))
                served.headers.append(dict(self.headers))
                answer = handler(self.path.partition("?")[0], review)
                code, kind, body, *headers = (
                    answer if isinstance(answer, tuple) else (200, "application/json", json.dumps(answer).encode())
                )
                self.send_response(code)
                for name, value in (headers[0] if headers else {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self._server = _Server(("127.0.0.1", 0), Requests)
        self.port = self._server.server_address[1]
        self.ca = _authority.ca.certificate
        if tls:
            pair = PKI(None, time.time()) if names else _authority
            self.ca = pair.ca.certificate
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            with tempfile.NamedTemporaryFile() as file:
                leaf = pair.server(names)
                file.write(leaf.certificate + leaf.key)
                file.flush()
                context.load_cert_chain(file.name)
            # Each connection does its own handshake: a client that fails it must not stop the server.
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        """Without a path."""
        return f"https://localhost:{self.port}"

    def config(self, path: str = "/") -> dict[str, Any]:
        """A clientConfig that calls `path`."""
        return {"url": self.url + path, "caBundle": base64.b64encode(self.ca).decode()}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def allowed(review: dict[str, Any], allowed: bool = True, **more: Any) -> dict[str, Any]:
    """The answer to an AdmissionReview."""
    response = {"uid": review["request"]["uid"], "allowed": allowed} | more
    return {"apiVersion": review["apiVersion"], "kind": "AdmissionReview", "response": response}


def patched(review: dict[str, Any], *operations: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An answer that changes the object."""
    patch = base64.b64encode(json.dumps(operations).encode()).decode()
    return allowed(review, patchType="JSONPatch", patch=patch, **more)
