"""kubectl logs, exec, attach and cp on simulated containers, over WebSocket and over SPDY."""

import os
import subprocess
import threading
import time

import pytest
from kubernetes import client, config
from kubernetes.stream import stream

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "p",
        "annotations": {
            "kfast.dev/log": "one\n@1 two\n!three",
            "kfast.dev/log.side": "sidecar",
            "kfast.dev/exec": '{"fail": {"stderr": "no\\n", "exit": 3}}',
        },
    },
    "spec": {"containers": [{"name": "c", "image": "i", "stdin": True}, {"name": "side", "image": "i"}]},
}
PENDING = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "slow", "annotations": {"kfast.dev/start-delay": "3600"}},
    "spec": {"containers": [{"name": "c", "image": "i"}]},
}


@pytest.fixture
def pod(kubectl):
    kubectl("create", "-f", "-", stdin=POD)
    kubectl("wait", "--for=condition=Ready", "pod/p", "--timeout=30s")
    return kubectl


@pytest.fixture(params=["websocket", "spdy"])
def exec_in(pod, request):
    over = {} if request.param == "websocket" else {"KUBECTL_REMOTE_COMMAND_WEBSOCKETS": "false"}

    def run(*command: str, stdin=None) -> subprocess.CompletedProcess:
        flags = ("-i",) if stdin is not None else ()
        return pod.run("exec", *flags, "p", "-c", "c", "--", *command, stdin=stdin, **over)

    return run


def test_logs(pod):
    deadline = time.monotonic() + 20
    while pod("logs", "p", "-c", "c") != "one\nthree\ntwo\n":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert pod("logs", "p", "-c", "c", "--tail=1") == "two\n"
    assert pod("logs", "p", "-c", "c", "--limit-bytes=5") == "one\nt"
    assert "[pod/p/side] sidecar" in pod("logs", "p", "--all-containers", "--prefix").splitlines()
    stamp, _, text = pod("logs", "p", "-c", "side", "--timestamps").partition(" ")
    assert (len(stamp), stamp[-1], text) == (30, "Z", "sidecar\n")
    assert "previous terminated container" in pod.fails("logs", "p", "-c", "c", "--previous")
    assert "container zz is not valid for pod p" in pod.fails("logs", "p", "-c", "zz")
    assert 'pods "q" not found' in pod.fails("logs", "q")


def test_logs_of_a_pod_that_has_not_begun(kubectl):
    kubectl("create", "-f", "-", stdin=PENDING)
    kubectl("wait", "--for=jsonpath={.status.containerStatuses[0].state.waiting}", "pod/slow", "--timeout=30s")
    assert 'container "c" in pod "slow" is waiting to start: ContainerCreating' in kubectl.fails("logs", "slow")


def test_followed_logs_end_with_the_pod(pod):
    process = subprocess.Popen(pod.command("logs", "-f", "p", "-c", "c"), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(3)] == ["one\n", "three\n", "two\n"]
    pod("delete", "pod", "p", "--wait=false")
    assert process.wait(30) == 0
    process.stdout.close()


def test_exec(exec_in):
    assert exec_in("cat", "/etc/hostname").stdout == "p\n"
    assert exec_in("cat", stdin="typed").stdout == "typed"
    failed = exec_in("fail")
    assert (failed.returncode, failed.stderr) == (3, "no\ncommand terminated with exit code 3\n")
    assert exec_in("sh", "-c", "echo a > /tmp/x && cat /tmp/x | tee /tmp/y; exit 4").returncode == 4
    assert exec_in("cat", "/tmp/y").stdout == "a\n"
    assert "executable file not found" in exec_in("nonsense").stderr


def test_a_terminal_shows_what_is_typed(pod):
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        pod.command("exec", "-it", "p", "-c", "c", "--", "sh"), stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    os.write(ours, b"hostname\nexit 5\n")
    while True:
        try:
            data = os.read(ours, 4096)
        except OSError:
            break
        shown += data
    os.close(ours)
    assert process.wait(30) == 5
    assert b"# hostname\r\np" in shown.replace(b"\r\r", b"\r")


def test_cp_brings_files_there_and_back(pod, tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").write_bytes(os.urandom(300_000))
    pod("cp", str(tmp_path / "d"), "p:/tmp/d", "-c", "c")
    pod("cp", "p:/tmp/d", str(tmp_path / "e"), "-c", "c")
    assert (tmp_path / "e" / "f").read_bytes() == (tmp_path / "d" / "f").read_bytes()


def test_attach_shows_what_is_printed(pod):
    process = subprocess.Popen(
        pod.command("attach", "-i", "p", "-c", "c"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("echoed\n")
    process.stdin.flush()
    assert process.stdout.readline() == "echoed\n"
    pod("delete", "pod", "p", "--wait=false")
    assert process.wait(30) == 0
    process.stdin.close()
    process.stdout.close()


def test_the_python_client_streams(pod):
    config.load_kube_config(str(pod.cluster.kubeconfig))
    api = client.CoreV1Api()
    flags = {"stdin": True, "stdout": True, "stderr": True, "tty": False, "_preload_content": False}
    open_exec = stream(api.connect_get_namespaced_pod_exec, "p", pod.namespace, container="c", command=["sh"], **flags)
    open_exec.write_stdin("echo to stdout; fail\n")
    assert open_exec.readline_stdout(timeout=20) == "to stdout"
    assert open_exec.readline_stderr(timeout=20) == "sh: fail: not found"
    open_exec.write_stdin("exit 7\n")
    open_exec.run_forever(timeout=20)
    assert open_exec.returncode == 7
    open_exec.sock.shutdown()
    assert api.read_namespaced_pod_log("p", pod.namespace, container="side") == "sidecar\n"
    lines = []
    watch = api.read_namespaced_pod_log("p", pod.namespace, container="c", follow=True, _preload_content=False)
    reader = threading.Thread(target=lambda: lines.extend(watch.stream()), daemon=True)
    reader.start()
    api.delete_namespaced_pod("p", pod.namespace)
    reader.join(30)
    assert b"".join(lines) == b"one\nthree\ntwo\n"
    watch.close()
    api.api_client.rest_client.pool_manager.clear()
