"""A kopf operator beside a test."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import kopf
import kubernetes
from harness import Kubectl


@contextlib.contextmanager
def operating(registry: kopf.OperatorRegistry, kubectl: Kubectl, **options: Any) -> Iterator[None]:
    """Runs the handlers of the registry in kubectl's namespace, with its rights, from when they are ready."""

    @kopf.on.login(registry=registry)
    def login(**_: Any) -> kopf.ConnectionInfo:
        configuration = kubernetes.client.Configuration()
        kubernetes.config.load_kube_config(str(kubectl.cluster.kubeconfig), client_configuration=configuration)
        return kopf.ConnectionInfo(
            server=configuration.host,
            ca_path=configuration.ssl_ca_cert,
            certificate_path=configuration.cert_file,
            private_key_path=configuration.key_file,
        )

    stop, ready = threading.Event(), threading.Event()

    def run() -> None:
        namespaces = [kubectl.namespace]
        kopf.run(registry=registry, namespaces=namespaces, stop_flag=stop, ready_flag=ready, standalone=True, **options)

    operator = threading.Thread(target=run)
    operator.start()
    try:
        assert ready.wait(30)
        yield
    finally:
        stop.set()
        operator.join(30)
    assert not operator.is_alive()


def wait_until(holds: Callable[[], bool], seconds: float = 30) -> None:
    """Fails if it does not come to hold."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never became true"
        time.sleep(0.02)
