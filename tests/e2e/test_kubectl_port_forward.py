"""kubectl port-forward to a pod that a server on this machine stands for, over WebSocket and over SPDY."""

import http.server
import socketserver
import subprocess
import threading
import urllib.error
import urllib.request

import pytest


class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"{self.path} ".encode() * 50_000
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def port():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Hello) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.mark.parametrize("over", [{}, {"KUBECTL_PORT_FORWARD_WEBSOCKETS": "false"}], ids=["websocket", "spdy"])
def test_port_forward(kubectl, port, over, monkeypatch):
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "annotations": {"kfast.dev/pod-ip": "127.0.0.1"}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    }
    kubectl("create", "-f", "-", stdin=pod)
    kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=30s")
    for name, value in over.items():
        monkeypatch.setenv(name, value)
    command = kubectl.command("port-forward", "pod/web", f":{port}", ":1", "--address=127.0.0.1")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        first, second = (process.stdout.readline().split()[2].rpartition(":")[2] for _ in range(2))
        for number in range(5):
            with urllib.request.urlopen(f"http://127.0.0.1:{first}/{number}", timeout=20) as answer:
                assert answer.read() == f"/{number} ".encode() * 50_000
        with pytest.raises((OSError, urllib.error.URLError)):
            urllib.request.urlopen(f"http://127.0.0.1:{second}/", timeout=20)
    finally:
        process.terminate()
        _, complaints = process.communicate(timeout=20)
    assert "error forwarding port 1 to pod web" in complaints
