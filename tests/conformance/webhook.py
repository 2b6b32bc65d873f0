"""A webhook server in a thread of the test: HTTPS with a certificate of its own, a function for each path."""

from __future__ import annotations

import base64
import contextlib
import datetime
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Answer = Callable[[dict[str, Any]], dict[str, Any]]
"""From the `request` of a review to its `response`."""
Handle = Callable[[str, str, dict[str, str], bytes], tuple[int, str, bytes]]
"""From method, target, headers and body to status, content type and body."""


def allow(_request: dict[str, Any]) -> dict[str, Any]:
    return {"allowed": True}


def deny(message: str) -> Answer:
    return lambda _: {"allowed": False, "status": {"message": message, "code": 403}}


def patch(*operations: dict[str, Any]) -> Answer:
    """Allows with a JSON patch."""
    data = base64.b64encode(json.dumps(operations).encode()).decode()
    return lambda _: {"allowed": True, "patchType": "JSONPatch", "patch": data}


def host_address() -> str:
    """An address of this machine that endpoints may have: none of the loopback range."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing
        return probe.getsockname()[0]


def certificate(directory: Path, *names: str) -> tuple[Path, str]:
    """A file with key and self-signed certificate for `names`, and the certificate as a CA bundle."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(start).not_valid_after(start.replace(year=2060))
    kinds = [x509.IPAddress(ipaddress.ip_address(n)) if n[0].isdigit() else x509.DNSName(n) for n in names]
    builder = builder.add_extension(x509.SubjectAlternativeName(kinds), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    pem = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    plain = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path = directory / "webhook.pem"
    path.write_bytes(secret + pem)
    return path, base64.b64encode(pem).decode()


class Webhook:
    """The running server: `answers` by path, the requests it was sent, its port and CA bundle."""

    def __init__(self, port: int, bundle: str) -> None:
        self.port = port
        self.bundle = bundle
        self.answers: dict[str, Answer] = {}
        self.seen: list[dict[str, Any]] = []

    def review(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        request = body["request"]
        self.seen.append(request)
        path, _, _ = path.partition("?")
        response = {"uid": request["uid"], **self.answers[path](request)}
        return {"kind": body["kind"], "apiVersion": body["apiVersion"], "response": response}


@contextlib.contextmanager
def listening(handle: Handle, pem: Path | None = None) -> Iterator[int]:
    """An HTTP server on all addresses, with TLS if there is a key, until the end of the block; its port."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, kind, data = handle(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            with contextlib.suppress(OSError):  # who asked may have given up
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A client that went away is none of ours."""

    server = Server(("0.0.0.0", 0), Handler)
    if pem is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def serving(directory: Path, *names: str) -> Iterator[Webhook]:
    """A webhook server until the end of the block."""
    path, bundle = certificate(directory, *names)
    hook = Webhook(0, bundle)

    def handle(_method: str, target: str, _headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
        return 200, "application/json", json.dumps(hook.review(target, json.loads(body))).encode()

    with listening(handle, path) as hook.port:
        yield hook


def expose(kube: Any, name: str, port: int) -> None:
    """A Service of this name that leads to a port of this machine."""
    kube("Service").create(name, spec={"ports": [{"port": 8443}]})
    kube("EndpointSlice", "discovery.k8s.io/v1").create(
        name,
        metadata={"labels": {"kubernetes.io/service-name": name}},
        addressType="IPv4",
        endpoints=[{"addresses": [host_address()], "conditions": {"ready": True}}],
        ports=[{"name": "", "port": port, "protocol": "TCP"}],
    )
